"""Information component (BCPNN): how many bits more often than expected an effect is told of with a drug, shrunk towards none.

IC = log2((observed + 1/2) / (expected + 1/2)), the logarithm of a posterior mean: a gamma prior on the ratio, worth half an account
observed and half expected. The credible interval is that of the posterior gamma.

Reference: Norén, Hopstadius & Bate 2013, Stat Methods Med Res 22:57-69; Bate et al. 1998, Eur J Clin Pharmacol 54:315-321.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.safety.fourfold import Floats
from heedful.population.safety.prr import check_level

CARD = Card(
    name="safety.information_component",
    definition="log2 of accounts observed over expected, half an account added to both, with the credible interval of the gamma posterior.",
    units="bit",
    reference="Norén, Hopstadius & Bate 2013, Stat Methods Med Res 22:57-69",
    equals="formulas of R pvda 0.0.4 as documented",
    limits="The expected count is taken as known; below 4 accounts the lower bound of the 95 % interval is never above 0.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class InformationComponent:
    """All of the pairs' shape, in bits. `signal`: the interval lies above 0."""

    estimate: Floats
    low: Floats
    high: Floats
    signal: npt.NDArray[np.bool_]


def information_component(
    observed: npt.ArrayLike, expected: npt.ArrayLike, shrinkage: float = 0.5, level: float = 0.95
) -> InformationComponent:
    """The component of each pair.

    Parameters
    ----------
    observed, expected: accounts, 0 or more; the expected may be stratified. shrinkage: accounts added to both, above 0.

    Errors: `SettingsError` for a negative or missing count, or a setting outside its range.

    >>> found = information_component([20.0, 3.0], [10.0, 1e-9])
    >>> found.estimate.round(3).tolist(), found.low.round(3).tolist(), found.signal.tolist()
    ([0.965, 2.807], [0.264, 0.757], [True, True])
    """
    check_level(level)
    if not shrinkage > 0:
        raise SettingsError(f"information_component: shrinkage is a number of accounts above 0, not {shrinkage}.")
    o, e = np.broadcast_arrays(np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    if not ((o >= 0) & (e >= 0) & np.isfinite(o) & np.isfinite(e)).all():
        raise SettingsError("information_component: observed and expected accounts must be there and not negative.")
    shape, rate = o + shrinkage, e + shrinkage
    low, high = (np.log2(_by_distinct(shape, tail) / rate) for tail in ((1 - level) / 2, (1 + level) / 2))
    return InformationComponent(np.log2(shape / rate), low, high, low > 0)


def _by_distinct(shape: Floats, probability: float) -> Floats:
    """Standard gamma quantiles; few distinct counts stand behind many pairs."""
    distinct, where = np.unique(shape, return_inverse=True)
    return np.asarray(gammaincinv(distinct, probability))[where].reshape(shape.shape)
