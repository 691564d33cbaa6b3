"""How likely a supply is to run out for days before it is refilled, from how late this very person's refills came.

Lateness of a refill: days from the end of the supply at hand (leftovers carried forward) to the refill, negative if it came early.
Its distribution in one person and drug is given a Dirichlet process prior (Ferguson 1973, Ann Stat 1:209) of weight `PRIOR_REFILLS`
around a base law: late by `GAP_DAYS` or more with probability `PRIOR_LATE`, else any day from `EARLIEST` on alike. An earlier refill counts
`FADING` to the power of the refills after it. The risk is the posterior probability that the refill comes `GAP_DAYS` or more late, given
that it has not come yet; so it rises while the end of the supply draws near and nothing happens.

Nothing is learned from other people: the four constants were chosen on half of the people of two simulated sets of AdhereR, each set
counting alike (`heedful evaluate lapse` judges them), so that a number stays what it is whoever else leaves. The time of the last fill,
earlier gaps and early refills are in it by way of the lateness of each refill; length of the supply, time on therapy, coverage so far,
and what other drugs the person has and refills added nothing that held for other people or forward in time (docs/report.md tells what was
tried). Where gaps are commoner or rarer in a place than these sets had them, its operator may say so by one number, a shift of the log
odds (`LapseShift`), which `heedful evaluate lapse` proposes from the place's own past: recalibration in the large (Steyerberg et al.
2004, Stat Med 23:2567), shrunk towards none.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from heedful.core.lapse_shift import MOST_SHIFT, LapseShift

Floats = NDArray[np.float64]

HORIZON_DAYS = 14
GAP_DAYS = 3
"""Days without supply from which on a late refill counts as a gap; shorter ones are met by pills left over."""
PRIOR_REFILLS = 4.0
PRIOR_LATE = 0.6
EARLIEST = -14
FADING = 0.9
SHIFT_PRECISION = 5.0
"""Of the prior of a place's shift around 0: as much as about 25 looks at even odds say."""
_NEWTON_STEPS = 50


def shifted(probability: Floats, lapse: LapseShift) -> Floats:
    """Probabilities of the risk, or bounds of its interval, as they are in this place.

    >>> shifted(np.array([0.5]), LapseShift(1.0)).round(3).tolist()
    [0.731]
    """
    return probability if lapse.shift == 0 else np.asarray(expit(logit(probability) + lapse.shift), dtype=np.float64)


def place_shift(happened: ArrayLike, probability: ArrayLike) -> float:
    """The shift that fits what happened (0 or 1) beside what the risk said, shrunk towards 0 by `SHIFT_PRECISION`, cut at `MOST_SHIFT`.

    >>> round(place_shift([1] * 90 + [0] * 10, [0.8] * 100), 2), place_shift([], [])
    (0.54, 0.0)
    """
    y, odds = np.asarray(happened, dtype=np.float64), logit(np.asarray(probability, dtype=np.float64))
    shift = 0.0
    for _ in range(_NEWTON_STEPS):
        mean = expit(odds + shift)
        step = float(((y - mean).sum() - SHIFT_PRECISION * shift) / ((mean * (1 - mean)).sum() + SHIFT_PRECISION))
        shift += step
        if abs(step) < 1e-12:
            break
    return float(np.clip(shift, -MOST_SHIFT, MOST_SHIFT))


def lapse_probability(late: ArrayLike, still_open: ArrayLike, waited: ArrayLike) -> tuple[Floats, Floats]:
    """Posterior of a gap as the two parameters of a beta distribution; its mean is the risk.

    Parameters
    ----------
    late: faded number of earlier refills that came `GAP_DAYS` or more late. still_open: of those that came later than `waited`.
    waited: days from the end of the supply until now, negative before it; below `GAP_DAYS`.

    >>> a, b = lapse_probability([0.0, 3.0], [5.0, 3.0], [-13, 2])
    >>> (a / (a + b)).round(3).tolist()
    [0.272, 1.0]
    """
    waiting = np.clip(np.asarray(waited, dtype=np.float64), EARLIEST - 1, GAP_DAYS - 1)
    in_time = (1 - PRIOR_LATE) * (GAP_DAYS - 1 - waiting) / (GAP_DAYS - EARLIEST)
    failed = PRIOR_REFILLS * PRIOR_LATE + np.asarray(late, dtype=np.float64)
    return failed, PRIOR_REFILLS * (PRIOR_LATE + in_time) + np.asarray(still_open, dtype=np.float64) - failed


def supplies(dispensings: pl.DataFrame) -> pl.DataFrame:
    """One row a person, drug and day of dispensing, in order of days (as whole numbers since 1970): columns person, drug, `on`, `end` of
    the supply carried forward (exclusive), and `lateness` of this refill (null for the first)."""
    each = ["person", "drug"]
    supply = pl.col("supply")
    events = (
        dispensings.filter(pl.col("days_supplied") > 0)
        .group_by(*each, pl.col("dispensed_on").cast(pl.Int32).cast(pl.Int64).alias("on"))
        .agg(pl.col("days_supplied").sort_by("row").sum().floor().cast(pl.Int64).alias("supply"))
        .sort(*each, "on")
    )
    # Supply carried forward, end_i = max(end_{i-1}, on_i) + supply_i, as one scan: end_i = C_i + max_{j<=i}(on_j - C_{j-1}).
    total = supply.cum_sum().over(each)
    events = events.with_columns(end=total + (pl.col("on") - total + supply).cum_max().over(each))
    return events.select(*each, "on", "end", lateness=pl.col("on") - pl.col("end").shift(1).over(each))


def landmarks(events: pl.DataFrame, every: int = 7) -> pl.DataFrame:
    """What the risk would have said in the past, beside what happened: for judging it forward in time.

    Parameters
    ----------
    events: of `supplies`. every: days from one look at a person's drug to the next, from the first dispensing on.

    Returns
    -------
    One row a look at which the supply ran out within `HORIZON_DAYS` and whose end was seen (a refill after it): person, drug, `on`,
    `waited`, `probability` from the refills before `on` alone, `refills` known then, `happened` (1 if the refill came `GAP_DAYS` late),
    and `hindsight`: what the same law would have said knowing all other refills of this person and drug, those still to come included.
    Nobody has that number in time; where it is hardly better, a person's own refills hold no more.
    """
    rows = [row for own in events.partition_by("person", "drug", maintain_order=True) for row in _looks(own, every)]
    counts = ("late", "still_open", "all_late", "all_open")
    schema = {"person": pl.String, "drug": pl.String, "on": pl.Int64, "waited": pl.Int64, "refills": pl.Int64}
    looks = pl.DataFrame(rows, schema={**schema, **dict.fromkeys(counts, pl.Float64), "happened": pl.Int64}, orient="row")
    told = {
        name: lapse_probability(looks[late].to_numpy(), looks[still_open].to_numpy(), looks["waited"].to_numpy())
        for name, late, still_open in (("probability", *counts[:2]), ("hindsight", *counts[2:]))
    }
    return looks.with_columns(**{name: failed / (failed + rest) for name, (failed, rest) in told.items()}).drop(counts)


def _looks(own: pl.DataFrame, every: int) -> list[tuple[str, str, int, int, int, float, float, float, float, int]]:
    person, drug = own["person"][0], own["drug"][0]
    on, end, lateness = own["on"].to_numpy(), own["end"].to_numpy(), own["lateness"].fill_null(0).to_numpy()[1:]
    found = []
    for day in range(int(on[0]) + every, int(on[-1]), every):
        newest = int(np.searchsorted(on, day, side="right")) - 1
        waited = int(day - end[newest])
        if not 1 - HORIZON_DAYS <= waited < GAP_DAYS - 1:
            continue  # the supply lasts beyond the horizon, or it is certain by now that the refill comes late
        faded, others = FADING ** np.arange(newest)[::-1], np.delete(lateness, newest)
        late, still_open = (float(faded[lateness[:newest] > bound].sum()) for bound in (GAP_DAYS - 1, waited))
        all_late, all_open = (float((others > bound).sum()) for bound in (GAP_DAYS - 1, waited))
        happened = int(lateness[newest] >= GAP_DAYS)
        found.append((person, drug, day, waited, newest, late, still_open, all_late, all_open, happened))
    return found
