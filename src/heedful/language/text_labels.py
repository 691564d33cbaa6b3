"""What the packaged heads say of posts: a row where one says yes or is not sure, and a row where a post does not look like its register."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Posts, TextLabels
from heedful.language.heads.running import HeadReader, Reading
from heedful.language.reading import english, read
from heedful.language.vocabulary import Vocabulary

CARD = Card(
    name="language.text_labels",
    definition="Sentences of posts that name a drug, read by the packaged heads; a post has the label of the sentence that most has it, "
    "'unsure' within the head's band of abstention. 'unfamiliar' with the share of its sentences that hold mostly words that the head "
    "never met; over posts of the head's own register this is .05.",
    units="1",
    reference="Heads and their cards: docs/language.md; the head 'treatment' is learned on PsyTAR (Zolnoori et al. 2019).",
    limits="English; learned on reviews of antidepressants, weak elsewhere (AUC .60-.78): look at 'unfamiliar' first. A label is of the "
    "text, never of its author.",
)
METHODS.add(CARD.name, Method(CARD))

UNFAMILIAR = "unfamiliar"
FAMILIAR_SHARE = 0.05
"""Sentences of its own register that look unfamiliar to a head."""

STRANGE = 3.0
"""Times that share from which on a head should not be believed."""


@dataclass(frozen=True, eq=False)
class Heads:
    """The heads that run on posts: a resource of derivations. `load` makes them ready for a vocabulary."""

    fingerprint: str
    load: Callable[[Vocabulary], HeadReader]


@derivation(reads=(Posts,), writes=TextLabels, by=None, needs=("vocabulary", "heads"), version=1)
def text_labels(posts: Frame[Public, Posts], *, vocabulary: Vocabulary, heads: Heads) -> Frame[Public, TextLabels]:
    """Labels of the posts that name a drug and are declared English or not declared."""
    texts = posts.data.filter(english(pl.col("language")))
    found = read(texts["text"], vocabulary)
    naming = found.filter(pl.col("type") == "drug")["row"].unique().sort()
    chosen = texts.select("source", "post", "author", "day", "known_at", "text")[naming.cast(pl.UInt32)]
    if not chosen.height:
        return posts.derive(TextLabels, TextLabels.empty())
    reading, sequence = heads.load(vocabulary).read_sentences(chosen["text"])
    said = pl.concat([_said(reading, head, sequence) for head in range(len(reading.heads))])
    about = chosen.drop("text").with_row_index("row")
    rows = said.with_columns(pl.col("row").cast(pl.UInt32)).join(about, on="row", how="inner")
    return posts.derive(TextLabels, rows.select(*TextLabels.columns).sort(TextLabels.key))


def _said(reading: Reading, number: int, sequence: npt.NDArray[np.int32]) -> pl.DataFrame:
    """Columns row, head, label, probability, unsure of one head of labels."""
    head = reading.heads[number]
    found = reading.probabilities(number, sequence)
    parts = []
    for label, stage in enumerate(head.stages):
        most = pl.DataFrame({"row": sequence, "probability": found[:, label]}).group_by("row").agg(pl.col("probability").max())
        low, high = stage.band
        unsure = pl.col("probability").is_between(low, high)
        most = most.filter(unsure | (pl.col("probability") >= stage.threshold))
        parts.append(most.select("row", "probability", label=pl.lit(head.recipe.labels[label]), unsure=unsure))
    strange = pl.DataFrame({"row": sequence, "probability": reading.strange(number).astype(float)})
    strange = strange.group_by("row").agg(pl.col("probability").mean())
    parts.append(strange.filter(pl.col("probability") > 0).select("row", "probability", label=pl.lit(UNFAMILIAR), unsure=pl.lit(True)))
    return pl.concat(parts).select("row", "label", "probability", "unsure", head=pl.lit(head.recipe.name))
