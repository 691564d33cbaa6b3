"""Heads in one scan with matching give the answers that heads give alone, whatever the text."""

from __future__ import annotations

import functools
import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.language.heads.blocks import Block, BlockWeights, Fields, Passage, count
from heedful.language.heads.head import Head, Recipe, Stage, second_stage
from heedful.language.heads.logistic import Logistic
from heedful.language.heads.running import HeadReader
from heedful.language.matching import find
from heedful.sources import packaged

SETS = Path(__file__).parents[4] / "shared" / "data" / "nlp"
HOSTILE = Path(__file__).parents[4] / "shared" / "data" / "hostile" / "naughty_strings" / "blns.json"

SAID = (
    "I can't sleep since I started Zoloft... Terrible nausea, no sex drive and NIGHT SWEATS!!! (see https://x.org) ",
    "My Mom had a stroke in 2019; she, Anna Maria, is fine now. @doc #health “quote” 😀🤮 www.example.com: ok?",
    "", "🤮", "a", "no", "\u202eabc\u202c \u200d\u0301", "ÀÉ ＷＩＤＥ ١٢٣ ½ ſ @é #漢 漢字漢字 cause𠀀 unemploy𠀀 unemployed", "pain.The pain...The....... ..",
    "x" * 70 + " " + "x" * 64 + " " + "x" * 65 + " hypersensitivityreactions" + "é" * 40, "i can not go on because of my so that reason",
    "a Bc De fG, Hi; Jk ABC ABCd eABC _ABC AB-CDE ABC", "12 1a2 ٣٤5 http://https:// http: https://www.www. wwww. \n\n:(", "don't take no more, don't ever",
    "Prozac, Zoloft and no headache. My mother has a headache! Did the fever go? I had a bad rash after Zoloft and Prozac and Zoloft and Prozac",
)  # fmt: skip


@functools.cache
def made_head(seed: int = 1) -> Head:
    """A head of three labels over every block that can run, with weights by chance on columns that `SAID` has and on others."""
    rng = np.random.default_rng(seed)
    fields = {"text": Passage(pl.Series(SAID), packaged.vocabulary())}
    blocks = []
    for kind in ("words", "characters", "kinds", "mentions", "near", "marked"):
        block = Block(kind, float(rng.uniform(0.3, 1)))
        there = np.unique(count(block, fields).indices)
        columns = np.unique(np.concatenate([there[rng.random(there.size) < 0.7], rng.integers(0, 1 << 20, 500)])).astype(np.int32)
        blocks.append(BlockWeights(block, columns, rng.uniform(1, 8, columns.size).astype(np.float32), 9.0))
    weights = rng.normal(size=(sum(block.columns.size for block in blocks) + 1, 3)).astype(np.float32)
    stages = tuple(Stage("own", Logistic(np.zeros(1), np.ones(1), np.array([[1.0, 0.2]])), 0.5, (0.4, 0.6), np.zeros(0)) for _ in range(3))
    recipe = Recipe("made", "labels", ("a", "b", "c"), tuple(block.block for block in blocks))
    return Head(recipe, tuple(blocks), weights, np.zeros(3), stages, 0.5)


@functools.cache
def reader(memo: int = 1 << 12) -> HeadReader:
    return HeadReader((packaged.head("treatment"), made_head()), packaged.vocabulary(), memo)


def plain(head: Head, fields: Fields) -> npt.NDArray[np.float64]:
    """Scores of the first stage in double precision: `Head.scores` works in single."""
    scores, first = np.tile(head.weights[-1].astype(float), (fields["text"].texts.len(), 1)), 0
    for block in head.blocks:
        counts = count(block.block, fields).astype(float)
        rarity = np.full(counts.shape[1], block.unseen)
        rarity[block.columns] = block.rarity
        norm = np.sqrt(counts @ rarity**2)
        weights = head.weights[first : first + block.columns.size].astype(float) * block.rarity.astype(float)[:, None]
        scores += block.block.weight * (counts[:, block.columns] @ weights) / np.where(norm > 0, norm, 1)[:, None]
        first += block.columns.size
    return scores


def check(texts: pl.Series) -> None:
    found = reader().read(texts)
    fields = {"text": Passage(texts, packaged.vocabulary())}
    for number, head in enumerate(found.heads):
        wanted = second_stage(head.stages, head.recipe.kind, plain(head, fields), head.absent, None)
        np.testing.assert_allclose(found.probabilities(number), wanted, rtol=0, atol=1e-6)
        assert found.strangeness(number) == pytest.approx(head.strangeness(fields), abs=1e-12)
    assert found.found.equals(find(texts, packaged.vocabulary().index))


def test_every_kind_of_text() -> None:
    check(pl.Series([*SAID, None], dtype=pl.String))


def test_close_to_single_precision() -> None:
    found = reader().read(pl.Series(SAID))
    for number, head in enumerate(found.heads):
        np.testing.assert_allclose(
            found.probabilities(number), head.probabilities({"text": Passage(pl.Series(SAID), packaged.vocabulary())}), atol=2e-5
        )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*" .,!?@#:;'\n-(…“”1٣aBé漢𠀀🤮\u200d\u0301", "AB", "http://", "www.", "Zoloft ", "no ", "headache ", "i can not go on ", "unemploy",
                                          "NIGHT ", " Abc"]), max_size=40).map("".join), max_size=8))  # fmt: skip
def test_random_texts(texts: list[str]) -> None:
    check(pl.Series(texts, dtype=pl.String))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=120), max_size=6))
def test_arbitrary_characters(texts: list[str]) -> None:
    check(pl.Series(texts, dtype=pl.String))


def test_naughty_strings() -> None:
    if not HOSTILE.is_file():
        pytest.skip(f"{HOSTILE}: the hostile strings are not there")
    check(pl.Series([text for text in orjson.loads(HOSTILE.read_bytes()) if isinstance(text, str)]))


@pytest.mark.parametrize(("name", "field"), [("rhmd/posts", "text"), ("caves/tweets", "text"), ("psytar/sentences", "text")])
def test_real_posts(name: str, field: str) -> None:
    path = SETS / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path}: the set is not there")
    rows = [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()[:2_000]]
    check(pl.Series([row[field] for row in rows], dtype=pl.String))


def test_no_answer_depends_on_the_memo() -> None:
    texts = pl.Series([" ".join(f"w{n * 7 % 997}" for n in range(400)), *SAID])
    small, large = reader(16).read(texts), reader().read(texts)
    again = reader(16).read(texts)
    for number in range(2):
        np.testing.assert_allclose(small.scores[number], large.scores[number], rtol=1e-12)
        assert np.array_equal(small.scores[number], again.scores[number])


def test_sentences_are_texts_of_their_own() -> None:
    found, text = reader().read_sentences(pl.Series(["I took Zoloft. It helped!", None, "🤮 é Prozac? No..."]))
    alone = reader().read(pl.Series(["I took Zoloft. ", "It helped!", "🤮 é Prozac? ", "No..."]))
    assert text.tolist() == [0, 0, 2, 2]
    np.testing.assert_array_equal(found.scores[0], alone.scores[0])
    nothing, text = reader().read_sentences(pl.Series(["", None], dtype=pl.String))
    assert (nothing.scores[0].shape, text.size) == ((0, 6), 0)


def test_heads_of_several_fields_are_refused() -> None:
    head = made_head()
    other = Head(Recipe("two", "labels", ("a",), (Block("words", 1.0, "claim"),)), head.blocks, head.weights, head.absent, head.stages, 0.5)
    with pytest.raises(SettingsError, match="two reads 'words' of 'claim'"):
        HeadReader((other,), packaged.vocabulary())
