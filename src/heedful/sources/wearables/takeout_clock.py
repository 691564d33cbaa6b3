"""The zone of a Fitbit account export, which no field of its data gives."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from heedful.core.schemas import INSTANT
from heedful.sources.wearables.stamps import end_of_day, in_zone, localized

QUARTER = 15


@dataclass(frozen=True)
class Clock:
    """Turns instants into local days and local times into instants.

    With a `zone` by its rules. Otherwise by `cuts`: dates with the offset (minutes) at which a file was cut, of which the nearest
    counts; so another season than that of the files may be off by an hour.
    """

    zone: str = ""
    cuts: tuple[tuple[date, int], ...] = ()

    def of_instants(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with `day` and `offset_minutes` of its UTC `start_at`."""
        if self.zone:
            return in_zone(frame, self.zone)
        shifted = self._with_offsets(frame, pl.col("start_at").dt.date())
        local = pl.col("start_at").dt.replace_time_zone(None) + pl.duration(minutes=pl.col("offset_minutes"))
        return shifted.with_columns(day=local.dt.date())

    def of_local_times(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with `start_at`, `day` and `offset_minutes` of its naive `local` times."""
        if self.zone:
            return localized(frame, "local", self.zone, within=("code",))
        shifted = self._with_offsets(frame, pl.col("local").dt.date())
        at = pl.col("local") - pl.duration(minutes=pl.col("offset_minutes"))
        return shifted.with_columns(day=pl.col("local").dt.date(), start_at=at.dt.replace_time_zone("UTC").cast(INSTANT))

    def end_of_day(self) -> pl.Expr:
        """When the `day` of a row ends, for rows that last a day."""
        return end_of_day(pl.col("day"), self.zone) if self.zone else pl.col("start_at") + pl.duration(days=1)

    def _with_offsets(self, frame: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
        days = frame.select(day.alias("_date")).to_series()
        offsets = {one: self._nearest(one) for one in days.unique().drop_nulls().to_list()}
        found = days.replace_strict(offsets, default=None, return_dtype=pl.Int16) if offsets else days.cast(pl.Int16)
        return frame.with_columns(offset_minutes=found)

    def _nearest(self, day: date) -> int:
        place = bisect_left(self.cuts, (day, -10_000))
        near = self.cuts[max(0, place - 1) : place + 1]
        return min(near, key=lambda cut: abs((cut[0] - day).days))[1]


def offset_of_cut(day: date, first: datetime, last: datetime) -> int | None:
    """Minutes east of UTC of a file that holds the local `day` from `first` to `last` (UTC, naive); None if it could be several.

    Offsets are quarters of an hour. The file lies between local midnights, which leaves one only if the device was worn at both.

    >>> offset_of_cut(date(2023, 6, 23), datetime(2023, 6, 23, 7, 0, 1), datetime(2023, 6, 24, 6, 59, 56))
    -420
    """
    midnight = datetime(day.year, day.month, day.day)
    lowest = -((first - midnight) // timedelta(minutes=QUARTER))  # local midnight is not after the first sample
    highest = -((last - midnight - timedelta(days=1)) // timedelta(minutes=QUARTER)) - 1  # and the next one is after the last
    return lowest * QUARTER if lowest == highest else None


def clock(zone: str, cuts: Iterable[tuple[date, int]]) -> Clock:
    """The clock of a declared zone, else of the cuts, else UTC."""
    known = tuple(sorted(set(cuts)))
    return Clock(cuts=known) if known and not zone else Clock(zone=zone or "UTC")
