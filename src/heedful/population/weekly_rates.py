"""Own counts of people by week as rates, as they were known when each week was nowcast: what an early warning learns from."""

from __future__ import annotations

import polars as pl

from heedful.population.cases import Floats
from heedful.population.people_mentions import ANY


def weekly_rates(own: pl.DataFrame, days: pl.Series, withheld: float, after: int) -> dict[str, Floats]:
    """People of each signal per 100,000 person-days seen, [weeks]; NaN for a week on one of whose days nobody was seen.

    Of each day the count as known when its week was nowcast, `after` days after its end, else the first known; `withheld` stands for one
    that is withheld. Counts of posters are those of all strata; participants, who are no posters, have strata of their own.
    """
    if own.is_empty():
        return {}
    weeks = pl.DataFrame({"week": days})
    known = own.sort("day").join_asof(weeks.sort("week"), left_on="day", right_on="week", strategy="backward")
    known = known.filter(pl.col("week").is_not_null(), pl.col("day") < pl.col("week") + pl.duration(days=7))
    made = (pl.col("week").cast(pl.Datetime("us")) + pl.duration(days=7 + after)).dt.replace_time_zone("UTC")
    in_time = pl.col("known_at") <= made
    cell = ["stratum", "signal", "day"]
    rank = pl.when(in_time).then(pl.lit(0)).otherwise(pl.lit(1))
    # in time: the newest; else the first that was known at all
    order = pl.when(in_time).then(-pl.col("known_at").dt.epoch("us")).otherwise(pl.col("known_at").dt.epoch("us"))
    first = known.sort(*cell, rank, order).unique(cell, keep="first", maintain_order=True)
    seen = (
        first.filter(pl.col("signal") == ANY)
        .group_by("stratum", "week")
        .agg(seen=pl.col("people").fill_null(withheld).sum(), days=pl.len())
    )
    whole = seen.filter((pl.col("days") == 7) & (pl.col("seen") > 0))
    told = first.filter(pl.col("signal") != ANY).group_by("stratum", "signal", "week").agg(pl.col("people").fill_null(withheld).sum())
    found: dict[str, Floats] = {}
    for (stratum, signal), rows in told.sort(pl.col("stratum") != "all", *cell[:2], "week").group_by(*cell[:2], maintain_order=True):
        mine = whole.filter(pl.col("stratum") == stratum).join(rows.select("week", "people"), on="week", how="left")
        rate = mine.select(day="week", value=1e5 * pl.col("people").fill_null(0.0) / pl.col("seen"))
        if rate.height and str(signal) not in found:
            found[str(signal)] = by_week(rate, "value", days)
    return dict(sorted(found.items()))


def by_week(rows: pl.DataFrame, name: str, days: pl.Series) -> Floats:
    """The column `name` of rows day, name at each of `days`, [days]; NaN where there is none."""
    joined = pl.DataFrame({"day": days}).join(rows.select("day", name), on="day", how="left", maintain_order="left")
    return joined[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
