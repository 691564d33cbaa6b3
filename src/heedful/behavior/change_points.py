"""Days on which a person's daily life changed level, over all features at once, and which features make the change.

Optimal partitioning (Jackson et al. 2005, IEEE Signal Process Lett 12:105; the same optimum as PELT, Killick, Fearnhead & Eckley 2012, JASA
107:1590, whose pruning saves nothing at a person's lengths) of the days into stretches of at least a week.
Each feature is centered on its median and scaled by 1.4826 times the median absolute deviation, cut at 3 so that single wild days do not
decide; the cost of a stretch is the sum of squares about its means over the values that are there, so that missing days and features cost
nothing. The penalty is this person's own: the greatest gain of a single split in 95 of 100 orders in which the weeks of what the first
partition leaves are drawn anew (block bootstrap, Künsch 1989), and at least that of Schwarz's criterion. The partition looks at the whole
history: with more days a change may move or go. It describes; it does not warn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from heedful.behavior.annotations import expected_nights
from heedful.behavior.change import NEEDED, NOT_JUDGED
from heedful.behavior.clock_features import CLOCK_FEATURES, clock_words
from heedful.core.derivations import Carried, HistoryState, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Annotations, Changes, Features

Floats = NDArray[np.float64]
LEAST_VALUES, SHORTEST, DRAWS = 28, 7, 99
ALL = "all_features"
_CUT, _ALLOWED = 3.0, 0.05


@dataclass(frozen=True)
class ChangePoints:
    """`start` [k] place of the first day of each stretch but the first; `gain` [k, features] by which each feature lowers the cost there;
    `penalty`; `shown` of `DRAWS` orders of this person's own weeks in which a split would gain more than it."""

    start: NDArray[np.int64]
    gain: Floats
    penalty: float
    shown: int


def change_points(value: Floats) -> ChangePoints:
    """The partition of `value` [days, features] (any units, NaN where missing), one row for each calendar day.

    >>> rng = np.random.default_rng(0)
    >>> value = rng.normal(size=(90, 3))
    >>> value[50:, :2] += 3
    >>> found = change_points(value)
    >>> found.start.tolist(), (found.gain[0] > 20).tolist()
    ([50], [True, True, False])
    """
    scaled = _scaled(value)
    n, f = scaled.shape
    least = (f + 1) * np.log(max(n, 2))
    rest = scaled - _levels(scaled, _partition(scaled, least))
    gains = _greatest_gains(rest, DRAWS)
    penalty = float(max(least, np.quantile(gains, 1 - _ALLOWED)))
    start = _partition(scaled, penalty)
    edges = np.concatenate([[0], start, [n]])
    gain = np.array([_gain(scaled[edges[k] : edges[k + 2]], int(edges[k + 1] - edges[k])) for k in range(len(start))]).reshape(-1, f)
    return ChangePoints(start, gain, penalty, int((gains >= penalty).sum()))


def _judged(features: pl.DataFrame) -> pl.DataFrame:
    """Rows of features that can make or move a change: those of all days but a person's newest, which may be unfinished."""
    names = features["feature"].unique()
    known = features.filter(pl.col("value").is_finite() & pl.col("feature").is_in(names.filter(~names.str.contains(NOT_JUDGED)).implode()))
    return known.filter(pl.col("day") < pl.col("day").max().over("person"))


def _decides(features: pl.DataFrame, annotations: pl.DataFrame) -> pl.DataFrame:
    """What `person_change_points` depends on: the rows judged, and what the person noted."""
    judged = _judged(features).select("person", "day", "feature", "value", "coverage")
    return pl.concat([judged, annotations.select("person", "day", "kind", "source")], how="diagonal")


def _history() -> HistoryState:
    from heedful.behavior.warm_change_points import EndedDays  # which reads this file

    return EndedDays()


@derivation(
    reads=(Features, Annotations), writes=Changes, by=("person",), version=3, decided_by=_decides, fold=Carried(_history)
)  # fmt: skip
def person_change_points(
    features: Frame[Consented[P], Features], annotations: Frame[Consented[P], Annotations]
) -> Frame[Consented[P], Changes]:  # fmt: skip
    """A row for each change of level and each feature that makes a fifth of it or more, on the first day of the new level.

    `observed` and `expected` are the medians of the stretches after and before, `nights_used` the days before with a value. Features need
    28 values; days recorded for less than half of the usual time do not count. `false_alarm_rate`: changes a day that this person's own
    weeks in random order would show (at most 5 in 100 histories). A person without a feature of 28 values gets one row that says so.
    The newest day that anything is known of does not count: it may be unfinished.
    """
    judged = _judged(features.data)
    kept = judged.filter(
        pl.col("coverage") >= NEEDED * pl.col("coverage").median().over("person", "feature"),
        pl.len().over("person", "feature") >= LEAST_VALUES,
    )
    kept = kept.filter(pl.len().over("person", "feature") >= LEAST_VALUES).sort("person", "day", "feature")
    rows = [row for person, day, value, names in _people(kept) for row in person_rows(person, int(day[0]), value, names)]
    rows += _too_short(judged.join(kept.select("person").unique(), on="person", how="anti"))
    table = pl.DataFrame(rows, schema={name: dtype for name, dtype in Changes.dtypes().items() if name != "because"}, orient="row")
    known = expected_nights(annotations.data)
    return features.derive(
        Changes, table.join(known, on=["person", "day"], how="left", maintain_order="left").sort("person", "day", "feature")
    )


def _too_short(known: pl.DataFrame) -> list[dict[str, object]]:
    """One row of level -1 for each person with values, on the last day with one."""
    people = known.group_by("person").agg(pl.col("day").max(), days=pl.col("day").n_unique()).sort("person")
    return [too_short_row(person, day, days) for person, day, days in people.with_columns(pl.col("day").to_physical()).iter_rows()]


def too_short_row(person: str, day: int, days: int) -> dict[str, object]:
    """Of a person whose `days` days, the last of them `day` (since 1970), are too few."""
    return {
        "person": person, "day": _date(day), "detector": "change_points", "feature": ALL, "observed": None, "expected": None,
        "spread": None, "level": -1, "nights_used": days, "false_alarm_rate": None, "false_alarm_low": None, "false_alarm_high": None,
        "why": f"Could not be judged: there are {days} days, and no feature has values on {LEAST_VALUES} well recorded ones.",
    }  # fmt: skip


def _date(day: int) -> object:
    return np.datetime64(day, "D").astype("datetime64[D]").item()


def _people(kept: pl.DataFrame) -> Iterator[tuple[str, NDArray[np.int64], Floats, list[str]]]:
    """Of each person, in rows sorted by person, day and feature: days, values [days from first to last, features], names of features."""
    every = kept["feature"].unique().sort()
    feature = kept["feature"].replace_strict(every, np.arange(len(every)), return_dtype=pl.Int64).to_numpy()
    day, value = kept["day"].to_physical().to_numpy().astype(np.int64), kept["value"].to_numpy()
    begin = np.flatnonzero(kept["person"].rle_id().diff().fill_null(1).to_numpy())
    for a, b in pairwise([*begin.tolist(), kept.height]):
        there, place = np.unique(feature[a:b], return_inverse=True)
        table = np.full((int(day[b - 1] - day[a]) + 1, len(there)), np.nan)
        table[day[a:b] - day[a], place.reshape(-1)] = value[a:b]
        yield str(kept["person"][a]), day[a:b], table, every.gather(there).to_list()


def person_rows(person: str, first: int, value: Floats, names: list[str]) -> list[dict[str, object]]:
    """The findings of one person from `value` [days from `first` on, features]."""
    flat = ~(np.nanmax(value, axis=0) > np.nanmin(value, axis=0))
    value, names = value[:, ~flat], [name for name, same in zip(names, flat, strict=True) if not same]
    if not names:
        return []
    found = change_points(value)
    edges = np.concatenate([[0], found.start, [len(value)]])
    rows = list[dict[str, object]]()
    for place, start in enumerate(found.start.tolist()):
        before, after = value[edges[place] : start], value[start : edges[place + 2]]
        share = found.gain[place] / found.gain[place].sum()
        makers = [k for k in np.argsort(-share, kind="stable").tolist() if share[k] >= 0.2 or k == int(np.argmax(share))]
        for k in makers:
            rows.append(_row(person, first + start, names, k, before[:, k], after[:, k], makers, found, len(value)))
    return rows


def _row(
    person: str, day: int, names: list[str], k: int, before: Floats, after: Floats, makers: list[int], found: ChangePoints, days: int
) -> dict[str, object]:  # fmt: skip
    known = before[np.isfinite(before)]
    was, now = float(np.median(known)), float(np.nanmedian(after))
    spread = float(1.4826 * np.median(np.abs(known - was)))
    others = ", ".join(names[m] for m in makers if m != k)
    low, high = _interval(found.shown, DRAWS)
    told = clock_words if names[k].partition("[")[0] in CLOCK_FEATURES else "{:.4g}".format
    why = (
        f"A new level from this day on: {told(now)} on {np.isfinite(after).sum()} days after, {told(was)} on {len(known)} days before"
        f"{f'; with it changed {others}' if others else ''}. In random order this person's own weeks show such a change in "
        f"{found.shown} of {DRAWS} histories of {days} days (95 % interval {low:.0%} to {high:.0%})."
    ).replace("%)", " %)").replace("% to", " % to")  # fmt: skip
    return {
        "person": person, "day": _date(day), "detector": "change_points", "feature": names[k],
        "observed": now, "expected": was, "spread": spread, "level": 1, "nights_used": len(known),
        "false_alarm_rate": found.shown / DRAWS / days, "why": why, "false_alarm_low": low / days, "false_alarm_high": high / days,
    }  # fmt: skip


def _interval(count: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, count / of
    middle, half = share + z**2 / (2 * of), z * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return max(float((middle - half) / (1 + z**2 / of)), 0.0), float((middle + half) / (1 + z**2 / of))


def _scaled(value: Floats) -> Floats:
    middle = _medians(value)
    away = np.abs(value - middle)
    spread = 1.4826 * _medians(away)
    if not (spread > 0).all():  # more than half of the values alike: the mean deviation instead, as in `change`
        spread = np.where(spread > 0, spread, 1.2533 * np.nanmean(away, axis=0))
    return np.clip((value - middle) / np.where(spread > 0, spread, 1.0), -_CUT, _CUT)


def _levels(scaled: Floats, start: NDArray[np.int64]) -> Floats:
    out = np.empty_like(scaled)
    edges = np.concatenate([[0], start, [len(scaled)]])
    for a, b in pairwise(edges.tolist()):
        known = np.isfinite(scaled[a:b])
        out[a:b] = np.where(known, scaled[a:b], 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return out


def _gain(scaled: Floats, at: int) -> Floats:
    """By how much a split at `at` lowers the cost of each feature."""
    whole, first, last = (_square_sums(part) for part in (scaled, scaled[:at], scaled[at:]))
    return whole - first - last


def _square_sums(part: Floats) -> Floats:
    known = np.isfinite(part)
    value = np.where(known, part, 0.0)
    return np.asarray((value**2).sum(axis=0) - value.sum(axis=0) ** 2 / np.maximum(known.sum(axis=0), 1))


def _partition(scaled: Floats, penalty: float) -> NDArray[np.int64]:
    """First days of all stretches but the first."""
    return _optimal(*_sums(scaled), float(penalty), SHORTEST)


def _sums(scaled: Floats) -> tuple[Floats, Floats, Floats]:
    known = np.isfinite(scaled)
    value = np.where(known, scaled, 0.0)
    zero = np.zeros((1, scaled.shape[1]))
    one, two, three = (np.concatenate([zero, np.cumsum(part, axis=0)]) for part in (value, value**2, known.astype(np.float64)))
    return one, two, three


def _greatest_gains(rest: Floats, draws: int) -> Floats:
    """The greatest gain of one split in each of `draws` histories made of this person's own weeks, drawn anew. Always the same draw."""
    n = len(rest)
    rng = np.random.Generator(np.random.PCG64(20120612))
    starts = rng.integers(0, n, (draws, n // SHORTEST + 1))
    order = ((starts[:, :, None] + np.arange(SHORTEST)) % n).reshape(draws, -1)[:, :n]
    return np.asarray(_best_splits(rest, order, SHORTEST))


@njit(cache=True)
def _medians(value):  # type: ignore[no-untyped-def]
    """Of each column the median of what is there."""
    out = np.empty(value.shape[1])
    for j in range(value.shape[1]):
        out[j] = np.nanmedian(value[:, j])
    return out


@njit(cache=True, inline="always")
def _cost(one, two, known, a, b):  # type: ignore[no-untyped-def]
    """Sum of squares about the means of days a to b - 1."""
    out = 0.0
    for j in range(one.shape[1]):
        many = known[b, j] - known[a, j]
        if many > 0:
            out += two[b, j] - two[a, j] - (one[b, j] - one[a, j]) ** 2 / many
    return out


@njit(cache=True)
def _best_splits(rest, order, shortest):  # type: ignore[no-untyped-def]
    """The greatest gain of one split in each order of the days."""
    draws, n = order.shape
    f = rest.shape[1]
    one, two, known = np.zeros((n + 1, f)), np.zeros((n + 1, f)), np.zeros((n + 1, f))
    out = np.zeros(draws)
    for draw in range(draws):
        for i in range(n):
            for j in range(f):
                value = rest[order[draw, i], j]
                there = not np.isnan(value)
                one[i + 1, j] = one[i, j] + (value if there else 0.0)
                two[i + 1, j] = two[i, j] + (value * value if there else 0.0)
                known[i + 1, j] = known[i, j] + there
        whole = _cost(one, two, known, 0, n)
        for at in range(shortest, n - shortest + 1):
            out[draw] = max(out[draw], whole - _cost(one, two, known, 0, at) - _cost(one, two, known, at, n))
    return out


@njit(cache=True)
def _optimal(one, two, known, penalty, shortest):  # type: ignore[no-untyped-def]
    n = len(one) - 1
    total, last = np.full(n + 1, np.inf), np.zeros(n + 1, np.int64)
    total[0] = -penalty
    for end in range(shortest, n + 1):
        for begin in range(end - shortest + 1):
            if total[begin] < np.inf:
                reached = total[begin] + _cost(one, two, known, begin, end) + penalty
                if reached < total[end]:
                    total[end], last[end] = reached, begin
    out = np.zeros(n + 1, np.int64)
    found, at = 0, last[n]
    while at > 0:
        out[found] = at
        found += 1
        at = last[at]
    return out[:found][::-1].copy()
