"""N-of-1 comparison as a posterior: how large an effect is within one person, the correlation of neighboring days not taken as known.

With a flat prior on the effects and on log sigma, the restricted likelihood at a correlation phi is its marginal likelihood, and given
phi the effects are Student's t around the generalised least squares estimate. The posterior is their mixture over a grid of phi, which is
uniform on (-1, 1) before the data. So its interval is wider than that of `n_of_1`, which takes phi as known.

Reference: Box & Tiao 1973, Bayesian Inference in Statistical Analysis, ch. 2; for single persons Schluter & Ware 2005, Stat Med 24:2805.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heedful.core.errors import SettingsError
from heedful.person.n_of_1 import checked_series, profile

Floats = NDArray[np.float64]
_GRID = np.linspace(-0.995, 0.995, 399)


@dataclass(frozen=True)
class EffectPosterior:
    """Mixture of Student's t, one a correlation of the grid: `weight`, `center` and `spread` of the effect, `degrees` of freedom."""

    weight: Floats
    center: Floats
    spread: Floats
    degrees: int
    correlation: float

    @property
    def mean(self) -> float:
        return float(self.weight @ self.center)

    def below(self, value: float) -> float:
        """Probability that the effect is less than `value`."""
        from scipy.special import stdtr

        return float(self.weight @ stdtr(self.degrees, (value - self.center) / self.spread))

    def interval(self, credibility: float = 0.95) -> tuple[float, float]:
        """Equal-tailed, by bisection on the mixture's distribution function."""
        tail = (1 - credibility) / 2
        return self._quantile(tail), self._quantile(1 - tail)

    def _quantile(self, share: float) -> float:
        reach = 50 * float(self.spread.max())
        low, high = float(self.center.min()) - reach, float(self.center.max()) + reach
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if self.below(middle) < share else (low, middle)
        return (low + high) / 2


def effect_posterior(outcome: ArrayLike, design: ArrayLike, time: ArrayLike, term: int = 1) -> EffectPosterior:
    """Posterior of one term's effect.

    Parameters
    ----------
    outcome, design, time: as in `n_of_1`. term: column of `design`.

    Errors: `SettingsError` as in `n_of_1`, or if there is no such term.

    >>> day = np.arange(40.0)
    >>> treated = (day // 10) % 2
    >>> found = effect_posterior(5 - treated + np.sin(day), np.column_stack([np.ones(40), treated]), day)
    >>> round(found.mean, 1), bool(found.below(0.0) > 0.95)
    (-1.5, True)
    """
    y, x, gap = checked_series(outcome, design, time)
    if not 0 <= term < x.shape[1]:
        raise SettingsError(f"effect_posterior: there is no term {term}; the design has {x.shape[1]} columns, counted from 0.")
    free = len(y) - x.shape[1]
    value, center, spread = np.empty(len(_GRID)), np.empty(len(_GRID)), np.empty(len(_GRID))
    for place, phi in enumerate(_GRID):
        value[place], estimate, inverse, squares = profile(y, x, gap, float(phi), "reml")
        center[place], spread[place] = estimate[term], np.sqrt(inverse[term, term] * squares / free)
    weight = np.exp(value - value.max())
    weight /= weight.sum()
    return EffectPosterior(weight, center, spread, free, float(weight @ _GRID))


def comparison_sentence(found: EffectPosterior, what: str, unit: str, worthwhile: float = 0.0) -> str:
    """The posterior in plain words: what is to be expected, between which bounds, and how sure it is that it is more than `worthwhile`.

    >>> sure = EffectPosterior(np.ones(1), np.array([-2.0]), np.array([0.5]), 20, 0.1)
    >>> print(comparison_sentence(sure, "steps", "k"))
    Steps was lower by about 2 k in the compared days (95 %: 3 lower to 0.96 lower); the chance that it was lower at all is over 99 %.
    """
    low, high = found.interval()
    lower = found.mean < 0
    chance = found.below(-worthwhile) if lower else 1 - found.below(worthwhile)
    way = "lower" if lower else "higher"
    how = "at all" if worthwhile == 0 else f"by more than {worthwhile:.3g} {unit}"
    said = "over 99 %" if chance > 0.99 else f"{chance:.0%}".replace("%", " %")
    between = f"{_side(low)} to {_side(high)}"
    name = what[:1].upper() + what[1:]
    return (
        f"{name} was {way} by about {abs(found.mean):.3g} {unit} in the compared days (95 %: {between}); "
        f"the chance that it was {way} {how} is {said}."
    )


def _side(value: float) -> str:
    return f"{abs(value):.2g} {'lower' if value < 0 else 'higher'}"
