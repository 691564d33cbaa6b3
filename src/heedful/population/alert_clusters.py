"""Alert clusters: alarms that tell of one thing become one alert, and only so many alerts of a day are let through.

Alarms belong together when they are of one signal on one day and one's place lies within the other's: what a town shows its region,
its country and the world show as well. All strata and detectors go along. The alert stands under the widest place with an alarm; its
numbers are those of its least likely alarm (smallest q, then p). `since` follows related alerts back over gaps of a week at most.

The alarms are its members, each with the rows of counts behind it: `heedful explain` goes down from alert to alarm to counts.
"""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate
from heedful.core.places import place_levels
from heedful.core.schemas import Alarms, Alerts
from heedful.population.thresholds import ThresholdSettings, ranked

LOOKBACK = 28
GAP_DAYS = 7
"""Related alerts further apart are two stories."""
MOST_MEMBERS = 100
_NUMBERS = ["observed", "expected", "bound", "p", "q", "completeness", "nowcast"]


@derivation(reads=(Alarms,), writes=Alerts, by=("day",), lookback=LOOKBACK, needs=("thresholds",), version=1)
def alerts(alarms: Frame[Aggregate, Alarms], *, thresholds: ThresholdSettings) -> Frame[Aggregate, Alerts]:
    """Alerts: alarms of one signal on one day in places within each other, ranked, with what the settings hold back."""
    rows = clusters(alarms.data.filter("alarm"))
    if rows.is_empty():
        return alarms.derive(Alerts, Alerts.empty())
    rows = (
        ranked(rows, thresholds.alerts_a_day)
        .with_columns(many=pl.len().over("day"))
        .with_columns(_why(thresholds.alerts_a_day).alias("why"))
    )
    return alarms.derive(Alerts, Alerts.check(rows.select(*Alerts.columns)).sort(Alerts.key))


def clusters(fired: pl.DataFrame) -> pl.DataFrame:
    """One row a cluster of `fired`, rows of `Alarms` that are alarms: columns of `Alerts` but rank, held_back, level and why.

    >>> from datetime import date
    >>> places = ["US/NY", "US", "DE"]
    >>> rows = pl.DataFrame({"detector": "ears.c1", "signal": "cough", "place": places, "stratum": "all", "day": date(2026, 1, 5),
    ...     "observed": 9.0, "expected": 2.0, "bound": 5.0, "p": 1e-5, "q": [1e-3, 2e-3, 0.01], "completeness": None, "nowcast": None})
    >>> clusters(rows).sort("place").select("place", "series", "lead").rows()
    [('DE', 1, 'ears.c1|DE|all'), ('US', 2, 'ears.c1|US/NY|all')]
    """
    if fired.is_empty():
        return fired.select("signal", "place", "day").with_columns(since="day")
    rooted = fired.join(_roots(fired), on=["signal", "day", "place"], how="left").rename({"place": "own"})
    order = ["q", "p", pl.col("bound") - pl.col("observed"), "detector", "own", "stratum"]
    lead = pl.concat_str("detector", "own", "stratum", separator="|")
    series = pl.concat_str("own", "stratum", separator="|")
    grouped = (
        rooted.sort(order, nulls_last=True)
        .group_by("signal", "root", "day", maintain_order=True)
        .agg(
            series=series.n_unique().cast(pl.Int64),
            alarms=pl.len().cast(pl.Int64),
            members=series.unique().sort_by(series.unique().str.count_matches("/"), series.unique()).head(MOST_MEMBERS).str.join("\n"),
            detectors=pl.col("detector").unique().sort().str.join(", "),
            lead=lead.first(),
            **{name: pl.col(name).first() for name in _NUMBERS},
        )
        .rename({"root": "place"})
    )
    return grouped.join(_since(grouped), on=["signal", "place", "day"], how="left")


def _roots(fired: pl.DataFrame) -> pl.DataFrame:
    """signal, day, place with `root`: the widest place above it (or itself) that has an alarm of the signal that day."""
    places = fired.select("signal", "day", "place").unique()
    above = places.with_columns(root=place_levels("place")).explode("root", empty_as_null=True)
    found = above.join(places.rename({"place": "root"}), on=["signal", "day", "root"], how="semi")
    found = found.with_columns(
        depth=pl.when(pl.col("root") == "world").then(-1).otherwise(pl.col("root").str.count_matches("/").cast(pl.Int64))
    )
    widest = found.sort("depth").unique(["signal", "day", "place"], keep="first").drop("depth")
    return places.join(widest, on=["signal", "day", "place"], how="left").with_columns(pl.coalesce("root", "place").alias("root"))


def related(one: str, other: str) -> pl.Expr:
    """Whether the places in two columns are the same, or one lies within the other; `world` holds all.

    >>> pairs = pl.DataFrame({"a": ["US", "US/NY", "DE", "world"], "b": ["US/NY", "US/CA", "DE", "US"]})
    >>> pairs.select(related("a", "b")).to_series().to_list()
    [True, False, True, True]
    """
    a, b = pl.col(one), pl.col(other)
    world = (a == "world") | (b == "world")
    return (a == b) | world | (a + "/").str.starts_with(b + "/") | (b + "/").str.starts_with(a + "/")


def _since(grouped: pl.DataFrame) -> pl.DataFrame:
    """signal, place, day with `since`: back over related alerts of the same signal, a week apart at most, `LOOKBACK` days in all."""
    keys = grouped.select("signal", "place", "day")
    pairs = keys.join(keys.rename({"place": "before", "day": "then"}), on="signal")
    age = (pl.col("day") - pl.col("then")).dt.total_days()
    pairs = pairs.filter(age.is_between(0, LOOKBACK) & related("place", "before")).select("signal", "place", "day", "then").unique()
    # of each alert: its days with related alerts, newest first, up to the first gap
    pairs = pairs.sort("signal", "place", "day", "then", descending=[False, False, False, True])
    own = ["signal", "place", "day"]
    step = (pl.col("then").shift(1) - pl.col("then")).dt.total_days().fill_null(0).over(own)
    pairs = pairs.with_columns(broken=(step > GAP_DAYS).cast(pl.Int64).cum_sum().over(own))
    return pairs.filter(pl.col("broken") == 0).group_by(own).agg(since=pl.col("then").min())


def _why(alerts_a_day: int) -> pl.Expr:
    detector = pl.col("lead").str.split("|").list.first()
    more = pl.when(pl.col("series") > 1).then(pl.format(" The same signal is high in {} related series; they are one alert.", "series"))
    since = pl.when(pl.col("since") < pl.col("day")).then(pl.format(" It goes on since {}.", pl.col("since").cast(pl.String)))
    held = pl.when("held_back").then(
        pl.format(
            " Held back: number {} of the day's {}, and the settings let {} through (q up to {}).",
            "rank", "many", pl.lit(alerts_a_day), pl.col("level").round_sig_figs(2).cast(pl.String).fill_null("none"),
        )
    )  # fmt: skip
    said = pl.when(pl.col("nowcast").is_null()).then(_number("observed")).otherwise(
        pl.format("{} so far, by nowcast {} in the end,", _number("observed"), _number("nowcast"))
    )  # fmt: skip
    first = pl.format("{} where {} were expected ({}).", said, _number("expected"), detector)
    return first + more.otherwise(pl.lit("")) + since.otherwise(pl.lit("")) + held.otherwise(pl.lit(""))


def _number(name: str) -> pl.Expr:
    return pl.col(name).round_sig_figs(4).cast(pl.String).str.replace(r"\.0$", "")
