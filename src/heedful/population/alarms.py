"""Every series at once: which counts were higher than the days just before, or than the same weeks of earlier years; and what could not
be tested.

`count_alarms` watches our own counts of people, `series_alarms` official series. Weekly official counts with three years behind them are
asked by flexible Farrington (`heedful.population.watch_years`), with a year and a half by harmonic regression
(`heedful.population.watch_waves`), all others by EARS: C1, C2 and the published C3, bounds as EARS
has them with a floor under the spread, and hold the false-discovery rate: an alarm is above its bound, and its q within the limit.
p is not the normal tail of the EARS statistic, which is far too small for so short a baseline (`heedful.population.prediction` has
the figures), but that of a negative binomial prediction from the same baseline (rates: Student's t); for C3, of the sum over its three
dates. q is hierarchical (`heedful.population.false_discovery`): over the signals of a day, and within a signal over its places, strata
and detectors, quiet ones too. The limits are those of `heedful.population.thresholds`, by signal and place.

A count that will still grow or be revised, official or of people whose posts are fetched late, is nowcast from the series' own
vintages (`heedful.population.vintages`): the nowcast is what is tested and what later baselines hold, p is averaged over what it may
come to, and the sentence says so.

To keep the table small, rows are kept only where a series was tested and had something (a count above zero, or a zero where half a case
or more was expected, so that the expected curve has no gaps), or was not tested and
had, or may have had, something: a withheld or missing count, or a count whose baseline is incomplete. What none of the three could
test for the same reason is one row under the detector "ears". Series without a count above zero in the days looked at are not rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import polars as pl

from heedful.core.derivations import InParts, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Counts, Series, WeeklyPeople
from heedful.population.completed import GROWING, completed
from heedful.population.false_discovery import hierarchical_q
from heedful.population.issued import issued
from heedful.population.people_mentions import ANY
from heedful.population.thresholds import DAYS_A_YEAR, ThresholdSettings, chance, with_levels
from heedful.population.vintages import LEAST_DATES, WINDOW, nowcasts
from heedful.population.watch import LOOKBACK, Asked, answers, panels, strand_columns
from heedful.population.watch_issued import ByYears, by_years, with_ears
from heedful.population.watch_waves import WAVES
from heedful.population.watch_years import DETECTOR, LOOKBACK_DAYS, yearly_answers

_SERIES = ["signal", "place", "stratum"]


class DetectionSettings(Protocol):
    """The resource `detection` of the derivations that count people."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def minimum_cell(self) -> int:
        """Smallest number of people that is shown; a withheld count stands as half of it in a baseline."""
        ...


@dataclass(frozen=True)
class Detection:
    """`DetectionSettings` as plain values."""

    minimum_cell: int = 5

    @property
    def fingerprint(self) -> str:
        return f"minimum_cell={self.minimum_cell}"


PEOPLE_WINDOW = 56
"""Days from whose late posts the growth of our own counts is learned: weeks, since a new source or a slower fetch changes it at once."""


@derivation(
    reads=(Counts,),
    writes=Alarms,
    by=("day",),
    lookback=LOOKBACK + PEOPLE_WINDOW,
    needs=("detection", "thresholds"),
    narrow=True,
    own_days=True,
    version=4,
)
def count_alarms(
    counts: Frame[Aggregate, Counts], *, detection: DetectionSettings, thresholds: ThresholdSettings, keys: pl.DataFrame | None = None
) -> Frame[Aggregate, Alarms]:
    """Alarms over counts of people, from the newest known count of each cell.

    A day without a row is a zero where somebody was seen to post in that place on that day (the signal 'any' has a row, withheld or
    not), else it is missing. A withheld count enters baselines at half the minimum cell and is never tested. The signal 'any' itself
    is not a series. The spread has a floor of one person.

    Posts that are fetched days after they were written make a day's count grow. Where the newest days' counts grew from fetch to fetch,
    what they will come to is nowcast from the counts of the cell that were shown in the `PEOPLE_WINDOW` days before, and that is tested;
    a withheld count is never nowcast. `keys`: days asked for.
    """
    days = counts.data["day"].unique()
    if keys is not None:
        days = days.filter(days.is_in(keys["day"].implode()))
    # only what these days' baselines hold is looked at: the days before say how counts grow, and no more
    near = counts.data.filter(pl.col("day") >= pl.lit(days.min(), pl.Date) - pl.duration(days=LOOKBACK)) if len(days) else counts.data
    newest = near.sort("known_at").unique([*_SERIES, "day"], keep="last", maintain_order=True)
    posted = newest.filter(pl.col("signal") == ANY).select("place", "stratum", "day")
    withheld = pl.col("suppressed") != ""
    stand_in = pl.lit(detection.minimum_cell / 2)
    values = newest.filter(pl.col("signal") != ANY).select(
        *_SERIES,
        "day",
        pl.when(withheld).then(stand_in).otherwise(pl.col("people").cast(pl.Float64)).alias("value"),
        "known_at",
        withheld.alias("withheld"),
        pl.lit(1.0).alias("floor"),
    )
    values = completed(values, _late_posts(counts.data, values), _SERIES, 1)
    values = with_levels(values, thresholds).drop("q_limit", "minimum_count")
    asked = [answers(panel, thresholds.alpha) for panel in panels(values, _SERIES, posted, days, 1)]
    growing = values.filter(pl.col("day").is_in(days.implode())).select(*_SERIES, "day", *GROWING)
    return counts.derive(Alarms, _judged(asked, thresholds, _PEOPLE, growing))


def _late_posts(counts: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """What the days' shown counts will come to when the posts that are still unknown are in."""
    shown = counts.filter((pl.col("signal") != ANY) & pl.col("people").is_not_null())
    issues = shown.select(*_SERIES, "day", pl.col("people").cast(pl.Float64).alias("value"), "known_at")
    # all strata of a kind are counted in one run, so that any late count tells how old the others are
    found = nowcasts(issues, _SERIES, ["stratum"], 1, PEOPLE_WINDOW)
    return found.join(values.filter(~pl.col("withheld")), on=[*_SERIES, "day"], how="semi", maintain_order="left")


SERIES_AT_ONCE = 5_000
"""Of our own weekly counts; bounds memory."""


@derivation(
    reads=(WeeklyPeople,), writes=Alarms, by=("day",), lookback=LOOKBACK_DAYS, needs=("thresholds",), narrow=True, own_days=True, version=1
)
def weekly_alarms(
    weeks: Frame[Aggregate, WeeklyPeople], *, thresholds: ThresholdSettings, keys: pl.DataFrame | None = None
) -> Frame[Aggregate, Alarms]:
    """Alarms over our own weekly counts, from the yearly detectors alone, by the rule of official ones; `day` is the week's last.

    A week without a row is a zero where the week has counts. A week with a withheld day is compared with, and never tested. What the
    yearly detectors cannot test, days are for (`count_alarms`). `keys`: days asked for.
    """
    days = weeks.data["day"].unique()
    days = days if keys is None else days.filter(days.is_in(keys["day"].implode()))
    counted = weeks.data.filter(pl.col("signal") == ANY).select("place", "stratum", "day")
    values = with_levels(weeks.data.filter(pl.col("signal") != ANY).rename({"people": "value"}), thresholds)
    hidden = values.filter(pl.col("withheld") > 0).select(*_SERIES, "day")
    asked = []
    names = values.select(*_SERIES, "alpha").unique().sort(_SERIES)
    for level in names.partition_by("alpha", maintain_order=True):
        for at in range(0, level.height, SERIES_AT_ONCE):
            mine = values.join(level[at : at + SERIES_AT_ONCE].select(_SERIES), on=_SERIES, how="semi")
            found = yearly_answers(mine, _SERIES, days, level["alpha"][0], counted)
            rows, tested = (
                part.join(hidden, on=[*_SERIES, "day"], how="anti") if part.height else part for part in (found.rows, found.answered)
            )
            if tested.height:
                tests = tested.group_by("signal", "day").agg(tests=pl.len().cast(pl.Int64), series=pl.len().cast(pl.Int64))
                asked.append(Asked(rows, tests))
    return weeks.derive(Alarms, _judged(asked, thresholds, _PEOPLE_WEEKS))


@dataclass(frozen=True)
class _AskedSeries:
    """By days from date to date what the yearly detectors said; `others`: alarm rows of series that are neither daily nor weekly."""

    by_step: dict[int, ByYears]
    others: Frame[Aggregate, Alarms]


def _ask_series(
    series: Frame[Aggregate, Series], *, thresholds: ThresholdSettings, keys: pl.DataFrame | None = None
) -> _AskedSeries:  # fmt: skip
    """Whole strands (a signal of one issuer), not necessarily all."""
    by_step = {}
    for step in _STEPS:
        of_step = series.data["period_days"] == step
        rows = series.data if of_step.all() else series.data.filter(of_step)
        by_step[step] = by_years(issued(rows), keys, thresholds, step)
    return _AskedSeries(by_step, series.derive(Alarms, _other_periods(series.data)))


def _judge_series(
    asked: list[_AskedSeries], *, thresholds: ThresholdSettings, keys: pl.DataFrame | None = None
) -> Frame[Aggregate, Alarms]:  # fmt: skip
    """EARS and false discoveries, which look at all strands together."""
    judged = [one.others.data for one in asked]
    for step, words in _STEPS.items():
        found = with_ears([one.by_step[step] for one in asked], thresholds, step)
        judged.append(_judged(found.asked, thresholds, words, found.growing))
    return asked[0].others.derive(Alarms, pl.concat(judged).sort(Alarms.key))


@derivation(
    reads=(Series,),
    writes=Alarms,
    by=("day",),
    lookback=LOOKBACK_DAYS + 7 * WINDOW,
    needs=("thresholds",),
    narrow=True,
    own_days=True,
    in_parts=InParts(("source", "signal"), _ask_series, _judge_series),
    version=6,
)
def series_alarms(
    series: Frame[Aggregate, Series], *, thresholds: ThresholdSettings, keys: pl.DataFrame | None = None
) -> Frame[Aggregate, Alarms]:
    """Alarms over official daily and weekly series, from the newest issue of each period; `day` is the period's first.

    The detector names the issuer (ears.c1@ilinet), since two may count the same. Baseline dates are exact steps of the period back,
    so that a week that was not issued is missing, never zero. Counts have a floor of 1 under their spread, rates none. q is over the
    series of the same period length that day. Series of other period lengths are one row under "ears", not tested. Counts that are
    not final are nowcast first, rates too.

    A weekly count that is known around the same time three years before is asked by flexible Farrington (farrington_flexible@ilinet)
    against up to five years, and not by EARS. Any other with 78 known weeks before it is asked by harmonic regression
    (harmonic_regression@ilinet), fitted to up to four years without the newest half year and without the pandemic's weeks. Where neither
    finds a mean, and in rates, EARS is asked. `keys`: days asked for.

    Sums over places and age groups that the issuer does not give are tested too (`heedful.population.roll_up`).
    """
    return _judge_series([_ask_series(series, thresholds=thresholds, keys=keys)], thresholds=thresholds)


@dataclass(frozen=True)
class _Words:
    """How sentences name what is counted, the dates before, and an absent date; dates a year."""

    unit: str
    dates: str
    absent: str
    a_year: float


_PEOPLE = _Words(" people", "days", "nobody was seen to post there on that day, so a zero would mean nothing", DAYS_A_YEAR)
_DAILY = _Words("", "days", "no value was issued for this day", DAYS_A_YEAR)
_WEEKLY = _Words("", "weeks", "no value was issued for this week", DAYS_A_YEAR / 7)
_PEOPLE_WEEKS = _Words(" person-days in the week", "weeks", "the week has no counts", DAYS_A_YEAR / 7)
_STEPS = {1: _DAILY, 7: _WEEKLY}


_OPTIONAL = pl.DataFrame(
    schema={
        "years": pl.Int64, "weeks": pl.Int64, "down_weighted": pl.Int64, "trend": pl.Boolean, "p": pl.Float64, "above": pl.Boolean,
        "bound": pl.Float64, "lost": pl.Int64, "needed": pl.Int64,
    }
)  # fmt: skip
"""What not every answer says."""


def _judged(asked: list[Asked], thresholds: ThresholdSettings, words: _Words, growing: pl.DataFrame | None = None) -> pl.DataFrame:
    """Rows of `Alarms` from the detectors' answers."""
    if not asked:
        return Alarms.empty()
    rows = pl.concat([_OPTIONAL, *(one.rows for one in asked)], how="diagonal_relaxed")
    strand = strand_columns(rows.columns)
    rows = _with_families(rows.with_columns(pl.col("p").fill_nan(None)), pl.concat([one.tests for one in asked]), strand)
    if growing is None:
        rows = rows.with_columns(**{name: pl.lit(None, pl.Boolean if name == "enough" else pl.Float64) for name in GROWING})
    else:
        on = [name for name in growing.columns if name not in GROWING]
        rows = rows.join(growing, on=on, how="left", maintain_order="left")
    rows = with_levels(rows, thresholds)
    fired = pl.col("above") & (pl.col("q") <= pl.col("q_limit")) & (pl.col("observed") >= pl.col("minimum_count"))
    rows = hierarchical_q(rows).with_columns(tested=pl.col("observed"), alarm=fired.fill_null(False))
    rows = rows.with_columns(chance(rows, words.a_year), observed=pl.coalesce("seen", "observed"))
    rows = rows.with_columns((_why(words) + _completeness(words, rows) + _of_parts(rows)).alias("why"))
    if "source" in rows.columns:
        rows = rows.with_columns(pl.format("{}@{}", "detector", "source").alias("detector"))
    rows = rows.sort(*Alarms.key, "observed", nulls_last=True).unique(Alarms.key, keep="first", maintain_order=True)
    return Alarms.check(rows.select(*Alarms.columns))


def _with_families(rows: pl.DataFrame, tests: pl.DataFrame, strand: list[str]) -> pl.DataFrame:
    """`strand`, `tests` in it that day, `strands` tested that day, and the day's `family` of series."""
    by = tests.group_by(*strand, "day").agg(pl.col("tests").sum(), pl.col("series").sum())
    by = by.with_columns(strands=pl.len().over("day").cast(pl.Int64), family=pl.col("series").sum().over("day"))
    rows = rows.join(by.drop("series"), on=[*strand, "day"], how="left", maintain_order="left")
    return rows.with_columns(strand=pl.concat_str(strand, separator="\x1f"))


def _why(words: _Words) -> pl.Expr:
    """One plain sentence a row."""
    usual, expected, q = _number("bound"), _number("expected"), _probability("q")
    by_nowcast = pl.format(
        f"{{}}{words.unit} so far, by nowcast {{}} ({{}} to {{}}) in the end,",
        *map(_number, ("observed", "nowcast", "nowcast_low", "nowcast_high")),
    )
    seen = pl.when(pl.col("nowcast").is_not_null()).then(by_nowcast).otherwise(pl.format(f"{{}}{words.unit}", _number("observed")))
    withheld = "Not tested: the count of the day is withheld to protect the few people behind it or behind a neighboring place."
    baseline = f"Not tested: {{}} of the {{}} {words.dates} of its baseline are missing."
    flat = f"Not tested: the {words.dates} of its baseline are all equal, so nothing says what is usual."
    high = "{} where {} were expected and up to {} is usual: not by chance among {} series tested (q {})."
    together = f"the last three {words.dates} together are not by chance"
    after = f"{{}} where {{}} were expected; {together} among {{}} series tested (q {{}})."
    few = f"{{}}; too few cases in the last four {words.dates} to speak of an outbreak ({{}} expected)."
    years = (
        "{} where {} were expected from the same weeks of {} years{} and up to {} is usual: not by chance among {} series tested (q {})."
    )
    season = (
        "{} where {} were expected from the season in {} earlier weeks{} and up to {} is usual: "
        "not by chance among {} series tested (q {})."
    )
    by_chance = "{}, above the {} that is usual, but among {} series tested that may be chance (q {})."
    small = "{}, above the {} that is usual, but under the {} from which the settings let this series raise an alarm."
    too_small = pl.col("above").fill_null(False) & (pl.col("q") <= pl.col("q_limit")) & (pl.col("tested") < pl.col("minimum_count"))
    said = (
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
        .when(pl.col("alarm") & (pl.col("detector") == WAVES))
        .then(pl.format(season, seen, expected, "weeks", _notes(), usual, "family", q))
        .when(pl.col("alarm") & (pl.col("bound") < pl.col("expected")))  # C3 sums over three dates: its bound may lie below the mean
        .then(pl.format(after, seen, expected, "family", q))
        .when("alarm")
        .then(pl.format(high, seen, expected, usual, "family", q))
        .when(too_small)
        .then(pl.format(small, seen, usual, _number("minimum_count")))
        .when(pl.col("above").fill_null(False))
        .then(pl.format(by_chance, seen, usual, "family", q))
        .when(pl.col("detector") == WAVES)
        .then(pl.format("{}; up to {} is usual here by the season in {} earlier weeks{}.", seen, usual, "weeks", _trend()))
        .otherwise(pl.format("{}; up to {} is usual here.", seen, usual))
    )
    return said.str.replace(",;", ";", literal=True)


def _completeness(words: _Words, rows: pl.DataFrame) -> pl.Expr:
    """What is said of a count or rate that is not final."""
    known = (pl.col("completeness") * 100).round().cast(pl.Int64)
    rests = pl.format("It rests on a nowcast: about {} % of the count is known by then.", known)
    if "unit" in rows.columns:
        rate = pl.format("It rests on a nowcast: earlier ones were first issued at about {} % of what they became.", known)
        rests = pl.when(pl.col("unit").str.starts_with("{")).then(rests).otherwise(rate)
    few = pl.format(
        f" It may still change: {{}} earlier {words.dates} show how it grows, {LEAST_DATES} are needed, so it was taken as issued.",
        pl.col("dates").cast(pl.Int64),
    )
    return (
        pl.when(pl.col("nowcast").is_not_null()).then(pl.lit(" ") + rests)
        .when(~pl.col("enough")).then(few)
        .otherwise(pl.lit(""))
    )  # fmt: skip


def _of_parts(rows: pl.DataFrame) -> pl.Expr:
    """What is said of a sum that the issuer does not give."""
    if "unit" not in rows.columns:
        return pl.lit("")
    parts = pl.col("unit").str.extract(r"^\{.*\} of (\d+) parts")
    said = pl.format(" It is the sum of {} parts (places below, or age groups); the issuer gives none.", parts)
    return pl.when(parts.is_not_null()).then(said).otherwise(pl.lit(""))


def _notes() -> pl.Expr:
    """What was done to the years before: past outbreaks weighed down, a trend followed."""
    lowered = (
        pl.when(pl.col("down_weighted") == 1).then(pl.lit(", 1 high week among them counted less"))
        .when(pl.col("down_weighted") > 1).then(pl.format(", {} high weeks among them counted less", "down_weighted"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    return lowered + pl.when("trend").then(pl.lit(", their trend followed,")).otherwise(pl.lit(""))


def _trend() -> pl.Expr:
    return pl.when("trend").then(pl.lit(" and their trend")).otherwise(pl.lit(""))


def _number(name: str, digits: int = 4) -> pl.Expr:
    return pl.col(name).round_sig_figs(digits).cast(pl.String).str.replace(r"\.0$", "")


def _probability(name: str) -> pl.Expr:
    return pl.when(pl.col(name) < 1e-4).then(pl.lit("< 0.0001")).otherwise(pl.format("= {}", _number(name, 2)))


def _other_periods(series: pl.DataFrame) -> pl.DataFrame:
    """One row "not tested" for each value above zero of a series that is neither daily nor weekly."""
    newest = series.filter(~pl.col("period_days").is_in([1, 7])).sort("known_at").unique(["source", *_SERIES, "day"], keep="last")
    rows = newest.filter(pl.col("value").fill_nan(None) > 0)
    return Alarms.check(
        rows.select(
            pl.format("ears@{}", "source").alias("detector"), *_SERIES, "day", pl.col("value").alias("observed"),
            pl.lit(False).alias("alarm"),
            pl.format("Not tested: EARS reads daily and weekly series, and this one counts {} days at once.", "period_days").alias("why"),
        )
    )  # fmt: skip
