"""Every head on every other set with labels that can be compared: how far a head may be believed off its register.

Beside them a sentiment lexicon that learned nothing: the words of feeling of `heedful.language.heads.lexicons`, bad less good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.heads.blocks import Passage
from heedful.language.heads.counts import lexicon_counts
from heedful.language.heads.folds import auc
from heedful.language.heads.grams import tokenize
from heedful.language.heads.head import Head
from heedful.language.heads.lexicons import ENGLISH
from heedful.loops.evaluate.examples import SETS
from heedful.loops.evaluate.sets import Row, held_out_rows
from heedful.loops.evaluate.tasks import AbsentSetError, interval
from heedful.sources import packaged

Floats = npt.NDArray[np.float64]

BAD = ("negative", "fear", "anger", "sadness", "hopeless", "worthless")
GOOD = ("positive", "thanks")
LEXICON = "sentiment lexicon"


@dataclass(frozen=True)
class Cell:
    """How often a yes of `judged` scores above a no, by what `head` says; 95 % bootstrap interval. own: its own set's test rows."""

    question: str
    head: str
    judged: str
    n: int
    auc: float
    low: float
    high: float
    own: bool


@dataclass(frozen=True)
class _Column:
    """A set's test rows with a yes or no: where it lies, what is read, what a yes is, and the head that was taught by it."""

    name: str
    folder: str
    read: Callable[[Row], str]
    yes: Callable[[Row], bool]
    taught: str = ""
    keep: Callable[[Row], bool] = lambda row: True
    parts: bool = False


def _text(row: Row) -> str:
    return str(row["text"] or "")


def _whole(row: Row) -> str:
    return SETS["effectiveness"].fields["all"](row)


def _rated(row: Row) -> bool:
    return row.get("rating") is not None


_SEVERE = ("Severe Side Effects", "Extremely Severe Side Effects")
_WORKS = ("Considerably Effective", "Highly Effective")
_WORRIED = 7

QUESTIONS: dict[str, tuple[tuple[tuple[str, str], ...], tuple[_Column, ...]]] = {
    "side effect, or own illness": (
        (("treatment", "ADR"), ("adverse_effect_tweet", "adverse_effect"), ("severe_side_effect", "severe"),
         ("vaccine_concern", "side-effect"), ("mention", "health_mention")),
        (_Column("PsyTAR side effect", "psytar/sentences", _text, lambda row: row["labels"].get("ADR") == 1, "treatment"),
         _Column("CADEC sentence with one", "cadec/posts", _text, lambda row: bool(row["yes"]), parts=True),
         _Column("SMM4H tweet", "smm4h_ade_multilingual/posts", _text, lambda row: row["label"] == 1, "adverse_effect_tweet",
                 lambda row: row["lang"] == "en"),
         _Column("Druglib severe", "druglib/reviews", _whole, lambda row: row["side_effects_level"] in _SEVERE, "severe_side_effect"),
         _Column("CAVES side effect", "caves/tweets", _text, lambda row: "side-effect" in row["labels"], "vaccine_concern"),
         _Column("RHMD own illness", "rhmd/posts", _text, lambda row: row["label"] == "health_mention", "mention")),
    ),
    "bad feeling": (
        (("stress", "stress"), ("worry_long", "worry"), ("worry_short", "worry"), ("severe_side_effect", "severe")),
        (_Column("Dreaddit stress", "dreaddit/segments", _text, lambda row: row["label"] == 1, "stress"),
         _Column("worry of 7 or more, long", "rwwd_worry/texts", lambda row: row["text_long"] or "", lambda row: row["worry"] >= _WORRIED,
                 "worry_long"),
         _Column("worry of 7 or more, short", "rwwd_worry/texts", _text, lambda row: row["worry"] >= _WORRIED, "worry_short"),
         _Column("Druglib rating of 4 or less", "druglib/reviews", _whole, lambda row: row["rating"] <= 4, keep=_rated),
         _Column("PsyTAR rating of 2 or less", "psytar/reviews", _text, lambda row: row["rating"] <= 2, keep=_rated)),
    ),
    "it works": (
        (("treatment", "EF"), ("effectiveness", "effectiveness")),
        (_Column("PsyTAR it works", "psytar/sentences", _text, lambda row: row["labels"].get("EF") == 1, "treatment"),
         _Column("Druglib effective", "druglib/reviews", _whole, lambda row: row["effectiveness"] in _WORKS, "effectiveness"),
         _Column("PsyTAR rating of 4 or more", "psytar/reviews", _text, lambda row: row["rating"] >= 4, keep=_rated)),
    ),
}  # fmt: skip
"""What is asked, the heads (with their label) that could answer, and the sets that know."""


def transfer(data: Path, heads: Callable[[str], Head]) -> list[Cell]:
    """A cell for each head, and the lexicon, on each set of its question; `heads` gives a learned head by name.

    Sets that are not in the folder have no cell. Heads see one text: those that read several fields see it as the whole review.
    """
    cells: list[Cell] = []
    for question, (asked, columns) in QUESTIONS.items():
        for column in columns:
            try:
                rows = [row for row in _parts(column, held_out_rows(data, column.folder)) if column.keep(row)]
            except AbsentSetError:
                continue
            texts = pl.Series([column.read(row) for row in rows], dtype=pl.String)
            truth = np.array([column.yes(row) for row in rows], np.bool_)
            scored = [(name, _scores(heads(name), label, rows, texts, column.taught == name)) for name, label in asked]
            scored.append((LEXICON, valence(texts) * (-1.0 if question == "it works" else 1.0)))
            cells += [_cell(question, name, column, truth, scores) for name, scores in scored]
    return cells


def valence(texts: pl.Series) -> Floats:
    """Words of bad feeling less those of good feeling, by the root of the number of words.

    >>> valence(pl.Series(["awful and sad", "a good day"])).round(2).tolist()
    [1.5, -0.5]
    """
    tokens = tokenize(texts)
    counts = lexicon_counts(tokens, {kind: ENGLISH[kind] for kind in (*BAD, *GOOD)})
    words = np.bincount(tokens.text, minlength=tokens.texts)
    return np.asarray((counts[:, : len(BAD)].sum(axis=1) - counts[:, len(BAD) :].sum(axis=1)) / np.sqrt(words + 1))


def _scores(head: Head, label: str, rows: Sequence[Row], texts: pl.Series, own: bool) -> Floats:
    words = packaged.vocabulary()
    fields = {block.field for block in head.recipe.blocks}
    if own and fields != {"text"}:
        read = SETS[head.recipe.name].fields
        passages = {name: Passage(pl.Series([read[name](row) for row in rows], dtype=pl.String), words) for name in fields}
    else:
        empty = pl.Series([""] * len(texts), dtype=pl.String)
        passages = {name: Passage(texts if name in {"text", "all", "comments"} else empty, words) for name in fields}
    return head.probabilities(passages)[:, head.recipe.labels.index(label)]


def _parts(column: _Column, rows: Sequence[Row]) -> Iterable[Row]:
    """Rows as they are; or their sentences, a yes where a side effect is marked in one."""
    if not column.parts:
        yield from rows
        return
    for row in rows:
        marked = [(span["start"], span["end"]) for span in row["spans"] if span["type"] == "ADR"]
        for part in re.finditer(r"[^.!?\n]+[.!?\n]*", row["text"]):
            if part.group().strip():
                yield {"text": part.group(), "yes": any(start < part.end() and part.start() < end for start, end in marked)}


def _cell(question: str, name: str, column: _Column, truth: npt.NDArray[np.bool_], scores: Floats) -> Cell:
    low, high = interval(lambda rows: auc(truth[rows], scores[rows]), truth.size, draws=200)
    return Cell(question, name, column.name, truth.size, auc(truth, scores), low, high, column.taught == name)
