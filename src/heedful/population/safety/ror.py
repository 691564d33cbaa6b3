"""Reporting odds ratio: odds of telling of the effect with a drug, over those with all other drugs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heedful.core.registry import METHODS, Card, Method
from heedful.population.safety.fourfold import Floats, Fourfold
from heedful.population.safety.prr import LEAST_ACCOUNTS, check_level, interval

CARD = Card(
    name="safety.ror",
    definition="Odds of telling of the effect with a drug over those with all other drugs, interval by Woolf's logit.",
    units="1",
    reference="van Puijenbroek et al. 2002, Pharmacoepidemiol Drug Saf 11:3-10",
    equals="formulas of R pvda 0.0.4 as documented; SciPy odds_ratio (sample)",
    limits="No interval where a cell is 0; no strata.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Ror:
    """All of the pairs' shape. `ratio` is infinite where a cell under it is 0; then `low` and `high` are NaN. `signal`: 3 accounts or
    more, and the interval above 1."""

    ratio: Floats
    low: Floats
    high: Floats
    signal: npt.NDArray[np.bool_]


def ror(table: Fourfold, level: float = 0.95) -> Ror:
    """The odds ratio of each pair with its interval.

    >>> from heedful.population.safety.fourfold import fourfold
    >>> found = ror(fourfold(20, 120, 120, 1120))
    >>> [round(float(part), 3) for part in (found.ratio, found.low, found.high)]
    [1.8, 1.067, 3.036]
    """
    check_level(level)
    a, b, c, d = table
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (a * d) / (b * c)
        error = np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    low, high = interval(ratio, error, level)
    return Ror(ratio, low, high, (a >= LEAST_ACCOUNTS) & (low > 1))
