"""Van Hees: sleep from the angle of the arm, which a sleeper seldom changes; and the night's window without a diary.

Angle: of the device's z axis to the horizontal, from axes smoothed by a median over 5 seconds, averaged over epochs of 5 seconds.
Sustained inactivity (2015): more than 5 minutes between two changes of the angle of more than 5 degrees; a stretch that the recording cuts
at an end does not count, and neither rule holds where hardly anything changes (`sustained_inactivity`). Sleep period window (2018,
"HDCZA", noon to noon): where the median change over 5 minutes lies below 15 times its 10th percentile (at least 0.13, at most 0.50 degrees)
for more than 30 minutes; breaks up to 60 minutes are bridged; the longest such stretch.

References: van Hees et al. 2015, PLoS ONE 10:e0142533; van Hees et al. 2018, Sci Rep 8:12975. Equal to GGIR's HASIB ("vanHees2015") and
HASPT ("HDCZA"), run in R over 66 made nights: every epoch and both ends (tests/behavior/actigraphy/test_van_hees.py keeps some). Where an
angle is not known GGIR imputes it first; here that epoch is not still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heedful.behavior.actigraphy.recordings import UNKNOWN, Floats, RecordingError
from heedful.core.registry import METHODS, Card, Method

EPOCH_SECONDS = 5
_MINUTE = 60 // EPOCH_SECONDS
STILL_DEGREES, STILL_MINUTES = 5.0, 5
BLOCK_MINUTES, BREAK_MINUTES = 30, 60
PERCENTILE, TIMES, LEAST_CHANGE, MOST_CHANGE = 10, 15, 0.13, 0.50
FEW_CHANGES = 10

CARD = Card(
    name="actigraphy.van_hees",
    definition="Sustained inactivity: more than 5 minutes between two changes of the arm's angle of over 5 degrees; the night's window "
    "from the same angle by the heuristic HDCZA.",
    units="{state}; deg",
    reference="van Hees et al. 2015, PLoS ONE 10:e0142533; van Hees et al. 2018, Sci Rep 8:12975",
    equals="GGIR HASIB vanHees2015 and HASPT HDCZA over angles that are all known",
    limits="Raw acceleration in g of a wrist; a device on a table is still too; arms that rest awake count as sleep. Angles that are not "
    "known are movement here; GGIR imputes them. The angle is of the device's own calibration, and smoothed over all samples: today's "
    "GGIR takes each tenth of a second (apart by .1 to .4 degrees in the median, 1.8 at most, on three recordings that move).",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class SleepPeriod:
    """The window in epochs, `begin` to `end` (exclusive); both -1 where there is none. `threshold`: degrees of change."""

    begin: int
    end: int
    threshold: float


def sample_angles(axes: Floats, rate: float) -> Floats:
    """The angle (degrees) of each sample: axes smoothed by a median over 5 seconds, at the ends over what there is. `axes`: [samples, 3]
    in g, all known, at about even steps; `rate`: samples a second.

    >>> sample_angles(np.tile([0.0, 1.0, 1.0], (3, 1)), 10).round(6).tolist()
    [45.0, 45.0, 45.0]
    """
    from scipy.ndimage import median_filter  # slow to load

    window = round(EPOCH_SECONDS * rate) // 2 * 2 + 1
    # axis by axis: in one dimension the filter keeps its window sorted as it moves, fifty times as fast as in two
    x, y, z = (median_filter(np.ascontiguousarray(axes[:, axis]), size=window, mode="nearest") for axis in range(3))
    return np.asarray(np.degrees(np.arctan2(z, np.hypot(x, y))))


def arm_angle(axes: Floats, rate: float) -> Floats:
    """Mean angle (degrees, -90 to 90) of each 5 seconds; NaN where a sample is missing. A rest of under 5 seconds is left out.

    Parameters
    ----------
    axes: [samples, 3], x, y, z in g, at even steps. rate: samples a second.

    Errors: `RecordingError` for another shape, or fewer than one sample a second.

    >>> arm_angle(np.tile([0.0, 0.0, 1.0], (100, 1)), 10).tolist()
    [90.0, 90.0]
    """
    if axes.ndim != 2 or axes.shape[1] != 3 or not rate >= 1:
        raise RecordingError(f"The arm's angle needs samples of three axes at 1 Hz or more, not {axes.shape} at {rate} Hz.")
    known: NDArray[np.bool_] = np.asarray(np.isfinite(axes).all(axis=1), dtype=np.bool_)
    angle = sample_angles(np.where(known[:, None], axes, 0.0), rate)
    edges = np.round(np.arange(int(len(axes) / (EPOCH_SECONDS * rate)) + 1) * EPOCH_SECONDS * rate).astype(np.int64)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, angle, 0.0))])
    gaps = np.concatenate([[0], np.cumsum(~known)])
    whole = np.diff(gaps[edges]) == 0
    return np.where(whole, np.diff(sums[edges]) / np.maximum(np.diff(edges), 1), np.nan)


def sustained_inactivity(angle: Floats, degrees: float = STILL_DEGREES, minutes: float = STILL_MINUTES) -> NDArray[np.int8]:
    """1 (sleep) between two changes of over `degrees` from one epoch to the next that lie more than `minutes` apart, the epoch before the
    first of them included, else 0; -1 where the angle is not known, which is a change to either side.

    GGIR's rules for the rest: where no two changes lie so far apart, all is 1 with fewer than ten changes and 0 with more; so a recording
    in which nothing moves is all 1 (`sleep_period` and who wore it must say more).

    >>> turn = [40.0, 0.0, 40.0]
    >>> sustained_inactivity(np.r_[turn * 4, np.zeros(70), turn * 4]).tolist() == [0] * 11 + [1] * 71 + [0] * 12
    True
    """
    known = np.isfinite(angle)
    state = np.zeros(len(angle), np.int8)
    with np.errstate(invalid="ignore"):
        change = np.flatnonzero(~(np.abs(np.diff(angle)) <= degrees))
    long = np.flatnonzero(np.diff(change) > minutes * _MINUTE)
    if len(long):
        edge = np.zeros(len(angle) + 1, np.int64)
        np.add.at(edge, change[long], 1)
        np.add.at(edge, change[long + 1] + 1, -1)
        state = (np.cumsum(edge[:-1]) > 0).astype(np.int8)
    elif len(change) < FEW_CHANGES:
        state = np.ones(len(angle), np.int8)
    return np.where(known, state, UNKNOWN).astype(np.int8)


def sleep_period(angle: Floats) -> SleepPeriod:
    """The night in the angles of one day from noon to noon (see above).

    Errors: `RecordingError` where fewer than 30 minutes of angles are known.

    >>> rng = np.random.default_rng(0)
    >>> awake, asleep = rng.normal(0, 20, 12 * 600), rng.normal(0, 0.02, 12 * 420)
    >>> found = sleep_period(np.r_[awake, asleep, awake])
    >>> round(found.begin / 720, 1), round(found.end / 720, 1)
    (10.0, 17.0)
    """
    if np.isfinite(angle).sum() < BLOCK_MINUTES * _MINUTE:
        raise RecordingError(f"A sleep period needs {BLOCK_MINUTES} minutes of known angles or more.")
    change = _median_change(angle)
    known = np.isfinite(change)
    threshold = float(np.clip(np.percentile(change[known], PERCENTILE) * TIMES, LEAST_CHANGE, MOST_CHANGE))
    begin, end = _runs(np.where(known, change, np.inf) < threshold)
    long = end - begin > BLOCK_MINUTES * _MINUTE
    begin, end = begin[long], np.minimum(end[long] + 1, len(angle))  # GGIR's stretches hold the epoch after them
    if not len(begin):
        return SleepPeriod(-1, -1, threshold)
    apart = begin[1:] - end[:-1] >= BREAK_MINUTES * _MINUTE
    begin, end = begin[np.concatenate([[True], apart])], end[np.concatenate([apart, [True]])]
    longest = np.flatnonzero(end - begin == (end - begin).max())
    chosen = int(longest[(len(longest) + 1) // 2 - 1])
    return SleepPeriod(max(1, int(begin[chosen])), int(end[chosen]), threshold)


def _median_change(angle: Floats) -> Floats:
    """Median absolute change over the 5 minutes around each epoch; 0 at the edges, NaN where an angle is not known."""
    width = STILL_MINUTES * _MINUTE - 1
    out = np.zeros(len(angle))
    changes = np.abs(np.diff(angle))
    if len(changes) >= width:
        windows = np.lib.stride_tricks.sliding_window_view(changes, width)
        out[width // 2 : width // 2 + len(windows)] = np.median(windows, axis=1)
    return np.where(np.isfinite(angle), out, np.nan)


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Begin and end (exclusive) of each run of true."""
    edge = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
