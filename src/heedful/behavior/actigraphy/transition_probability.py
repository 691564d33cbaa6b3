"""Transition probabilities: how readily rest gives way to activity (kRA), and activity to rest (kAR), once either has lasted.

Of all runs that last t epochs, the share that ends there is p(t). Lowess is laid through p; kRA and kAR are the mean of p, weighted by the
root of the number of runs, over the longest stretch in which p stays within one standard deviation of the curve.

Reference: Lim et al. 2011, Sleep 34:1569-1581. Equal to pyActigraphy 1.2.2 `kRA` and `kAR`; runs cut off by the ends of the recording
count as ended there, and so do runs cut off by a missing count here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from heedful.behavior.actigraphy.cases import known_only, milliseconds, plain, recording_of
from heedful.behavior.actigraphy.lowess import lowess
from heedful.behavior.actigraphy.recordings import DAY, HOUR, MINUTE, SECOND, Floats, Ints, Recordings
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method


@dataclass(frozen=True)
class Transitions:
    """Of each person, per epoch: `to_activity` (kRA) and `to_rest` (kAR); NaN where runs have too few different lengths."""

    to_activity: Floats
    to_rest: Floats


def transition_probability(
    held: Recordings, threshold: float = 4, *, fraction: float = 0.3, iterations: int = 0, missing_rests: bool = False
) -> Transitions:
    """kRA and kAR of each person; an epoch is active if its count is above `threshold`.

    `fraction`, `iterations`: of `lowess`. `missing_rests`: count each missing epoch as a rest of no epoch, as pyActigraphy does.

    Errors: `SettingsError` for a fraction outside 0 to 1 or fewer than no iterations.

    >>> from heedful.behavior.actigraphy.recordings import recordings
    >>> counts = np.random.default_rng(1).binomial(1, 0.2, 20_000) * 100.0
    >>> found = transition_probability(recordings([counts], [np.datetime64("2026-03-01T07:00")], 60))
    >>> float(found.to_activity[0].round(2)), float(found.to_rest[0].round(2))
    (0.2, 0.8)
    """
    if not 0 <= fraction <= 1 or iterations < 0:
        raise SettingsError(f"Lowess takes a fraction from 0 to 1 and no negative number of iterations, not {fraction} and {iterations}.")
    found = np.full((2, len(held)), np.nan)
    for p in range(len(held)):
        counts = held.counts[held.begin[p] : held.begin[p + 1]]
        rest, active = _runs(counts, float(threshold))
        rest[0] = np.isnan(counts).sum() if missing_rests else 0
        found[0, p], found[1, p] = (_sustained(lengths, fraction, iterations) for lengths in (rest, active))
    return Transitions(found[0], found[1])


def daily_part(held: Recordings, start: int, length: int) -> Recordings:
    """The epochs that begin from `start` to `start + length` milliseconds after midnight, both included, put together day after day."""
    place = np.concatenate([np.arange(n) for n in held.lengths]) if len(held) else np.empty(0, np.int64)
    person = np.repeat(np.arange(len(held)), held.lengths)
    clock = np.mod(held.start[person] + place * held.epoch, DAY)
    end = (start + length) % DAY
    chosen = (clock >= start) & (clock <= end) if start <= end else (clock >= start) | (clock <= end)
    begin = np.concatenate([[0], np.cumsum(np.bincount(person[chosen], minlength=len(held)))]).astype(np.int64)
    return replace(held, counts=held.counts[chosen], begin=begin)


@njit(cache=True)
def _runs(counts, threshold):  # type: ignore[no-untyped-def]
    """Number of runs at rest and of activity by their length."""
    n = len(counts)
    rest, active = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    i = 0
    while i < n:
        first = i
        if counts[i] != counts[i]:
            i += 1
            continue
        moving = counts[i] > threshold
        while i < n and counts[i] == counts[i] and (counts[i] > threshold) == moving:
            i += 1
        if moving:
            active[i - first] += 1
        else:
            rest[i - first] += 1
    return rest, active


def _sustained(runs: Ints, fraction: float, iterations: int) -> float:
    length = np.flatnonzero(runs)
    if len(length) < 3:  # two probabilities at least: else there is no deviation from a curve
        return float("nan")
    lasting = np.cumsum(runs[length][::-1])[::-1].astype(np.float64)
    probability = (lasting[:-1] - lasting[1:]) / lasting[:-1] / np.diff(length)
    weight = np.sqrt(lasting[:-1] + lasting[1:])
    curve = lowess(length[:-1].astype(np.float64), probability, fraction, iterations)
    near = np.abs(probability - curve) < probability.std(ddof=1)
    stretch = _longest(near)
    return float(np.average(probability[stretch], weights=weight[stretch])) if stretch.stop > stretch.start else float("nan")


def _longest(near: np.ndarray[Any, np.dtype[np.bool_]]) -> slice:
    """The longest run of True, the first of equals; empty if there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], near.astype(np.int8), [0]])))
    if not len(edges):
        return slice(0, 0)
    first, end = edges[::2], edges[1::2]
    k = int(np.argmax(end - first))
    return slice(int(first[k]), int(end[k]))


@method(Card(
    name="actigraphy.state_transition_probability",
    definition="Chance per epoch that sustained rest gives way to activity (kRA) and sustained activity to rest (kAR).",
    units="1",
    reference="Lim et al. 2011, Sleep 34:1569-1581",
    equals="pyActigraphy 1.2.2 kRA and kAR, within 1e-6",
    limits="Depends on epoch length and threshold; a few days give few long runs; parts of a day put together make runs that never were.",
))  # fmt: skip
def run_transition_probability(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: both probabilities, or their logits, of one recording or a part of its days."""
    names = ("threshold", "lowess_fraction", "lowess_iterations", "logit", "start", "period")
    known_only("actigraphy.state_transition_probability", arguments, names)
    held = recording_of(inputs)
    if arguments.get("start") is not None:
        held = daily_part(held, _clock(str(arguments["start"])), _length(arguments.get("period")))
    found = transition_probability(
        held, float(arguments.get("threshold", 4)), fraction=float(arguments.get("lowess_fraction", 0.3)),
        iterations=int(arguments.get("lowess_iterations", 0)), missing_rests=True,
    )  # fmt: skip
    both = {"kRA": float(found.to_activity[0]), "kAR": float(found.to_rest[0])}
    if arguments.get("logit", False):
        with np.errstate(divide="ignore"):
            both = {name: float(np.log(value / (1 - value))) for name, value in both.items()}
    return {name: plain(value) for name, value in both.items()}


def _clock(text: str) -> int:
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
        raise SettingsError(f"The start {text!r} is no time of day like 08:00:00; activity onset and offset (AonT, AoffT) are not offered.")
    return sum(int(part) * unit for part, unit in zip(parts, (HOUR, MINUTE, SECOND), strict=False))


def _length(text: Any) -> int:
    if text is None:
        raise SettingsError("A start needs a period: how much of each day is taken from there on.")
    return milliseconds(str(text))
