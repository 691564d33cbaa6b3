"""A feature of one person in some days against the other days: an N-of-1 comparison, by generalised least squares and as a posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from heedful.core.errors import NotFoundError
from heedful.core.frames import Frame, checked
from heedful.core.labels import Consented, P
from heedful.core.schemas import Features
from heedful.person.n_of_1 import GlsFit, n_of_1
from heedful.person.n_of_1_posterior import EffectPosterior, comparison_sentence, effect_posterior

LEAST_DAYS = 5
Days = tuple[date, date]
"""First and last day, both included."""


@dataclass(frozen=True)
class Comparison:
    """`inside`, `outside`: known days compared; `missing`: days without a value; `trend`: whether a linear trend was taken out."""

    unit: str
    inside: int
    outside: int
    missing: int
    trend: bool
    fit: GlsFit
    posterior: EffectPosterior
    sentence: str


@checked
def compare_days(
    features: Frame[Consented[P], Features],
    person: str,
    feature: str,
    during: Sequence[Days],
    *,
    trend: bool = True,
    worthwhile: float = 0.0,
) -> Comparison:
    """How a feature of `person` in the days `during` differs from the person's other days.

    Parameters
    ----------
    during: periods to compare. trend: take a linear trend over all days out first (a drift that went on anyhow is no effect).
    worthwhile: the least difference that would matter, in the feature's unit.

    What it finds is a difference; without the days having been drawn by lot it does not say what made it. Raises `NotFoundError` if there
    is no such feature, or fewer than `LEAST_DAYS` known days inside or outside of the periods.
    """
    rows = features.data.filter((pl.col("person") == person) & (pl.col("feature") == feature)).sort("day")
    if rows.is_empty():
        known = features.data.filter(pl.col("person") == person)["feature"].unique().sort().to_list()
        raise NotFoundError(f"There is no feature {feature!r} of this person. There are: {', '.join(known) or 'none'}.")
    chosen = pl.any_horizontal([pl.col("day").is_between(first, last) for first, last in during])
    rows = rows.with_columns(inside=chosen)
    seen = rows.filter(pl.col("value").is_not_null())
    inside = int(seen["inside"].sum())
    outside = seen.height - inside
    if min(inside, outside) < LEAST_DAYS:
        raise NotFoundError(
            f"{feature} is known on {inside} of the days compared and on {outside} other days; at least {LEAST_DAYS} of each are needed."
        )
    at = seen["day"].cast(pl.Int32).to_numpy().astype(np.float64)
    columns = [np.ones(seen.height), seen["inside"].to_numpy().astype(np.float64)]
    if trend:
        columns.append((at - at.mean()) / 7)
    design, outcome = np.column_stack(columns), seen["value"].to_numpy()
    posterior = effect_posterior(outcome, design, at)
    unit = str(seen["unit"][0])
    sentence = comparison_sentence(posterior, feature, unit, worthwhile)
    return Comparison(unit, inside, outside, rows.height - seen.height, trend, n_of_1(outcome, design, at), posterior, sentence)
