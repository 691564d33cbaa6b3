"""RR intervals as the indices take them: milliseconds between beats, finite and positive, at least four.

`as_peaks` repeats what NeuroKit2 does before any index: beat times are rounded to samples, and a missing interval is bridged by the
median interval, so that the beats after it keep their time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.errors import HeedfulError, SettingsError

LEAST_INTERVALS = 4
_RELATIVE = re.compile(r"\s*([0-9.]+)\s*\*\s*sd\(\s*rr\s*(?:,\s*ddof\s*=\s*([01])\s*)?\)\s*")
_SAME_BEAT_MS = 10.0


class IntervalsError(HeedfulError):
    """RR intervals that are none: too few, not positive, or not finite."""


def intervals(rr_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The intervals, checked: one dimension, at least four, all finite and above 0.

    Errors: `IntervalsError` with the first wrong place.

    >>> intervals([800, 810, 790, 805]).tolist()
    [800.0, 810.0, 790.0, 805.0]
    """
    rr = np.ascontiguousarray(rr_ms, np.float64)
    if rr.ndim != 1 or len(rr) < LEAST_INTERVALS:
        raise IntervalsError(f"{rr.size} RR intervals are too few for variability; give at least {LEAST_INTERVALS} in one row.")
    wrong = np.flatnonzero(~(np.isfinite(rr) & (rr > 0)))
    if len(wrong):
        raise IntervalsError(
            f"RR interval {wrong[0]} is {rr[wrong[0]]}: not a time in ms above 0. Leave such intervals out, or mark them missing and "
            "bridge them with `as_peaks`."
        )
    return rr


def as_peaks(rr_ms: NDArray[np.float64], sampling_rate_hz: float = 1000.0) -> NDArray[np.float64]:
    """The intervals between beats whose times are rounded to samples (NeuroKit2, `intervals_to_peaks`); NaN marks a missing interval.

    Missing intervals are left out and the gap they leave, as long as so many median intervals, becomes one interval.

    >>> as_peaks(np.array([800.4, np.nan, 800.4, 790.0, 805.0])).tolist()
    [800.0, 801.0, 800.0, 790.0, 805.0]
    """
    rr = np.asarray(rr_ms, np.float64)
    if not sampling_rate_hz > 0:
        raise SettingsError(f"A sampling rate of {sampling_rate_hz} Hz is none; give the rate at which beats were found, above 0.")
    known = np.isfinite(rr)
    if not known.any():
        raise IntervalsError("All RR intervals are missing; there is nothing to compute from.")
    end = np.cumsum(np.where(known, rr, np.median(rr[known])) / 1000)[known]
    kept = intervals(rr[known])
    gap = np.abs(np.diff(end) * 1000 - kept[1:]) > _SAME_BEAT_MS
    begins = np.concatenate([[0], np.flatnonzero(gap) + 1])
    beats = np.sort(np.concatenate([end, end[begins] - kept[begins] / 1000]))
    return intervals(np.diff(np.rint(beats * sampling_rate_hz)) / sampling_rate_hz * 1000)


def rr_column(table: pl.DataFrame) -> NDArray[np.float64]:
    """Column `rr_ms` as numbers, NaN where missing."""
    if "rr_ms" not in table.columns:
        raise SettingsError(f"RR intervals stand in a column rr_ms (milliseconds); this table has {', '.join(table.columns)}.")
    return table.get_column("rr_ms").cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def tolerance(stated: object, rr_ms: NDArray[np.float64]) -> float:
    """A tolerance in ms: a number, or a multiple of the standard deviation written as `0.2*sd(rr, ddof=1)`.

    >>> tolerance("0.2*sd(rr, ddof=1)", np.array([790.0, 800.0, 810.0]))
    2.0
    """
    if isinstance(stated, (int, float)) and not isinstance(stated, bool) and stated > 0:
        return float(stated)
    found = _RELATIVE.fullmatch(stated) if isinstance(stated, str) else None
    if found is None:
        raise SettingsError(f"The tolerance {stated!r} is not understood; give ms above 0, or a text such as '0.2*sd(rr, ddof=1)'.")
    return float(found[1]) * float(np.std(rr_ms, ddof=int(found[2] or 1)))


def choice(arguments: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """The argument, or the first allowed value; anything else is an error."""
    value = str(arguments.get(name, allowed[0]))
    if value not in allowed:
        raise SettingsError(f"{name} {value!r} is not offered; choose one of {', '.join(allowed)}.")
    return value


def band(value: object, name: str) -> tuple[float, float]:
    """Two frequencies in Hz, the lower first."""
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not 0 <= float(value[0]) < float(value[1]):
        raise SettingsError(f"The band {name} is {value!r}; give two frequencies in Hz, the lower first.")
    return float(value[0]), float(value[1])


def plain(values: Mapping[str, float]) -> dict[str, float | None]:
    """Plain numbers; what is not finite is missing."""
    return {name: float(value) if np.isfinite(value) else None for name, value in values.items()}


def ratio(above: float, below: float) -> float:
    """The quotient, NaN where there is nothing to divide by."""
    return above / below if below else float("nan")
