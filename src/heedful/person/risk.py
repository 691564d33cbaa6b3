"""How likely a gap in a person's medication is, from this very person's refills: a beta-binomial estimate with its interval."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import Dispensings, Risks
from heedful.person.wording import date_words, drug_name

HORIZON_DAYS = 14
GAP_DAYS = 3
"""Days without supply from which on a late refill counts as a gap; shorter ones are met by pills left over."""
PRIOR = 0.5
INTERVAL = 0.9


def beta_binomial(events: ArrayLike, trials: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Posterior mean and 90 % interval of a proportion under Jeffreys' prior, Beta(1/2, 1/2).

    `events` and `trials` are arrays of counts; the answer is (mean, low, high), nan where `trials` is 0: no history, no number.
    Equal-tailed; as in Brown, Cai and DasGupta 2001 (Stat Sci 16:101) the lower bound is 0 if nothing happened and the upper 1
    if it always did.

    >>> mean, low, high = beta_binomial([1], [10])
    >>> [round(float(value[0]), 3) for value in (mean, low, high)]
    [0.136, 0.018, 0.331]
    """
    from scipy.special import betaincinv  # type: ignore[import-untyped, unused-ignore]

    k, n = np.asarray(events, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    a, b = k + PRIOR, n - k + PRIOR
    tail = (1 - INTERVAL) / 2
    low = np.where(k == 0, 0.0, betaincinv(a, b, tail))
    high = np.where(k == n, 1.0, betaincinv(a, b, 1 - tail))
    known = n > 0
    return np.where(known, a / (a + b), np.nan), np.where(known, low, np.nan), np.where(known, high, np.nan)


@derivation(reads=(Dispensings,), writes=Risks, by=("person",), version=1)
def medication_gap_risk(dispensings: Frame[Consented[P], Dispensings]) -> Frame[Consented[P], Risks]:
    """Probability that at least three days without supply open within 14 days, for each drug of a person.

    Every earlier refill is a trial: it failed if it came `GAP_DAYS` or more after the supply at hand had run out, supply left
    over being carried forward (as in AdhereR's CMA7). The estimate is stated on the newest dispensing day or, if the supply
    lasts longer, 13 days before it runs out: the first day from which the end of the supply lies within the 14 days. It says
    nothing about a stop that prescriber and patient agreed on. A person's first dispensing gives no number, and says so.
    """
    drugs = _refills(dispensings.data).filter(pl.col("dispensed") > 0)
    mean, low, high = beta_binomial(drugs["late"].to_numpy(), drugs["trials"].to_numpy())
    name, ends = drug_name(pl.col("drug")), date_words(pl.col("run_out"))
    told = pl.format(
        f"The supply of {{}} lasts until {{}}; {{}} of {{}} earlier refills came {GAP_DAYS} or more days late.",
        name,
        ends,
        "late",
        "trials",
    )
    untold = pl.format("The supply of {} lasts until {}; there is no earlier refill to judge by.", name, ends)
    rows = drugs.with_columns(probability=mean, low=low, high=high).select(
        "person",
        pl.max_horizontal("last", pl.col("run_out") - pl.duration(days=HORIZON_DAYS - 1)).alias("day"),
        pl.format("medication_gap_14d: {}", "drug").alias("risk"),
        pl.col("probability", "low", "high").fill_nan(None),
        why=pl.when(pl.col("trials") > 0).then(told).otherwise(untold),
    )
    return dispensings.derive(Risks, rows.sort("person", "risk"))


def _refills(dispensings: pl.DataFrame) -> pl.DataFrame:
    """Per person and drug: dispensing days, trials, late refills, last dispensing day and the day on which the supply runs out."""
    each = ["person", "drug"]
    supply = pl.col("supply")
    events = (
        dispensings.filter(pl.col("days_supplied") > 0)
        .group_by(*each, pl.col("dispensed_on").alias("on"))
        .agg(pl.col("days_supplied").sort_by("row").sum().floor().cast(pl.Int64).alias("supply"))
        .sort(*each, "on")
    )
    # Supply carried forward, end_i = max(end_{i-1}, on_i) + supply_i, as one scan: end_i = C_i + max_{j<=i}(on_j - C_{j-1}).
    start = pl.col("on").cast(pl.Int32).cast(pl.Int64)
    total = supply.cum_sum().over(each)
    events = events.with_columns(end=total + (start - total + supply).cum_max().over(each), start=start)
    before = pl.col("end").shift(1).over(each)
    events = events.with_columns(trial=before.is_not_null(), missed=(pl.col("start") - before >= GAP_DAYS).fill_null(False))
    return (
        events.group_by(each)
        .agg(
            pl.len().alias("dispensed"), pl.col("trial").sum().alias("trials"), pl.col("missed").sum().alias("late"),
            pl.col("on").max().alias("last"), pl.col("end").max().cast(pl.Int32).cast(pl.Date).alias("run_out"),
        )
        .sort(each)
    )  # fmt: skip
