"""The archive: counts with the day on which they were known, seen as on any past day, rolled up by place and age, their gaps named.

Weeks are the dates on which they begin: no week number is ever computed with, so a year of 53 weeks is like any other.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from heedful.core.places import parent_place

SERIES = ["source", "signal", "place", "stratum"]
_CELL = ["source", "signal", "unit", "period_days", "day"]


def as_known(rows: pl.DataFrame, key: list[str], instant: datetime | None = None) -> pl.DataFrame:
    """Of each `key` the newest row that was known by `instant` (None: now), sorted by key. A revision replaces what it revises, no more."""
    known = rows if instant is None else rows.filter(pl.col("known_at") <= instant)
    return known.sort("known_at").unique(key, keep="last", maintain_order=True).sort(key)


def roll_up_places(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the sums of places that the issuer does not count itself, from the places directly below them, level by level.

    A sum is only made of counts (unit in braces) and only where every place below that ever counts does so on that date: a sum over fewer
    would fall and rise with who reports. `parts` says over how many (0: as issued); `missing` of how many places a date's sum lacks, whose
    value is then null.

    Parameters
    ----------
    rows: as known (`as_known`): source, signal, place, stratum, day, period_days, unit, value.
    """
    own = rows.select(*SERIES, "day", "period_days", "unit", "value").with_columns(parts=pl.lit(0, pl.Int64), missing=pl.lit(0, pl.Int64))
    issued = own.select(*SERIES).unique()
    for depth in (2, 1):  # towns to regions, then regions to countries
        below = own.filter(pl.col("place").str.count_matches("/") == depth).with_columns(above=parent_place("place"))
        summed = _summed(below, ["stratum", "above"], "place").rename({"above": "place"})
        own = pl.concat([own, summed.join(issued, on=SERIES, how="anti").select(own.columns)])
    return own.sort(*SERIES, "day")


def roll_up_strata(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the stratum 'all' as the sum over strata, where the issuer does not give it; as `roll_up_places` in all else."""
    own = rows.select(*SERIES, "day", "period_days", "unit", "value").with_columns(parts=pl.lit(0, pl.Int64), missing=pl.lit(0, pl.Int64))
    summed = _summed(own.filter(pl.col("stratum") != "all"), ["place"], "stratum").with_columns(stratum=pl.lit("all"))
    have = own.filter(pl.col("stratum") == "all").select("source", "signal", "place").unique()
    summed = summed.join(have, on=["source", "signal", "place"], how="anti")
    return pl.concat([own, summed.select(own.columns)]).sort(*SERIES, "day")


def _summed(rows: pl.DataFrame, by: list[str], part: str) -> pl.DataFrame:
    """Sums over `part`, null on dates on which one that counts at other times has no value."""
    counts = rows.filter(pl.col("unit").str.starts_with("{"))
    whole = counts.group_by("source", "signal", "unit", "period_days", *by).agg(all=pl.col(part).n_unique().cast(pl.Int64))
    known = pl.col("value").is_not_null()
    sums = counts.group_by(*_CELL, *by).agg(pl.col("value").sum(), there=pl.col(part).filter(known).n_unique().cast(pl.Int64))
    joined = sums.join(whole, on=["source", "signal", "unit", "period_days", *by], nulls_equal=True)
    missing = pl.col("all") - pl.col("there")
    return joined.with_columns(value=pl.when(missing == 0).then("value"), parts=pl.col("all"), missing=missing).drop("all", "there")


def gaps(rows: pl.DataFrame) -> list[str]:
    """What a reader must know of one series before believing a detector: sentences, each with how much is missing; none if all is there.

    Parameters
    ----------
    rows: one series as known: day, period_days, value, and optionally denominator.

    >>> from datetime import date
    >>> weeks = [date(2020, 12, 21), date(2020, 12, 28), date(2021, 1, 11)]
    >>> rows = pl.DataFrame({"day": weeks, "period_days": 7, "value": [3.0, 4.0, 5.0]})
    >>> gaps(rows)[0]
    '1 of the 4 weeks from 2020-12-21 to 2021-01-11 was not issued; the first missing is 2021-01-04.'
    """
    if rows.is_empty():
        return ["Nothing is known of this series."]
    rows = rows.sort("day")
    step = int(rows["period_days"][0])
    name = {1: "days", 7: "weeks"}.get(step, f"periods of {step} days")
    dates, days = rows["day"], rows["day"].to_list()
    first, last = days[0], days[-1]
    said = []
    grid = pl.Series(dates)
    if step in (1, 7):
        grid = pl.date_range(first, last, f"{step}d", eager=True)
    known = rows.filter(pl.col("value").is_not_null() & pl.col("value").is_not_nan())["day"]
    absent = grid.filter(~grid.is_in(known.implode()))
    off = dates.filter(~dates.is_in(grid.implode()))
    if len(absent):
        were = "was" if len(absent) == 1 else "were"
        said.append(f"{len(absent)} of the {len(grid)} {name} from {first} to {last} {were} not issued; the first missing is {absent[0]}.")
    if len(off):
        said.append(
            f"{len(off)} dates do not begin on the same weekday as the first, {first}; they are another series. The first is {off[0]}."
        )
    needed = {1: (12, "EARS"), 7: (12, "EARS")}.get(step)
    if needed and len(known) < needed[0]:
        are = f"{len(known)} {name} are" if len(known) != 1 else f"1 {name.removesuffix('s') if step in (1, 7) else name} is"
        said.append(f"{are} known; {needed[1]} needs {needed[0]}: {needed[0] - len(known)} are missing.")
    if step == 7 and len(known) >= 12 and len(grid) < 157:
        said.append(f"{len(grid)} weeks are known; a comparison with earlier years needs 157: {157 - len(grid)} are missing.")
    if len(known) and not (rows["value"].fill_null(0).fill_nan(0) != 0).any():
        said.append(f"All {len(known)} {name} are zero: the first case will be no alarm until the count of four dates reaches five.")
    if "denominator" in rows.columns and rows["denominator"].is_not_null().any():
        some = rows.filter(pl.col("denominator") > 0)["denominator"]
        if len(some) > 1 and some.max() > 1.25 * some.min():  # type: ignore[operator]
            said.append(
                f"The population behind it changed from {some[0]:,.0f} to {some[-1]:,.0f}: part of a change of the count may be that."
            )
    return said
