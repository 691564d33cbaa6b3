"""What the packaged heads say of posts: of those that name a drug, a label of the sentence that most has it."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from heedful.core.schemas import TextLabels
from heedful.language.text_labels import UNFAMILIAR, text_labels
from heedful.language.vocabulary import Vocabulary
from heedful.sources import packaged


def labels(posts_of: Any, vocabulary: Vocabulary, *texts: str, **columns: Any) -> pl.DataFrame:
    rows: pl.DataFrame = text_labels(posts_of(*texts, **columns), vocabulary=vocabulary, heads=packaged.heads()).data
    return rows


def test_a_post_has_the_label_of_the_sentence_that_most_has_it(posts_of: Any, vocabulary: Vocabulary) -> None:
    text = "I took Zoloft. It gave me terrible nausea and insomnia. The weather is nice."
    found = labels(posts_of, vocabulary, text).filter(pl.col("label") == "ADR")
    head = packaged.head("treatment")
    reading, sequence = packaged.heads().load(vocabulary).read_sentences(pl.Series([text]))
    sentences = reading.probabilities(0, sequence)[:, head.recipe.labels.index("ADR")]
    assert sentences.size == 3
    assert found["probability"].item() == sentences[1] == sentences.max()
    assert not found["unsure"].item()


def test_only_posts_that_name_a_drug_and_are_not_in_another_language(posts_of: Any, vocabulary: Vocabulary) -> None:
    assert labels(posts_of, vocabulary, "terrible nausea and insomnia", "no drug at all").is_empty()
    text = "Zoloft gave me terrible nausea and insomnia."
    assert labels(posts_of, vocabulary, text).height
    assert labels(posts_of, vocabulary, text, language="en").height
    assert labels(posts_of, vocabulary, text, language="de").is_empty()
    assert labels(posts_of, vocabulary).is_empty()


def test_the_same_whatever_stands_beside_it(posts_of: Any, vocabulary: Vocabulary) -> None:
    texts = ["Zoloft gave me nausea.", "lovely weather", "Prozac works, my depression is gone", "", "Effexor zaps since I stopped it"]
    together = labels(posts_of, vocabulary, *texts)
    alone = [labels(posts_of, vocabulary, text).with_columns(post=pl.lit(str(n))) for n, text in enumerate(texts)]
    assert_frame_equal(together, pl.concat(alone).sort(TextLabels.key), rel_tol=1e-9)


def test_strange_words_are_said_to_be_so(posts_of: Any, vocabulary: Vocabulary) -> None:
    found = labels(posts_of, vocabulary, "zoloft grmblx fzzwk qvrtl pllkd wwzzk bdrrf. I take zoloft for depression.")
    strange = found.filter(pl.col("label") == UNFAMILIAR)
    assert (strange["probability"].item(), strange["unsure"].item()) == (0.5, True)


def test_what_is_unsure_lies_in_the_band(posts_of: Any, vocabulary: Vocabulary) -> None:
    head = packaged.head("treatment")
    texts = [f"zoloft {words}" for words in ("made me sleepy I think", "and so on", "is ok", "hm", "days", "gave me nausea")]
    found = labels(posts_of, vocabulary, *texts).filter(pl.col("label") != UNFAMILIAR)
    assert found.height
    for row in found.iter_rows(named=True):
        stage = head.stages[head.recipe.labels.index(row["label"])]
        assert row["unsure"] == (stage.band[0] <= row["probability"] <= stage.band[1])
        assert row["unsure"] or row["probability"] >= stage.threshold
