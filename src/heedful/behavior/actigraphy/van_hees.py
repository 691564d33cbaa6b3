"""Van Hees: sleep from the angle of the arm, which a sleeper seldom changes; and the night's window without a diary.

Angle: of the device's z axis to the horizontal, from axes smoothed by a median over 5 seconds, averaged over epochs of 5 seconds.
Sustained inactivity (2015): stretches of 5 minutes or more between two changes of the angle of more than 5 degrees. Sleep period window
(2018, "HDCZA", noon to noon): where the median change over 5 minutes lies below 15 times its 10th percentile (at least 0.13, at most 0.50
degrees) for more than 30 minutes; breaks under 60 minutes are bridged; the longest such stretch.

References: van Hees et al. 2015, PLoS ONE 10:e0142533; van Hees et al. 2018, Sci Rep 8:12975. Written after the papers and GGIR's
documentation; not compared with GGIR's output.
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

CARD = Card(
    name="actigraphy.van_hees",
    definition="Sustained inactivity: 5 minutes or more without a change of the arm's angle of over 5 degrees; the night's window from the "
    "same angle by the heuristic HDCZA.",
    units="{state}; deg",
    reference="van Hees et al. 2015, PLoS ONE 10:e0142533; van Hees et al. 2018, Sci Rep 8:12975",
    limits="Raw acceleration in g of a wrist; a device on a table is still too; arms that rest awake count as sleep. Not compared with "
    "GGIR. No source delivers angles: it is a function over arrays.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class SleepPeriod:
    """The window in epochs, `begin` to `end` (exclusive); both -1 where there is none. `threshold`: degrees of change."""

    begin: int
    end: int
    threshold: float


def arm_angle(axes: Floats, rate: float) -> Floats:
    """Mean angle (degrees, -90 to 90) of each 5 seconds; NaN where a sample is missing. A rest of under 5 seconds is left out.

    Parameters
    ----------
    axes: [samples, 3], x, y, z in g, at even steps. rate: samples a second.

    Errors: `RecordingError` for another shape, or fewer than one sample a second.

    >>> arm_angle(np.tile([0.0, 0.0, 1.0], (100, 1)), 10).tolist()
    [90.0, 90.0]
    """
    from scipy.ndimage import median_filter  # slow to load

    if axes.ndim != 2 or axes.shape[1] != 3 or not rate >= 1:
        raise RecordingError(f"The arm's angle needs samples of three axes at 1 Hz or more, not {axes.shape} at {rate} Hz.")
    window = round(EPOCH_SECONDS * rate) // 2 * 2 + 1
    known: NDArray[np.bool_] = np.asarray(np.isfinite(axes).all(axis=1), dtype=np.bool_)
    # axis by axis: in one dimension the filter keeps its window sorted as it moves, fifty times as fast as in two
    x, y, z = (median_filter(np.where(known, axes[:, axis], 0.0), size=window, mode="nearest") for axis in range(3))
    angle = np.degrees(np.arctan2(z, np.hypot(x, y)))
    edges = np.round(np.arange(int(len(axes) / (EPOCH_SECONDS * rate)) + 1) * EPOCH_SECONDS * rate).astype(np.int64)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, angle, 0.0))])
    gaps = np.concatenate([[0], np.cumsum(~known)])
    whole = np.diff(gaps[edges]) == 0
    return np.where(whole, np.diff(sums[edges]) / np.maximum(np.diff(edges), 1), np.nan)


def sustained_inactivity(angle: Floats, degrees: float = STILL_DEGREES, minutes: float = STILL_MINUTES) -> NDArray[np.int8]:
    """1 (sleep) in stretches of `minutes` or more without a change of over `degrees` from one epoch to the next, else 0; -1 where the angle
    is not known. A stretch ends at a change, at an epoch that is not known, and at the edges of the recording.

    >>> sustained_inactivity(np.r_[np.zeros(70), [40.0, 0.0, 40.0]]).tolist() == [1] * 70 + [0] * 3
    True
    """
    known = np.isfinite(angle)
    if not len(angle):
        return np.zeros(0, np.int8)
    with np.errstate(invalid="ignore"):
        moved = ~(np.abs(np.diff(angle)) <= degrees)
    run = np.concatenate([[0], np.cumsum(moved)])
    length = np.bincount(run, weights=known)
    still = (length[run] >= minutes * _MINUTE) & known
    return np.where(known, still, UNKNOWN).astype(np.int8)


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
    still = np.where(known, change, np.inf) < threshold
    begin, end = _runs(still)
    long = end - begin > BLOCK_MINUTES * _MINUTE
    begin, end = begin[long], end[long]
    if not len(begin):
        return SleepPeriod(-1, -1, threshold)
    apart = begin[1:] - end[:-1] >= BREAK_MINUTES * _MINUTE
    begin, end = begin[np.concatenate([[True], apart])], end[np.concatenate([apart, [True]])]
    longest = int((end - begin).argmax())
    return SleepPeriod(int(begin[longest]), int(end[longest]), threshold)


def _median_change(angle: Floats) -> Floats:
    """Median absolute change over the 5 minutes around each epoch; NaN at the edges and where an angle is not known."""
    width = STILL_MINUTES * _MINUTE - 1
    out = np.full(len(angle), np.nan)
    changes = np.abs(np.diff(angle))
    if len(changes) >= width:
        windows = np.lib.stride_tricks.sliding_window_view(changes, width)
        out[width // 2 : width // 2 + len(windows)] = np.median(windows, axis=1)
    return out


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Begin and end (exclusive) of each run of true."""
    edge = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
