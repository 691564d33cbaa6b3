"""How a head does on the test rows of its own set: as a whole, by label, and by the groups that the set really carries.

Groups are what rows say of themselves (drug, subreddit, kind of text) and how long they are; nothing is guessed about a writer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from heedful.language.heads.folds import auc, f1, macro_f1, spearman
from heedful.language.heads.head import UNSURE, Head
from heedful.language.heads.learning import calibration_error
from heedful.loops.evaluate.examples import SETS, examples
from heedful.loops.evaluate.sets import Row, held_out_rows

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

LEAST = 40
"""Rows of a group that is told by itself; smaller ones are put together as "others"."""

CARRIED: dict[str, tuple[str, Callable[[Row], str]]] = {
    "treatment": ("drug", lambda row: str(row["drug"])),
    "stress": ("subreddit", lambda row: str(row["subreddit"])),
    "adverse_effect_tweet": ("kind of text", lambda row: str(row.get("type"))),
    "severe_side_effect": ("drug", lambda row: str(row["drug"])),
    "effectiveness": ("drug", lambda row: str(row["drug"])),
}
"""What the rows of a head's set say of themselves; sets that are not here say nothing but their text."""


@dataclass(frozen=True)
class HeadResult:
    """One line of a head's results.

    by, group: what rows are grouped by ("all", "label", "drug", "length") and which one it is.
    value: mean F1 over labels that occur, macro F1 of classes, or Spearman's rank correlation. auc: mean over labels or classes.
    error: distance of probabilities from shares of yes (ten bands). unsure: share of answers abstained from; sure_right, unsure_right: what
    share would be right outside and inside of them. Figures that cannot be had are None.
    """

    by: str
    group: str
    n: int
    metric: str
    value: float | None
    auc: float | None = None
    error: float | None = None
    unsure: float | None = None
    sure_right: float | None = None
    unsure_right: float | None = None


@dataclass(frozen=True, eq=False)
class _Judged:
    """Truth and probabilities, shape (rows, labels), answers with and without abstaining; of a number only the first two."""

    truth: Floats
    found: Floats
    said: npt.NDArray[np.int8]
    sure: npt.NDArray[np.bool_]


def judge(name: str, head: Head, data: Path) -> list[HeadResult]:
    """Results of head `name` on the test rows of its set in `data`. Raises `AbsentSetError` if they are not there."""
    of = SETS[name]
    rows = [row for row in held_out_rows(data, of.name) if of.keep(row)]
    test = examples(name, rows)
    judged = _answers(head, test.fields, test.targets, test.sequence)
    results = [_line(head, judged, "all", "all", np.arange(len(rows)))]
    if head.recipe.kind != "number":
        results += [_label(judged, place, label) for place, label in enumerate(head.recipe.labels)]
    length = [sum(len(read(row)) for read in of.fields.values()) for row in rows]
    for by, groups in [*_carried(name, rows), ("length", _fifths(length))]:
        results += [_line(head, judged, by, group, np.flatnonzero(groups == group)) for group in dict.fromkeys(sorted(groups.tolist()))]
    return results


def _answers(head: Head, fields, targets: Floats, sequence) -> _Judged:  # type: ignore[no-untyped-def]
    found = head.probabilities(fields, sequence)
    if head.recipe.kind == "number":
        return _Judged(targets[:, None], found, np.zeros(found.shape, np.int8), np.ones(found.shape, np.bool_))
    said, unsure = head.answers(fields, sequence), head.answers(fields, sequence, unsure=True)
    if head.recipe.kind == "classes":
        places = np.arange(len(head.recipe.labels))
        return _Judged((targets[:, None] == places) * 1.0, found, (said[:, None] == places).astype(np.int8), np.ones(found.shape, np.bool_))
    return _Judged(targets, found, said, unsure != UNSURE)


def _carried(name: str, rows: Sequence[Row]) -> list[tuple[str, npt.NDArray[np.str_]]]:
    if name not in CARRIED:
        return []
    by, read = CARRIED[name]
    groups = np.array([read(row) for row in rows], np.str_)
    names, counts = np.unique(groups, return_counts=True)
    return [(by, np.where(np.isin(groups, names[counts >= LEAST]), groups, "others"))]


def _fifths(lengths: Sequence[int]) -> npt.NDArray[np.str_]:
    edges = np.quantile(lengths, (0.2, 0.4, 0.6, 0.8))
    fifth = np.searchsorted(edges, lengths, side="left")
    bounds = [0, *(round(edge) for edge in edges)]
    names = [f"{place + 1}: {bounds[place]}-{bounds[place + 1]} characters" for place in range(4)] + [f"5: over {bounds[4]} characters"]
    return np.array(names, np.str_)[fifth]


def _line(head: Head, judged: _Judged, by: str, group: str, rows: Rows) -> HeadResult:
    truth, found = judged.truth[rows], judged.found[rows]
    if head.recipe.kind == "number":
        return HeadResult(by, group, rows.size, "Spearman", _told(spearman(truth[:, 0], found[:, 0])))
    said, sure = judged.said[rows] > 0, judged.sure[rows]
    yes = truth > 0
    some = [place for place in range(yes.shape[1]) if yes[:, place].any()]
    if head.recipe.kind == "classes":
        metric, value = "macro F1", macro_f1(yes.argmax(axis=1), said.argmax(axis=1), yes.shape[1])
        right = (said.argmax(axis=1) == yes.argmax(axis=1))[:, None]
        sure = np.ones(right.shape, np.bool_)
    else:
        metric = "F1" if yes.shape[1] == 1 else "mean F1"
        value = float(np.mean([f1(yes[:, place], said[:, place]) for place in some])) if some else float("nan")
        right = said == yes
    areas = [auc(yes[:, place], found[:, place]) for place in range(yes.shape[1])]
    known = [area for area in areas if area == area]
    errors = [calibration_error(yes[:, place], found[:, place]) for place in range(yes.shape[1])]
    return HeadResult(
        by, group, rows.size, metric, _told(value), _told(float(np.mean(known)) if known else float("nan")), _told(float(np.mean(errors))),
        *_abstained(right, sure, head.recipe.kind == "labels"),
    )  # fmt: skip


def _label(judged: _Judged, place: int, label: str) -> HeadResult:
    yes, said, sure = judged.truth[:, place] > 0, judged.said[:, place] > 0, judged.sure[:, place]
    found = judged.found[:, place]
    return HeadResult(
        "label", label, yes.size, "F1", _told(f1(yes, said)), _told(auc(yes, found)), _told(calibration_error(yes, found)),
        *_abstained((said == yes)[:, None], sure[:, None], not sure.all()),
    )  # fmt: skip


def _abstained(
    right: npt.NDArray[np.bool_], sure: npt.NDArray[np.bool_], abstains: bool
) -> tuple[float | None, float | None, float | None]:
    if not abstains:
        return None, None, None
    inside, outside = right[~sure], right[sure]
    return (
        _told(float((~sure).mean())), _told(float(outside.mean()) if outside.size else float("nan")),
        _told(float(inside.mean()) if inside.size else float("nan")),
    )  # fmt: skip


def _told(value: float) -> float | None:
    """Three digits, and None for what is not a number."""
    return round(value, 3) if value == value else None
