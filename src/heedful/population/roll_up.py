"""Sums that an issuer does not give, for the detectors: places below a region or country, age groups of a place. A rise too small in each
county is tested in their sum, among the same signal's tests.

A sum is over the parts that have a value on its date, two or more, and never stands where the issuer counts itself. Sums over other parts
are another series (their names are part of its unit): who reports changes no baseline, and whether a date has a sum depends on that date
alone. Only counts are summed. Age groups are only summed where they do not overlap, US/HHS regions never, since they hold states.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from heedful.core.places import parent_place

_AGE = r"^(\d+)(?:-(\d+)|\+)$"
_REGION = r"/HHS\d+$"


def summable() -> pl.Expr:
    """Which series (unit, place, stratum) may be parts of a sum."""
    below = pl.col("place").str.contains("/") & ~pl.col("place").str.contains(_REGION)
    return pl.col("unit").str.starts_with("{") & (below | pl.col("stratum").str.contains(_AGE))


def with_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` and the sums they make.

    Parameters
    ----------
    rows: newest values of one period length: source, signal, place, stratum, unit, day, value, known_at; with `seen`, `nowcast`, `error`,
    `completeness` where a value may be a nowcast. Errors are added up as if all parts erred together: a sum is never too sure.

    Columns that a sum does not have are null.

    >>> from datetime import date, datetime
    >>> rows = pl.DataFrame({"source": "o", "signal": "flu", "place": ["US/NY", "US/NJ"], "stratum": "all", "unit": "{count}",
    ...     "day": date(2026, 1, 5), "value": [3.0, 4.0], "known_at": datetime(2026, 1, 12)})
    >>> with_sums(rows).filter(place="US").select("place", "value").rows()
    [('US', 7.0)]
    """
    counts = rows.filter(pl.col("unit").str.starts_with("{") & pl.col("value").is_not_null())
    found = rows
    for sums in (_over_ages, _over_places(2), _over_places(1)):
        more = sums(counts)
        if more.height:
            cell = ["source", "signal", "place", "stratum", "day"]
            issued = found.filter(pl.col("place").is_in(more["place"].unique().implode()))
            more = more.join(issued.select(cell).unique(), on=cell, how="anti")
            found = pl.concat([found, more], how="diagonal_relaxed")
            counts = pl.concat([counts, more], how="diagonal_relaxed")
    return found


def _over_places(depth: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Sums over places `depth` levels under their country."""

    def sums(counts: pl.DataFrame) -> pl.DataFrame:
        places = counts.select("place").unique().filter(pl.col("place").str.count_matches("/") == depth)
        places = places.filter(~pl.col("place").str.contains(_REGION)).with_columns(_above=parent_place("place"))
        return _summed(counts.join(places, on="place").rename({"place": "part", "_above": "place"}))

    return sums


def _over_ages(counts: pl.DataFrame) -> pl.DataFrame:
    """Sums over the age groups of a place and date, where all its strata are ages and none overlaps another."""
    cell = ["source", "signal", "unit", "place", "day"]
    age = pl.col("stratum").str.extract_groups(_AGE)
    apart = counts.filter(pl.col("stratum") != "all").with_columns(
        low=age.struct[0].cast(pl.Int64), high=pl.when(age.struct[0].is_not_null()).then(age.struct[1].cast(pl.Int64).fill_null(999))
    )
    apart = apart.sort(*cell, "low").with_columns(
        fits=(pl.col("low").is_not_null() & (pl.col("low") > pl.col("high").shift(1)).fill_null(True)).all().over(cell)
    ) if apart.height else apart.with_columns(fits=pl.lit(True))  # fmt: skip
    return _summed(apart.filter("fits").drop("fits", "low", "high").with_columns(part="stratum", stratum=pl.lit("all")))


def _summed(parts: pl.DataFrame) -> pl.DataFrame:
    by = ["source", "signal", "place", "stratum", "unit", "day"]
    kept = [pl.col(name).first() for name in ("period_days", "withheld", "floor") if name in parts.columns]
    more = []
    if "nowcast" in parts.columns:
        foretold = pl.col("nowcast").is_not_null().any()
        more = [
            pl.when(foretold).then(pl.coalesce("seen", "value").sum()).alias("seen"),
            pl.when(foretold).then(pl.col("value").sum()).alias("nowcast"),
            pl.when(foretold).then(pl.col("error").fill_null(0).sum()).alias("error"),
            # what is known of a sum: its parts' shares, weighed by what they come to
            ((pl.col("value") * pl.col("completeness")).sum() / pl.col("value").sum()).alias("completeness"),
        ]
    parts = parts.with_columns(pl.col("unit").str.extract(r"^(\{[^}]*\})"))  # a sum's parts may be sums
    names = pl.col("part").hash(seed=11).sum()  # the same for the same parts, in any order
    sums = parts.group_by(by).agg(
        pl.col("value").sum(), pl.col("known_at").max(), *kept, *more, _parts=pl.len(), _names=names
    )  # fmt: skip
    sums = sums.filter(pl.col("_parts") > 1)
    return sums.with_columns(unit=pl.format("{} of {} parts {}", "unit", "_parts", "_names")).drop("_parts", "_names")
