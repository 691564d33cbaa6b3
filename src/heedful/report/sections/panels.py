"""Which series are drawn: those with the most alarms first, each with its newest counts, its band and its alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from heedful.report.charts.signals import POINTS
from heedful.report.content import PageContent
from heedful.report.wording import name, place_name

SERIES_KEY = ["signal", "place", "stratum"]
MOST_TALK, MOST_OFFICIAL = 9, 6


@dataclass(frozen=True)
class Panel:
    """One series that is drawn. `points` as `signal_chart` wants them; `alarms` are its alarms, newest first."""

    signal: str
    place: str
    stratum: str
    source: str
    unit: str
    period_days: int
    points: pl.DataFrame
    alarms: pl.DataFrame

    def title(self, labels: Mapping[str, str], places: Mapping[str, str]) -> str:
        """What and where, in words."""
        stratum = "" if self.stratum == "all" else f", {self.stratum}"
        return f"{name(self.signal, labels)}, {place_name(self.place, places)}{stratum}"


def newest(data: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The version of each row that was known last."""
    return data.sort(*key, "known_at").unique(key, keep="last", maintain_order=True)


def talk_panels(content: PageContent) -> list[Panel]:
    """Series of people who said something in public, or of participants, at most `MOST_TALK`."""
    counts = newest(content.counts, [*SERIES_KEY, "day"]).select(
        *SERIES_KEY,
        "day",
        value=pl.col("people").cast(pl.Float64),
        withheld=pl.col("suppressed") != "",
        source=pl.lit(""),
        unit=pl.lit("people"),
        period_days=pl.lit(1, pl.Int32),
    )
    return _panels(counts.filter(pl.col("signal") != "any"), content.alarms, MOST_TALK, [])


def official_panels(content: PageContent) -> list[Panel]:
    """Official series, at most `MOST_OFFICIAL`: one of each signal first, then the next of each."""
    series = newest(content.series, ["source", *SERIES_KEY, "day"]).select(
        *SERIES_KEY,
        "day",
        "value",
        withheld=pl.lit(False),
        source="source",
        unit=pl.col("unit").replace({"{count}": "cases", "%": "%"}),
        period_days="period_days",
    )
    return _panels(series, content.alarms, MOST_OFFICIAL, ["source", "signal"])


def _panels(series: pl.DataFrame, alarms: pl.DataFrame, most: int, in_turn: list[str]) -> list[Panel]:
    """The `most` series with the most alarms; those that differ in `in_turn` take turns."""
    fired = alarms.filter("alarm").group_by(SERIES_KEY).agg(alarms=pl.col("day").n_unique(), latest=pl.col("day").max())
    ranked = (
        series.group_by("source", *SERIES_KEY)
        .agg(total=pl.col("value").sum(), n=pl.col("day").n_unique())
        .filter(pl.col("n") >= 3)
        .join(fired, on=SERIES_KEY, how="left")
        .sort(
            pl.col("alarms").fill_null(0),
            "latest",
            "total",
            "source",
            *SERIES_KEY,
            descending=[True, True, True, False, False, False, False],
            nulls_last=True,
        )
    )
    if in_turn:
        ranked = ranked.with_columns(turn=pl.int_range(pl.len()).over(in_turn)).sort("turn", maintain_order=True)
    ranked = ranked.head(most)
    chosen = ranked.select("source", *SERIES_KEY)
    points = series.join(chosen, on=["source", *SERIES_KEY], how="semi")
    tested = alarms.join(chosen, on=SERIES_KEY, how="semi")
    return [_panel(points, tested, *key) for key in chosen.iter_rows()]


def _panel(points: pl.DataFrame, alarms: pl.DataFrame, source: str, signal: str, place: str, stratum: str) -> Panel:
    here = (pl.col("signal") == signal) & (pl.col("place") == place) & (pl.col("stratum") == stratum)
    mine, own = points.filter(here & (pl.col("source") == source)).sort("day").tail(POINTS), alarms.filter(here)
    shown = own.filter(pl.col("day") >= mine["day"].min()) if mine.height else own
    drawn = mine.join(_band(shown), on="day", how="left").join(
        shown.filter("alarm").select("day", "alarm").unique("day"), on="day", how="left"
    )
    first = mine.row(0, named=True)
    return Panel(
        signal,
        place,
        stratum,
        source,
        first["unit"],
        first["period_days"],
        drawn.sort("day").select("day", "value", "withheld", "expected", "bound", "alarm", "nowcast", "nowcast_low", "nowcast_high"),
        shown.filter("alarm").sort("day", "detector", descending=[True, False]),
    )


def _band(alarms: pl.DataFrame) -> pl.DataFrame:
    """Expected count and bound of each day, of one detector a day: one that looks years back where it tested, else the one that fired
    most, then the one that tested most, then by name."""
    rank = alarms.group_by("detector").agg(
        years=pl.col("detector").first().str.starts_with("farrington"), fired=pl.col("alarm").sum(), tested=pl.col("bound").count()
    )
    ranked = rank.sort("years", "fired", "tested", "detector", descending=[True, True, True, False])
    best = ranked.unique("years", keep="first", maintain_order=True).with_row_index("order")
    asked = alarms.join(best.select("detector", "order"), on="detector").sort("day", pl.col("bound").is_null(), "order")
    return asked.unique("day", keep="first", maintain_order=True).select(
        "day", "expected", "bound", "nowcast", "nowcast_low", "nowcast_high"
    )
