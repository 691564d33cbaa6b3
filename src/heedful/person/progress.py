"""Progress towards a goal: how many of the newest known days met it, between which shares, and whether that is more than before."""

from __future__ import annotations

import functools

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Features, Plans, Progress
from heedful.person.plan import AT_LEAST

WINDOW = 14
LEAST_DAYS = 5
PRIOR = 0.5
INTERVAL = 0.9
MEASURES = ("steps[sum]", "sleep_minutes[stages]", "resting_heart_rate[vendor]")
"""Daily features of which goals are told; those of `plan` and `record_goals`."""
_POINTS = (np.arange(2000) + 0.5) / 2000

CARD = Card(
    name="person.progress",
    definition="Share of the newest 14 known days that met a goal, its 90 % interval under Jeffreys' prior, and the posterior probability "
    "that it is higher than in the 14 known days before; the newest day, which may not be over, is left out.",
    units="1",
    reference="Brown, Cai and DasGupta 2001, Stat Sci 16:101 (interval)",
    limits="Days are taken as independent, so that the interval is too narrow where good days come in runs; today's goal is held "
    "against past days, although an adaptive goal was another then.",
)
METHODS.add(CARD.name, Method(CARD))


@derivation(reads=(Features, Plans), writes=Progress, by=("person",), version=1, only={"features": MEASURES})
def goal_progress(features: Frame[Consented[P], Features], plans: Frame[Consented[P], Plans]) -> Frame[Consented[P], Progress]:
    """Progress of every goal that a daily feature tells, of people with at least `LEAST_DAYS` known days (see the card)."""
    goals = plans.data.filter(pl.col("measure").is_not_null() & pl.col("target").is_not_null())
    goals = goals.select("person", "item", "title", "target", "comparator", feature="measure")
    days = features.data.filter(pl.col("feature").is_in(MEASURES)).select("person", "feature", "day", "value", "missing")
    days = days.filter(pl.col("day") < pl.col("day").max().over("person", "feature"))
    known = days.filter((pl.col("missing") == "") & pl.col("value").is_finite()).sort("person", "feature", "day", descending=True)
    known = known.with_columns(age=pl.int_range(pl.len()).over("person", "feature")).filter(pl.col("age") < 2 * WINDOW)
    met = pl.when(pl.col("comparator") == AT_LEAST).then(pl.col("value") >= pl.col("target")).otherwise(pl.col("value") <= pl.col("target"))
    new = pl.col("age") < WINDOW
    counted = (
        goals.join(known, on=["person", "feature"])
        .with_columns(hit=met)
        .group_by("person", "item", "title")
        .agg(
            day=pl.col("day").max(),
            met=pl.col("hit").filter(new).sum().cast(pl.Int64),
            days=new.sum().cast(pl.Int64),
            earlier_met=pl.col("hit").filter(~new).sum().cast(pl.Int64),
            earlier_days=(~new).sum().cast(pl.Int64),
        )
        .filter(pl.col("days") >= LEAST_DAYS)
        .sort("person", "item")
    )
    return features.derive(Progress, _told(counted))


def _told(counted: pl.DataFrame) -> pl.DataFrame:
    from scipy.special import betaincinv  # type: ignore[import-untyped, unused-ignore]

    k, n, before_k, before_n = (counted[name].to_numpy().astype(np.float64) for name in ("met", "days", "earlier_met", "earlier_days"))
    a, b = k + PRIOR, n - k + PRIOR
    tail = (1 - INTERVAL) / 2
    told = counted.with_columns(
        share=a / (a + b),
        low=np.where(k == 0, 0.0, betaincinv(a, b, tail)),
        high=np.where(k == n, 1.0, betaincinv(a, b, 1 - tail)),
        better=pl.when(pl.col("earlier_days") >= LEAST_DAYS).then(
            pl.Series(probability_higher(a, b, before_k + PRIOR, before_n - before_k + PRIOR), dtype=pl.Float64)
        ),
    )
    percent = [(pl.col(name) * 100).round(0).cast(pl.Int64) for name in ("low", "high")]
    now = pl.format("Met on {} of the last {} known days (a share between {} and {} %)", "met", "days", *percent)
    then = pl.format("; before, on {} of {}: ", "earlier_met", "earlier_days")
    verdict = (
        pl.when(pl.col("better") >= 0.95).then(pl.lit("more often now"))
        .when(pl.col("better") <= 0.05).then(pl.lit("less often now"))
        .otherwise(pl.lit("no clear difference"))
    )  # fmt: skip
    compared = pl.when(pl.col("better").is_not_null()).then(then + verdict).otherwise(pl.lit(""))
    return told.with_columns(sentence=now + compared + ".").select(*Progress.columns)


def probability_higher(
    a: NDArray[np.float64], b: NDArray[np.float64], than_a: NDArray[np.float64], than_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability that a beta variable (a, b) exceeds an independent one (than_a, than_b): the mean, over 2,000 equally likely points of
    the first, of the second's distribution function.

    >>> one = np.ones(1)
    >>> probability_higher(one, one, one, one).round(3).tolist(), probability_higher(2 * one, one, one, one).round(3).tolist()
    ([0.5], [0.667])
    """
    # days are counted, so that few shapes occur, and the same ones again with every minute: each is computed once
    shapes = np.column_stack([a, b, than_a, than_b]).tolist()
    return np.array([_probability(*shape) for shape in shapes], np.float64)


@functools.lru_cache(50_000)
def _probability(a: float, b: float, than_a: float, than_b: float) -> float:
    from scipy.special import betainc  # type: ignore[import-untyped, unused-ignore]

    return float(betainc(than_a, than_b, _quantiles(a, b)).mean())


@functools.lru_cache(4 * WINDOW**2)
def _quantiles(a: float, b: float) -> NDArray[np.float64]:
    """2,000 equally likely points of a beta variable."""
    from scipy.special import betaincinv  # type: ignore[import-untyped, unused-ignore]

    return np.asarray(betaincinv(a, b, _POINTS))
