"""Proportional reporting ratio: share of a drug's accounts that tell of the effect, over the same share among all other drugs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.safety.fourfold import Floats, Fourfold

LEAST_ACCOUNTS, LEAST_RATIO, LEAST_CHI_SQUARED = 3, 2.0, 4.0
"""Evans' criteria."""

CARD = Card(
    name="safety.prr",
    definition="Share of a drug's accounts that tell of the effect over that share among other drugs; chi-squared with Yates' correction.",
    units="1",
    reference="Evans, Waller & Davis 2001, Pharmacoepidemiol Drug Saf 10:483-486; interval: Gravel 2009, as in R pvda",
    equals="formulas of R pvda 0.0.4 as documented; openEBGM processRaw (PRR)",
    limits="Unstable where few accounts are; no strata; a drug told of very often for the effect hides others (see safety.masking).",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Prr:
    """All of the pairs' shape. `ratio` is infinite where no other drug's account tells of the effect, and NaN where the drug is the only
    one; `low`, `high` are NaN where a count behind the interval is 0. `signal`: Evans' three criteria hold."""

    ratio: Floats
    low: Floats
    high: Floats
    chi_squared: Floats
    signal: npt.NDArray[np.bool_]


def prr(table: Fourfold, level: float = 0.95) -> Prr:
    """The ratio of each pair with its interval (normal on the logarithm).

    Evans' own example, rifabutin and uveitis:

    >>> from heedful.population.safety.fourfold import fourfold
    >>> found = prr(fourfold(41, 55, 795, 592013))
    >>> round(float(found.ratio)), bool(found.signal)
    (585, True)
    """
    check_level(level)
    a, b, c, d = table
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (a / (a + b)) / (c / (c + d))
        error = np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    low, high = interval(ratio, error, level)
    chi_squared = yates(table)
    signal = (a >= LEAST_ACCOUNTS) & (ratio >= LEAST_RATIO) & (chi_squared >= LEAST_CHI_SQUARED)
    return Prr(ratio, low, high, chi_squared, signal)


def check_level(level: float) -> None:
    """Raises `SettingsError` unless `level` is a share."""
    if not 0 < level < 1:
        raise SettingsError(f"The level of an interval is a share between 0 and 1, such as 0.95, not {level}.")


def interval(ratio: Floats, error: Floats, level: float) -> tuple[Floats, Floats]:
    """`ratio` times and over exp(z error); NaN where the error is not finite."""
    reach = np.exp(np.where(np.isfinite(error), float(ndtri((1 + level) / 2)) * error, np.nan))
    with np.errstate(invalid="ignore"):
        return ratio / reach, ratio * reach


def yates(table: Fourfold) -> Floats:
    """Chi-squared of independence with Yates' correction (never past 0); NaN where a margin is 0. Equals R `chisq.test` on 2 x 2."""
    a, b, c, d = table
    off = np.maximum(np.abs(a * d - b * c) - (a + b + c + d) / 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (a + b + c + d) * (off / (a + b)) * (off / (c + d)) / ((a + c) * (b + d))
