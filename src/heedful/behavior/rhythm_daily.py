"""Rest and activity around the clock: stability, variability, quietest and busiest hours over seven days, and each day's cosine.

From the hourly sums of `hours_daily`; so L5 and M10 begin on whole hours, where programs for actigraphs let them begin on any epoch, and
are means an hour. IS and IV are those of `actigraphy.nonparametric` (variances with n - 1, bins not known left out), over this day and
the six before it. The daily cosine has a fixed period of 24 hours and is fitted to the known hours of the day.

Witting et al. 1990, Biol Psychiatry 27:563; Van Someren et al. 1997, J Biol Rhythms 12:146; Cornelissen 2014, Theor Biol Med Model 11:16.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.behavior.actigraphy.nonparametric import extremes, stability_and_variability
from heedful.behavior.actigraphy.recordings import HOUR, Recordings
from heedful.behavior.feature_rows import NO_DATA, SAID, TOO_SHORT, FeatureColumn, feature_rows
from heedful.behavior.hours import HOUR_COLUMNS, HOURS
from heedful.core.derivations import Carried, HistoryState, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import DayHours, Features

DAYS, LEAST_DAYS, LEAST_HOURS = 7, 4, 16
_AT_ONCE = 20_000
_Column = tuple[str, str, NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]
"""Name with a place for the signal, unit, value, coverage, whether enough was known."""
_WINDOWED = (
    ("interdaily_stability", "1"), ("intradaily_variability", "1"), ("l5", "/h"), ("m10", "/h"), ("relative_amplitude", "1"),
)  # fmt: skip
_DAILY = (("cosinor_mesor", "/h"), ("cosinor_amplitude", "/h"), ("cosinor_peak", "h"))


def _history() -> HistoryState:
    from heedful.behavior.warm_rhythm import RhythmHistory  # which reads this file

    return RhythmHistory()


@derivation(
    reads=(DayHours,), writes=Features, by=("person", "day"), lookback=DAYS - 1, version=1, own_days=True, fold=Carried(_history)
)  # fmt: skip
def daily_rhythm(hours: Frame[Consented[P], DayHours]) -> Frame[Consented[P], Features]:
    """`interdaily_stability[steps_7]`, `intradaily_variability[steps_7]`, `l5[steps_7]`, `m10[steps_7]`, `relative_amplitude[steps_7]`
    over seven days, and `cosinor_mesor[steps]`, `cosinor_amplitude[steps]`, `cosinor_peak[steps]` (hour of the peak) of the day; the same
    of `activity_count`.

    Coverage: share of the hours that are known. Missing as `too_short` with fewer than four days of 16 known hours in the window (of the
    day's cosine: fewer than 16 known hours), as `no_data` where nothing varies.
    """
    held = hours.data.sort("person", "signal", "day")
    parts = [_features(held, first) for first in range(0, held.height, _AT_ONCE)]
    out = pl.concat(parts) if parts else Features.empty()
    return hours.derive(Features, out.sort("person", "day", "feature"))


def _features(held: pl.DataFrame, first: int) -> pl.DataFrame:
    """Features of the rows from `first` on, with the rows before them as their windows."""
    begin = max(0, first - DAYS + 1)
    near = held.slice(begin, min(first + _AT_ONCE, held.height) - begin)
    mine = near.slice(first - begin)
    return features_of_windows(mine, _windows(near, first - begin))


def features_of_windows(mine: pl.DataFrame, windows: NDArray[np.float64]) -> pl.DataFrame:
    """Features of days (`person`, `day`, `signal`) from the hours of their seven days, oldest first [n, 168], NaN where not known."""
    known = ~np.isnan(windows)
    days = (known.reshape(-1, DAYS, HOURS).sum(axis=2) >= LEAST_HOURS).sum(axis=1)
    recorded = Recordings(
        windows.reshape(-1), np.arange(len(windows) + 1, dtype=np.int64) * windows.shape[1], np.zeros(len(windows), np.int64), HOUR
    )
    stability, variability = stability_and_variability(recorded, HOUR)
    found = extremes(recorded)
    week = np.column_stack([stability, variability, found.least, found.most, found.relative_amplitude])
    today, known_today = windows[:, -HOURS:], known[:, -HOURS:]
    day = _cosines(today, known_today)
    enough, enough_today = days >= LEAST_DAYS, known_today.sum(axis=1) >= LEAST_HOURS
    share, share_today = known.mean(axis=1), known_today.mean(axis=1)
    columns = [(f"{name}[{{}}_7]", unit, week[:, n], share, enough) for n, (name, unit) in enumerate(_WINDOWED)]
    columns += [(f"{name}[{{}}]", unit, day[:, n], share_today, enough_today) for n, (name, unit) in enumerate(_DAILY)]
    return pl.concat([_of_signal(mine, str(signal), columns) for signal in mine.get_column("signal").unique().sort()])


def _of_signal(mine: pl.DataFrame, signal: str, columns: Sequence[_Column]) -> pl.DataFrame:
    of = (mine.get_column("signal") == signal).to_numpy()
    rows, found = mine.filter(pl.Series(of)), list[FeatureColumn]()
    for name, unit, value, share, enough in columns:
        missing = np.where(enough[of], np.where(np.isfinite(value[of]), SAID, NO_DATA), TOO_SHORT)
        found.append(FeatureColumn(name.format(signal), unit, value[of], share[of], missing))
    return feature_rows(rows.get_column("person"), rows.get_column("day"), found)


def _windows(near: pl.DataFrame, first: int) -> NDArray[np.float64]:
    """Of each row from `first` on the hours of its seven days, oldest first; NaN where not known."""
    hours = near.select(HOUR_COLUMNS).to_numpy()
    bits = near.get_column("known").to_numpy()[:, None] >> np.arange(HOURS)
    table = np.where(bits & 1 == 1, hours, np.nan)
    series = near.select(pl.struct("person", "signal").rle_id()).to_series().to_numpy().astype(np.int64)
    day = near.get_column("day").to_physical().to_numpy().astype(np.int64)
    mine = np.arange(first, near.height)
    out = np.full((len(mine), DAYS, HOURS), np.nan)
    for back in range(min(DAYS, near.height)):  # the row so many before is one of the six days before, or another person's
        at = mine - back
        there = at >= 0
        ago = day[mine] - day[at]
        there &= (series[mine] == series[at]) & (ago < DAYS) & (ago >= 0)
        out[np.flatnonzero(there), DAYS - 1 - ago[there]] = table[at[there]]
    return out.reshape(len(mine), DAYS * HOURS)


def _cosines(hours: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mesor, amplitude and hour of the peak of the cosine nearest to each day's known hours; NaN where there are too few to fit."""
    turn = 2 * np.pi * (np.arange(HOURS) + 0.5) / HOURS
    design = np.column_stack([np.ones(HOURS), np.cos(turn), np.sin(turn)])
    out = np.full((len(hours), 3), np.nan)
    enough = np.flatnonzero(known.sum(axis=1) >= LEAST_HOURS)
    weight = known[enough].astype(np.float64)
    gram = np.einsum("nh,hi,hj->nij", weight, design, design)
    right = np.einsum("nh,hi->ni", np.where(known[enough], hours[enough], 0.0), design)
    wave = np.linalg.solve(gram, right[..., None])[..., 0]
    amplitude = np.hypot(wave[:, 1], wave[:, 2])
    peak = np.where(amplitude > 1e-9, np.arctan2(wave[:, 2], wave[:, 1]) % (2 * np.pi) * HOURS / (2 * np.pi), np.nan)
    out[enough] = np.column_stack([wave[:, 0], amplitude, peak])
    return out
