"""Every series at once: which counts were higher than the days just before, or than the same weeks of earlier years; and what could not
be tested.

`count_alarms` watches our own counts of people, `series_alarms` official series. Weekly official counts with three years behind them are
asked by flexible Farrington (`heedful.population.watch_years`), all others by EARS: C1, C2 and the published C3, bounds as EARS
has them with a floor under the spread, and hold the false-discovery rate: an alarm is above its bound, and its q within the limit.
p is not the normal tail of the EARS statistic, which is far too small for so short a baseline (`heedful.population.prediction` has
the figures), but that of a negative binomial prediction from the same baseline (rates: Student's t); for C3, of the sum over its three
dates. q is Benjamini and Hochberg's over all series that a detector tested on a day, quiet ones too.

To keep the table small, rows are kept only where a series was tested and had something (a count above zero), or was not tested and
had, or may have had, something: a withheld or missing count, or a count whose baseline is incomplete. What none of the three could
test for the same reason is one row under the detector "ears". Series without a count above zero in the days looked at are not rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Counts, Series
from heedful.population.people_mentions import ANY
from heedful.population.watch import LOOKBACK, answers, panels
from heedful.population.watch_years import DETECTOR, LOOKBACK_DAYS, yearly_answers

_SERIES = ["signal", "place", "stratum"]


class DetectionSettings(Protocol):
    """The resource `detection` of both derivations."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def minimum_cell(self) -> int:
        """Smallest number of people that is shown; a withheld count stands as half of it in a baseline."""
        ...

    @property
    def alpha(self) -> float:
        """Nominal share of false alarms of one series on one day."""
        ...

    @property
    def q_limit(self) -> float:
        """Largest expected share of false alarms among a day's alarms."""
        ...


@dataclass(frozen=True)
class Detection:
    """`DetectionSettings` as plain values."""

    minimum_cell: int = 5
    alpha: float = 0.001
    q_limit: float = 0.05

    @property
    def fingerprint(self) -> str:
        return f"minimum_cell={self.minimum_cell};alpha={self.alpha!r};q_limit={self.q_limit!r}"


@derivation(reads=(Counts,), writes=Alarms, by=("day",), lookback=LOOKBACK, needs=("detection",), version=1)
def count_alarms(counts: Frame[Aggregate, Counts], *, detection: DetectionSettings) -> Frame[Aggregate, Alarms]:
    """Alarms over counts of people, from the newest known count of each cell.

    A day without a row is a zero where somebody was seen to post in that place on that day (the signal 'any' has a row, withheld or
    not), else it is missing. A withheld count enters baselines at half the minimum cell and is never tested. The signal 'any' itself
    is not a series. The spread has a floor of one person.
    """
    newest = counts.data.sort("known_at").unique([*_SERIES, "day"], keep="last", maintain_order=True)
    posted = newest.filter(pl.col("signal") == ANY).select("place", "stratum", "day")
    withheld = pl.col("suppressed") != ""
    stand_in = pl.lit(detection.minimum_cell / 2)
    values = newest.filter(pl.col("signal") != ANY).select(
        *_SERIES,
        "day",
        pl.when(withheld).then(stand_in).otherwise(pl.col("people").cast(pl.Float64)).alias("value"),
        withheld.alias("withheld"),
        pl.lit(1.0).alias("floor"),
    )
    asked = [answers(panel, detection.alpha) for panel in panels(values, _SERIES, posted, newest["day"], 1)]
    return counts.derive(Alarms, _judged(asked, detection.q_limit, _PEOPLE))


@derivation(reads=(Series,), writes=Alarms, by=("day",), lookback=LOOKBACK_DAYS, needs=("detection",), narrow=True, version=2)
def series_alarms(
    series: Frame[Aggregate, Series], *, detection: DetectionSettings, keys: pl.DataFrame | None = None
) -> Frame[Aggregate, Alarms]:
    """Alarms over official daily and weekly series, from the newest issue of each period; `day` is the period's first.

    The detector names the issuer (ears.c1@ilinet), since two may count the same. Baseline dates are exact steps of the period back,
    so that a week that was not issued is missing, never zero. Counts have a floor of 1 under their spread, rates none. q is over the
    series of the same period length that day. Series of other period lengths are one row under "ears", not tested.

    A weekly count that is known around the same time three years before is asked by flexible Farrington (farrington_flexible@ilinet)
    against up to five years, and not by EARS; where that finds no mean, and in rates, EARS is asked. `keys`: days asked for.
    """
    names = ["source", *_SERIES]
    newest = (
        series.data.sort("known_at")
        .unique([*names, "day"], keep="last", maintain_order=True)
        .with_columns(
            pl.col("value").fill_nan(None),
            pl.lit(False).alias("withheld"),
            pl.col("unit").str.starts_with("{").cast(pl.Float64).alias("floor"),
        )
    )
    judged = []
    for step, words in ((1, _DAILY), (7, _WEEKLY)):
        mine = newest.filter(pl.col("period_days") == step)
        days = mine["day"].unique() if keys is None else mine.join(keys, on="day", how="semi")["day"].unique()
        # a series whose unit changes is another series: its old values are no baseline
        identity = [*names, "unit"]
        yearly = yearly_answers(mine.filter(pl.col("floor") > 0) if step == 7 else mine.clear(), identity, days, detection.alpha)
        asked = [answers(panel, detection.alpha) for panel in panels(mine, identity, None, days, step, yearly.answered)]
        judged.append(_judged([*asked, *([yearly.rows] if yearly.rows.height else [])], detection.q_limit, words))
    return series.derive(Alarms, pl.concat([*judged, _other_periods(newest)]).sort(Alarms.key))


@dataclass(frozen=True)
class _Words:
    """How sentences name what is counted, the dates before, and an absent date."""

    unit: str
    dates: str
    absent: str


_PEOPLE = _Words(" people", "days", "nobody was seen to post there on that day, so a zero would mean nothing")
_DAILY = _Words("", "days", "no value was issued for this day")
_WEEKLY = _Words("", "weeks", "no value was issued for this week")


_YEARLY = pl.DataFrame(schema={"years": pl.Int64, "down_weighted": pl.Int64, "trend": pl.Boolean})
"""What only flexible Farrington says of a row."""


def _judged(asked: list[pl.DataFrame], q_limit: float, words: _Words) -> pl.DataFrame:
    """Rows of `Alarms` from the detectors' answers."""
    if not asked:
        return Alarms.empty()
    rows = pl.concat([_YEARLY, *asked], how="diagonal_relaxed")
    alarm = (pl.col("above") & (pl.col("q") <= q_limit)).fill_null(False)
    rows = rows.with_columns(alarm.alias("alarm")).with_columns(_why(words).alias("why"))
    if "source" in rows.columns:
        rows = rows.with_columns(pl.format("{}@{}", "detector", "source").alias("detector"))
    rows = rows.sort(*Alarms.key, "observed", nulls_last=True).unique(Alarms.key, keep="first", maintain_order=True)
    return Alarms.check(rows.select(*Alarms.columns))


def _why(words: _Words) -> pl.Expr:
    """One plain sentence a row."""
    seen, usual, expected, q = _number("observed"), _number("bound"), _number("expected"), _probability("q")
    withheld = "Not tested: the count of the day is withheld to protect the few people behind it or behind a neighboring place."
    baseline = f"Not tested: {{}} of the {{}} {words.dates} of its baseline are missing."
    flat = f"Not tested: the {words.dates} of its baseline are all equal, so nothing says what is usual."
    high = f"{{}}{words.unit} where {{}} were expected and up to {{}} is usual: not by chance among {{}} series tested (q {{}})."
    together = f"the last three {words.dates} together are not by chance"
    after = f"{{}}{words.unit} where {{}} were expected; {together} among {{}} series tested (q {{}})."
    few = f"{{}}{words.unit}; too few cases in the last four {words.dates} to speak of an outbreak ({{}} expected)."
    years = (
        "{} where {} were expected from the same weeks of {} years{} and up to {} is usual: not by chance among {} series tested (q {})."
    )
    chance = f"{{}}{words.unit}, above the {{}} that is usual, but among {{}} series tested that may be chance (q {{}})."
    return (
        pl.when(pl.col("state") == "withheld")
        .then(pl.lit(withheld))
        .when(pl.col("state") == "missing")
        .then(pl.lit(f"Not tested: {words.absent}."))
        .when(pl.col("state") == "baseline")
        .then(pl.format(baseline, "lost", "needed"))
        .when(pl.col("state") == "flat")
        .then(pl.lit(flat))
        .when(pl.col("state") == "few")
        .then(pl.format(few, seen, expected))
        .when(pl.col("alarm") & (pl.col("detector") == DETECTOR))
        .then(pl.format(years, seen, expected, "years", _notes(), usual, "family", q))
        .when(pl.col("alarm") & (pl.col("bound") < pl.col("expected")))  # C3 sums over three dates: its bound may lie below the mean
        .then(pl.format(after, seen, expected, "family", q))
        .when("alarm")
        .then(pl.format(high, seen, expected, usual, "family", q))
        .when(pl.col("above").fill_null(False))
        .then(pl.format(chance, seen, usual, "family", q))
        .otherwise(pl.format(f"{{}}{words.unit}; up to {{}} is usual here.", seen, usual))
    )


def _notes() -> pl.Expr:
    """What was done to the years before: past outbreaks weighed down, a trend followed."""
    lowered = (
        pl.when(pl.col("down_weighted") == 1).then(pl.lit(", 1 high week among them counted less"))
        .when(pl.col("down_weighted") > 1).then(pl.format(", {} high weeks among them counted less", "down_weighted"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    return lowered + pl.when("trend").then(pl.lit(", their trend followed,")).otherwise(pl.lit(""))


def _number(name: str, digits: int = 4) -> pl.Expr:
    return pl.col(name).round_sig_figs(digits).cast(pl.String).str.replace(r"\.0$", "")


def _probability(name: str) -> pl.Expr:
    return pl.when(pl.col(name) < 1e-4).then(pl.lit("< 0.0001")).otherwise(pl.format("= {}", _number(name, 2)))


def _other_periods(newest: pl.DataFrame) -> pl.DataFrame:
    """One row "not tested" for each value above zero of a series that is neither daily nor weekly."""
    rows = newest.filter(~pl.col("period_days").is_in([1, 7]) & (pl.col("value") > 0))
    return Alarms.check(
        rows.select(
            pl.format("ears@{}", "source").alias("detector"), *_SERIES, "day", pl.col("value").alias("observed"),
            pl.lit(False).alias("alarm"),
            pl.format("Not tested: EARS reads daily and weekly series, and this one counts {} days at once.", "period_days").alias("why"),
        )
    )  # fmt: skip
