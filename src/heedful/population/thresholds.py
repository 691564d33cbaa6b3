"""Thresholds: how unlikely a count must be, by signal and place; how many alerts a day may be looked at; what people's verdicts advise.

A level is chosen in this order: the last override that fits the series, else the site's. `alerts_a_day` then lets only so many alerts
of a day through, the least likely first: it lowers that day's level, and what is held back is kept and said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import polars as pl
from scipy.special import betaincinv

DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Override:
    """Other levels for some series; None leaves the site's.

    `signal`: a signal, or the beginning of signals followed by `*`. `place`: a place, with all within it; `world` or "" is everywhere.
    `minimum_count`: no alarm below so many people or cases.
    """

    signal: str = "*"
    place: str = ""
    alpha: float | None = None
    q_limit: float | None = None
    minimum_count: float | None = None

    def fits(self) -> pl.Expr:
        """Which rows it is about, by their columns `signal` and `place`."""
        signal, place = pl.col("signal"), pl.col("place")
        named = signal.str.starts_with(self.signal[:-1]) if self.signal.endswith("*") else signal == self.signal
        if self.place in ("", "world"):
            return named
        return named & ((place == self.place) | place.str.starts_with(self.place + "/"))


class ThresholdSettings(Protocol):
    """The resource `thresholds` of the alarm derivations."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def alpha(self) -> float:
        """Nominal share of false alarms of one series on one day, for the bound."""
        ...

    @property
    def q_limit(self) -> float:
        """Largest expected share of false ones among a day's signals with an alarm."""
        ...

    @property
    def alerts_a_day(self) -> int:
        """Alerts of a day that are let through; 0 for all."""
        ...

    @property
    def overrides(self) -> tuple[Override, ...]: ...


@dataclass(frozen=True)
class Thresholds:
    """`ThresholdSettings` as plain values."""

    alpha: float = 0.001
    q_limit: float = 0.05
    alerts_a_day: int = 0
    overrides: tuple[Override, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        return f"alpha={self.alpha!r};q_limit={self.q_limit!r};alerts_a_day={self.alerts_a_day};overrides={self.overrides!r}"


def with_levels(rows: pl.DataFrame, thresholds: ThresholdSettings) -> pl.DataFrame:
    """`rows` (signal, place, …) with `alpha`, `q_limit` and `minimum_count` of each; the last override that fits wins.

    >>> strict = Thresholds(overrides=(Override("drug:*", "US", q_limit=0.01),))
    >>> rows = pl.DataFrame({"signal": ["drug:x", "drug:x", "cough"], "place": ["US/NY", "DE", "US"]})
    >>> with_levels(rows, strict)["q_limit"].to_list()
    [0.01, 0.05, 0.05]
    """
    alpha, q_limit, minimum = pl.lit(thresholds.alpha), pl.lit(thresholds.q_limit), pl.lit(0.0)
    for one in thresholds.overrides:
        fits = one.fits()
        alpha = alpha if one.alpha is None else pl.when(fits).then(one.alpha).otherwise(alpha)
        q_limit = q_limit if one.q_limit is None else pl.when(fits).then(one.q_limit).otherwise(q_limit)
        minimum = minimum if one.minimum_count is None else pl.when(fits).then(one.minimum_count).otherwise(minimum)
    return rows.with_columns(alpha=alpha, q_limit=q_limit, minimum_count=minimum)


def chance(rows: pl.DataFrame, tests_a_year: float) -> pl.Series:
    """Alarms a year that each test would raise if nothing but chance were at work, at the level that its day ended up with.

    `rows`: day, strand, q, strand_q, q_limit, tests, strands. A test is called if its p is at most
    `q_limit` * (strands called / strands) * (tests called within / tests), itself and its strand counted in; under chance p is uniform.
    """
    within = ["day", "strand"]
    called = (pl.col("q") <= pl.col("q_limit")).fill_null(False)
    strand_called = (pl.col("strand_q") <= pl.col("q_limit")).fill_null(False)
    chosen = pl.col("strand").filter(strand_called).n_unique().over("day") + (~strand_called).cast(pl.Int64)
    inside = called.cast(pl.Int64).sum().over(within) + (~called).cast(pl.Int64)
    level = pl.col("q_limit") * chosen / pl.col("strands") * inside / pl.col("tests")
    return rows.select(pl.when(pl.col("p").is_not_null()).then(level * tests_a_year).alias("chance")).to_series()


def site_chance(alarms: pl.DataFrame, q_limit: float) -> float:
    """Alerts a year that chance alone is expected to raise on the site, from rows of `Alarms`.

    A signal at which nothing is is called on a day with probability `q_limit` * (signals called, itself counted in) / (signals tested), so
    all of them together about `q_limit` * (signals called + 1) times.
    People's counts, official daily and official weekly counts are families of their own: a day on which a family had no test adds none.

    >>> day = pl.date(2026, 3, 1)
    >>> quiet = pl.select(day=day, detector=pl.lit("ears.c1"), signal=pl.lit("cough"), p=pl.lit(0.4), alarm=pl.lit(False))
    >>> round(site_chance(quiet, 0.05), 1)
    18.3
    """
    tested = alarms.filter(pl.col("p").is_not_null())
    if tested.is_empty():
        return 0.0
    official = tested.with_columns(family=pl.col("detector").str.contains("@"))
    days = official.group_by("family", "day").agg(called=pl.col("signal").filter("alarm").n_unique())
    span = days.group_by("family").agg(
        days=pl.col("day").n_unique(), first=pl.col("day").min(), last=pl.col("day").max(), each=pl.mean("called")
    )
    total = 0.0
    for row in span.iter_rows(named=True):
        step = (row["last"] - row["first"]).days / max(row["days"] - 1, 1)
        total += q_limit * (row["each"] + 1) * DAYS_A_YEAR / max(step, 1.0)
    return total


def ranked(alerts: pl.DataFrame, alerts_a_day: int) -> pl.DataFrame:
    """`alerts` (day, q, p, observed, bound, …) with `rank` on its day, `held_back`, and `level`: the largest q let through that day."""
    order = ["day", "q", "p", (pl.col("bound") - pl.col("observed")), "signal", "place"]
    rows = alerts.sort(order, nulls_last=True).with_columns(rank=pl.int_range(1, pl.len() + 1).over("day"))
    most = alerts_a_day if alerts_a_day > 0 else alerts.height + 1
    rows = rows.with_columns(held_back=pl.col("rank") > most)
    return rows.with_columns(level=pl.col("q").filter(~pl.col("held_back")).max().over("day"))


def advice(verdicts: pl.DataFrame) -> pl.DataFrame:
    """What people's verdicts say about a level, by signal and detector, and over all.

    Parameters
    ----------
    verdicts: one row an alert that was verified or dismissed: `signal`, `detectors` (comma-separated), `q`, `verified` (bool).

    Returns
    -------
    `by` (all, signal or detector), `name`, `verified`, `dismissed`, `precision` and its 95 % Jeffreys interval `low`, `high`;
    `level`: the largest q of a verified alert, at which every verified one would have been kept; `spared`: dismissed alerts with a
    larger q, which that level would have spared. `level` is null where nothing was verified.

    Reference: Brown, Cai & DasGupta 2001, Statistical Science 16:101-133 (Jeffreys interval).
    """
    detectors = verdicts.with_columns(pl.col("detectors").str.split(", ")).explode("detectors", empty_as_null=True)
    parts = [
        verdicts.with_columns(by=pl.lit("all"), name=pl.lit("all")),
        verdicts.with_columns(by=pl.lit("signal"), name=pl.col("signal")),
        detectors.with_columns(by=pl.lit("detector"), name=pl.col("detectors")),
    ]
    columns = ["by", "name", "q", "verified"]
    rows = pl.concat([part.select(columns) for part in parts])
    level = pl.col("q").filter("verified").max()
    found = rows.group_by("by", "name").agg(
        level=level,
        spared=((~pl.col("verified")) & (pl.col("q") > level)).fill_null(False).sum().cast(pl.Int64),
        dismissed=(~pl.col("verified")).sum().cast(pl.Int64),
        verified=pl.col("verified").sum().cast(pl.Int64),
    )
    yes, no = found["verified"].to_numpy().astype(float), found["dismissed"].to_numpy().astype(float)
    low, high = betaincinv(yes + 0.5, no + 0.5, 0.025), betaincinv(yes + 0.5, no + 0.5, 0.975)
    low[yes == 0], high[no == 0] = 0.0, 1.0
    order = pl.col("by").replace_strict({"all": 0, "signal": 1, "detector": 2}, return_dtype=pl.Int64)
    return (
        found.with_columns(precision=pl.Series(yes / (yes + no)), low=pl.Series(low), high=pl.Series(high))
        .sort(order, pl.col("verified") + pl.col("dismissed"), "name", descending=[False, True, False])
        .select("by", "name", "verified", "dismissed", "precision", "low", "high", "level", "spared")
    )
