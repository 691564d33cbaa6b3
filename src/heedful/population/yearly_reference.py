"""Which earlier rows a date is compared with: the same time of year, one year back and more, by row number or by calendar date."""

from __future__ import annotations

from dataclasses import dataclass, field

import numba
import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats

Ints = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

NO_ROW = -1


@dataclass(frozen=True)
class Calendar:
    """When the rows of a matrix of counts were: `frequency` rows a year (52, 12, 365, …) and, if known, the first day of each.

    With `days`, a year back is the same calendar date: at frequency 52 moved to the nearest same weekday, so that years of 53 weeks
    shift nothing. Without, a year back is `frequency` rows back.

    Errors: `SettingsError` if days do not rise from row to row, or the frequency is under 1.

    >>> weeks = Calendar(52, np.arange("2020-01-06", "2022-01-10", 7, dtype="datetime64[D]"))
    >>> int(weeks.years_back(np.array([104]), 1)[0, 0]), str(weeks.days[52])
    (52, '2021-01-04')
    """

    frequency: int
    days: Days | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.frequency < 1:
            raise SettingsError(f"A calendar needs at least one row a year, not {self.frequency}.")
        if self.days is not None and (np.diff(self.days) <= np.timedelta64(0)).any():
            place = int(np.flatnonzero(np.diff(self.days) <= np.timedelta64(0))[0])
            raise SettingsError(
                f"Row {place + 2} ({self.days[place + 1]}) does not come after row {place + 1} ({self.days[place]}), so no row can be"
                " found by its date. Sort the rows by day and add up those of the same day."
            )

    @property
    def spacing(self) -> float:
        """Days between the first two rows; 1 without dates."""
        return 1.0 if self.days is None or len(self.days) < 2 else float((self.days[1] - self.days[0]) / np.timedelta64(1, "D"))

    def years_back(self, rows: Ints, years: int) -> Ints:
        """Rows 1 .. `years` years before each of `rows`, [rows, years]; `NO_ROW` where there is none."""
        if self.days is None:
            back = rows[:, None] - self.frequency * np.arange(1, years + 1)
            return np.where(back >= 0, back, NO_ROW)
        today = self.days[rows]
        return self._row_of(self._same_weekday(_same_date(today, years), today[:, None]))

    def windows_back(self, rows: Ints, years: int, half_window: int) -> Ints:
        """Rows within `half_window` steps of each year-back date, oldest first, [rows, years * (2 half_window + 1)]; `NO_ROW` where none.

        Each step is looked up by its own date (a week, a calendar month or a day further), so that a lost row shifts no other.
        """
        steps = np.arange(-half_window, half_window + 1)
        if self.days is None:
            back = (rows[:, None] - self.frequency * np.arange(years, 0, -1))[:, :, None] + steps
            return np.where(back >= 0, back, NO_ROW).reshape(len(rows), years * len(steps))
        today = self.days[rows]
        center = _same_date(today, years)[:, ::-1, None]
        if self.frequency == 12:
            # the epochs of a monthly series all fall on one day of the month: that of the tested row
            months: Days = center.astype("datetime64[M]") + steps.astype("timedelta64[M]")
            dates = _on_day(months, _day_of_month(today)[:, None, None])
        else:
            dates = np.asarray(center + (steps * (7 if self.frequency == 52 else 1)).astype("timedelta64[D]"))
        return self._row_of(self._same_weekday(dates, today[:, None, None])).reshape(len(rows), years * len(steps))

    def _same_weekday(self, dates: Days, like: Days) -> Days:
        """At 52 rows a year, the day nearest to each date that is the same weekday as `like`."""
        if self.frequency != 52:
            return dates
        ahead = (like - dates).astype(np.int64) % 7
        return dates + np.where(ahead <= 3, ahead, ahead - 7).astype("timedelta64[D]")

    def _row_of(self, dates: Days) -> Ints:
        assert self.days is not None
        place = np.minimum(np.searchsorted(self.days, dates), len(self.days) - 1)
        return np.where(self.days[place] == dates, place, NO_ROW)


def _same_date(today: Days, years: int) -> Days:
    """The same day and month, 1 .. `years` years back, [rows, years]; 29 February becomes 1 March in years without it."""
    months: Days = today.astype("datetime64[M]")[:, None] - (12 * np.arange(1, years + 1)).astype("timedelta64[M]")
    return _on_day(months, _day_of_month(today)[:, None])


def _day_of_month(days: Days) -> Ints:
    """Days since the first of the month."""
    return days.astype("datetime64[D]").astype(np.int64) - days.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _on_day(months: Days, day: Ints) -> Days:
    return (months.astype("datetime64[D]").astype(np.int64) + day).astype("datetime64[D]")


@dataclass(frozen=True)
class ReferenceRows:
    """What each tested date is fitted to. `rows` [dates, most], `NO_ROW` where unused; `levels` the seasonal level of each (0-based);
    `times` the time variable of each; `level_now`, `time_now` [dates] those of the tested date; `lacking` [dates] how many reference
    rows or year-back dates do not exist."""

    rows: Ints
    levels: Ints
    times: Floats
    level_now: int
    time_now: Floats
    lacking: Ints


def windows(calendar: Calendar, tested: Ints, years: int, half_window: int) -> ReferenceRows:
    """Windows around the same time of earlier years (Farrington 1996); time is the row number, in dated series too."""
    rows = calendar.windows_back(tested, years, half_window)
    return ReferenceRows(rows, np.zeros_like(rows), _row_time(rows), 0, _row_time(tested), (rows == NO_ROW).sum(axis=1))


def seasonal_blocks(calendar: Calendar, tested: Ints, years: int, half_window: int, periods: int, left_out: int) -> ReferenceRows:
    """All rows from the oldest window on, each in one of `periods` seasonal blocks (Noufaily et al. 2013).

    Windows around the same time of earlier years are the last block, the rows between two windows are shared out among the others,
    oldest first, the remainder to the first; with one period there are only windows. The tested row and the `left_out` before it are
    not used. Time is counted in days over the first spacing of the series, from the first reference row; without dates, it is the row.

    Errors: `SettingsError` if there are more blocks than rows between two windows.
    """
    back = np.concatenate([tested[:, None], calendar.years_back(tested, years)], axis=1)
    lacking = (back == NO_ROW).sum(axis=1)
    between = np.where(lacking == 0, (back[:, :-1] - back[:, 1:]).min(axis=1) - 2 * half_window - 1, np.iinfo(np.int64).max)
    if periods > 1 and len(between) and int(between.min()) < periods - 1:
        raise SettingsError(
            f"{periods} periods a year need {periods - 1} rows between two windows of {2 * half_window + 1} rows, and there are "
            f"{int(between.min())}. Take fewer periods or a smaller half window."
        )
    rows, levels = _blocks(back, tested, half_window, periods, left_out)
    if calendar.days is None:
        return ReferenceRows(rows, levels, _row_time(rows), periods - 1, _row_time(tested), lacking)
    day: Floats = calendar.days.astype("datetime64[D]").astype(np.float64)
    first = day[np.maximum(rows[:, 0], 0)] if rows.shape[1] else np.zeros(len(rows))
    times = np.asarray((day[np.maximum(rows, 0)] - first[:, None]) / calendar.spacing, dtype=np.float64)
    now = np.asarray((day[tested] - first) / calendar.spacing, dtype=np.float64)
    return ReferenceRows(rows, levels, times, periods - 1, now, lacking)


def _row_time(rows: Ints) -> Floats:
    """Rows counted from 1."""
    return rows.astype(np.float64) + 1


@numba.njit(cache=True)
def _blocks(back: Ints, tested: Ints, half_window: int, periods: int, left_out: int) -> tuple[Ints, Ints]:
    """Rows and levels of each tested date, ascending; none where a year-back date is missing."""
    dates, years = back.shape[0], back.shape[1] - 1
    most = 0
    for date in range(dates):
        if back[date].min() >= 0:
            most = max(most, int(tested[date] - back[date].min()) + half_window + 1)
    rows, levels = np.full((dates, most), NO_ROW), np.zeros((dates, most), dtype=np.int64)
    for date in range(dates):
        if back[date].min() < 0:
            continue
        filled = 0
        for year in range(years, -1, -1):
            center, last = back[date, year], periods - 1
            top = center if year == 0 else center + half_window
            for row in range(max(center - half_window, 0), top + 1):
                filled = _take(rows[date], levels[date], filled, row, last, tested[date] - left_out)
            if year > 0 and periods > 1:
                gap = back[date, year - 1] - center - 2 * half_window - 1
                size, rest = gap // (periods - 1), gap % (periods - 1)
                row = center + half_window + 1
                for block in range(periods - 1):
                    for _ in range(size + (1 if block < rest else 0)):
                        filled = _take(rows[date], levels[date], filled, row, block, tested[date] - left_out)
                        row += 1
    return rows, levels


@numba.njit(cache=True)
def _take(rows: Ints, levels: Ints, filled: int, row: int, level: int, end: int) -> int:
    """Append a row unless it is `end` or later; how many are filled then."""
    if row >= end:
        return filled
    rows[filled], levels[filled] = row, level
    return filled + 1
