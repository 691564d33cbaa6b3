"""How the rows of each set become the examples of a head: what it reads, what is true, and what belongs together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import RegistryError
from heedful.language.heads.blocks import Passage
from heedful.language.heads.head import Head
from heedful.language.heads.learning import OutOfFold, learn
from heedful.language.heads.recipes import RECIPES
from heedful.language.vocabulary import Vocabulary
from heedful.loops.evaluate.sets import Row, held_out_rows, train_rows
from heedful.sources import packaged

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows as a head takes them; `targets`, `groups`, `sequence` and `kin` as for `heedful.language.heads.learning.learn`."""

    fields: dict[str, Passage]
    targets: Floats
    groups: npt.NDArray[np.str_]
    sequence: npt.NDArray[np.str_] | None
    kin: Floats | None

    @property
    def rows(self) -> int:
        return len(self.groups)


@dataclass(frozen=True)
class HeadSet:
    """The set that teaches a head.

    fields: name of each field of the head and the text that a row has for it.
    target: what is true of a row: flags of all labels, the place of the class, or a number.
    group: rows with equal ones stay on one side of a fold. sequence: rows are sentences, in order, of the text that this names.
    keep: which rows of the set count.
    """

    name: str
    fields: dict[str, Callable[[Row], str]]
    target: Callable[[Row], float | Sequence[float]]
    group: Callable[[Row], str]
    sequence: Callable[[Row], str] | None = None
    keep: Callable[[Row], bool] = lambda row: True


def _text(row: Row) -> str:
    return str(row["text"])


def _flags(name: str) -> Callable[[Row], Sequence[float]]:
    return lambda row: [float(row["labels"].get(label) == 1) for label in RECIPES[name].labels]


_LEVELS = ("Ineffective", "Marginally Effective", "Moderately Effective", "Considerably Effective", "Highly Effective")
_SEVERE = ("Severe Side Effects", "Extremely Severe Side Effects")
_REVIEW = {"benefits": "benefits_review", "side_effects": "side_effects_review", "comments": "comments_review"}
_REVIEW_FIELDS: dict[str, Callable[[Row], str]] = {
    "benefits": lambda row: row["benefits_review"] or "",
    "side_effects": lambda row: row["side_effects_review"] or "",
    "comments": lambda row: row["comments_review"] or "",
    "all": lambda row: "\n".join(row[name] or "" for name in _REVIEW.values()),
}

SETS: dict[str, HeadSet] = {
    "treatment": HeadSet(
        "psytar/sentences", {"text": _text}, _flags("treatment"), lambda row: row["review_id"], sequence=lambda row: row["review_id"]
    ),
    "mention": HeadSet("rhmd/posts", {"text": _text}, lambda row: RECIPES["mention"].labels.index(row["label"]), _text),
    "stress": HeadSet("dreaddit/segments", {"text": _text}, lambda row: [row["label"]], lambda row: row["post_id"]),
    "vaccine_concern": HeadSet(
        "caves/tweets", {"text": _text}, lambda row: [float(one in row["labels"]) for one in RECIPES["vaccine_concern"].labels], _text
    ),
    "adverse_effect_tweet": HeadSet(
        "smm4h_ade_multilingual/posts", {"text": _text}, lambda row: [row["label"]], _text, keep=lambda row: row["lang"] == "en"
    ),
    "severe_side_effect": HeadSet(
        "druglib/reviews", _REVIEW_FIELDS, lambda row: [float(row["side_effects_level"] in _SEVERE)], lambda row: row["id"]
    ),
    "effectiveness": HeadSet("druglib/reviews", _REVIEW_FIELDS, lambda row: _LEVELS.index(row["effectiveness"]), lambda row: row["id"]),
    "stance": HeadSet(
        "healthver/pairs",
        {"claim": lambda row: row["claim"], "evidence": lambda row: row["evidence"]},
        lambda row: RECIPES["stance"].labels.index(row["label"]),
        lambda row: row["claim"],
    ),
    "worry_long": HeadSet(
        "rwwd_worry/texts", {"text": lambda row: row["text_long"] or ""}, lambda row: row["worry"], lambda row: row["id"]
    ),
    "worry_short": HeadSet("rwwd_worry/texts", {"text": lambda row: row["text"] or ""}, lambda row: row["worry"], lambda row: row["id"]),
}
"""Sets by head."""


def examples(name: str, rows: Sequence[Row], vocabulary: Vocabulary | None = None) -> Examples:
    """The rows of a set as examples of head `name`, with the packaged vocabulary if none is given.

    Raises `RegistryError` for an unknown head.
    """
    _known(name)
    of = SETS[name]
    kept = [row for row in rows if of.keep(row)]
    words = vocabulary or packaged.vocabulary()
    texts = {field: pl.Series(field, [read(row) for row in kept], dtype=pl.String) for field, read in of.fields.items()}
    sequence = None if of.sequence is None else np.array([of.sequence(row) for row in kept], dtype=np.str_)
    return Examples(
        {field: Passage(text, words) for field, text in texts.items()},
        np.array([of.target(row) for row in kept], dtype=np.float64),
        np.array([of.group(row) for row in kept], dtype=np.str_),
        sequence,
        _kin(name, kept),
    )


def _kin(name: str, rows: Sequence[Row]) -> Floats | None:
    """The numbers of the recipe's kin; None if it has none or a row lacks one."""
    names = [one for one, _ in RECIPES[name].kin]
    if not names or any(row.get(one) is None for row in rows for one in names):
        return None
    return np.array([[float(row[one]) for one in names] for row in rows])


def learn_from(name: str, folder: Path) -> tuple[Head, list[OutOfFold]]:
    """Head `name` learned from the train rows (and those to choose by) of its set in `folder`."""
    _known(name)
    read = examples(name, train_rows(folder, SETS[name].name))
    return learn(RECIPES[name], read.fields, read.targets, read.groups, read.sequence, read.kin)


def to_judge(name: str, folder: Path) -> Examples:
    """The test rows of the set of head `name` in `folder`."""
    _known(name)
    return examples(name, held_out_rows(folder, SETS[name].name))


def _known(name: str) -> None:
    if name not in SETS:
        raise RegistryError(f"There is no head named {name}. Known: {', '.join(SETS)}.")
