"""EBGM: the gamma-Poisson shrinker, which draws the ratio of observed to expected towards what all pairs together show.

Each pair's ratio is taken from a mixture of two gammas whose five parameters are fitted to all pairs by maximum likelihood. The score is
the geometric mean of a pair's posterior (EBGM); EB05 and EB95 are its 5 % and 95 % points.

Reference: DuMouchel 1999, Am Stat 53:177-190. Equals R openEBGM (`Qn`, `ebgm`, `quantBisect`, and `negLL` without squashing): pairs that
were never told of are not there, so each gamma's likelihood is that of a count of at least one, as in that program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import expit, gammainc, gammaincinv, gammaln, logit, psi

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method
from heedful.population.safety.fourfold import Floats

Ints = npt.NDArray[np.int64]

SQUASHED = 20_000
"""With more pairs than this, starting points are tried on so many pooled ones; the best is then fitted to all."""
_WIDEST = 14.0
_STEPS = 60
_CLOSE = 1e-8
"""Last step, on the logarithm, after which a quantile is taken: the error left is about its square."""
_POLISH, _FLAT = 12, 1e-9

CARD = Card(
    name="safety.ebgm",
    definition="Geometric mean, 5 % and 95 % points of the posterior of observed over expected under a mixture of two gammas fitted to all "
    "pairs by maximum likelihood.",
    units="1",
    reference="DuMouchel 1999, Am Stat 53:177-190",
    equals="R openEBGM, scores within its rounding at the same parameters; parameters are its full-data likelihood's",
    limits="The fitted parameters are taken as known; few pairs (under some hundreds) cannot tell two gammas apart. The share of the first "
    "gamma is that among pairs told of at least once, as in the program it equals.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Prior:
    """Mixture of gammas (shape, rate): the first with weight `share`.

    Errors: `SettingsError` for a value not above 0, or a share of 1 or more.
    """

    alpha1: float
    beta1: float
    alpha2: float
    beta2: float
    share: float

    def __post_init__(self) -> None:
        values = (self.alpha1, self.beta1, self.alpha2, self.beta2, self.share)
        if not all(np.isfinite(value) and value > 0 for value in values) or self.share >= 1:
            raise SettingsError(f"A prior of two gammas has shapes and rates above 0 and a share between 0 and 1, not {self}.")


STARTS = (
    Prior(0.2, 0.1, 2.0, 4.0, 1 / 3),
    Prior(0.1, 0.1, 10.0, 10.0, 0.2),
    Prior(0.3, 0.5, 6.0, 6.0, 0.5),
    Prior(0.5, 0.3, 12.0, 12.0, 0.8),
    Prior(3.0, 0.4, 2.0, 2.0, 0.1),
)


@dataclass(frozen=True)
class FittedPrior:
    """`prior`; its `log_likelihood` over `pairs`; `agreeing`, how many starting points ended within 0.5 of the best on the pairs tried:
    with one alone the optimum is doubtful."""

    prior: Prior
    log_likelihood: float
    pairs: int
    agreeing: int


def fit_prior(observed: npt.ArrayLike, expected: npt.ArrayLike, least: Literal[0, 1] = 1, starts: Sequence[Prior] = STARTS) -> FittedPrior:
    """Fit the mixture to all pairs.

    Parameters
    ----------
    observed: [pairs], whole counts of at least `least`. expected: [pairs], above 0.
    least: 1, pairs never told of are not there; 0, every pair of a drug and an effect is.
    starts: where the search begins.

    Errors: `SettingsError` for other input, or if no start reaches an optimum.
    """
    counts, rates = _checked(observed, expected, least)
    if not len(counts):
        raise SettingsError("fit_prior: there is no pair to learn from. Count accounts first; some hundreds of pairs are needed.")
    pooled = _pooled(counts, rates, SQUASHED)
    tried = [_search(pooled, least, _free(start)) for start in starts]
    done = [answer for answer in tried if np.isfinite(answer[0])]
    if not done:
        raise SettingsError("fit_prior: no starting point led anywhere; look at the expected counts, or give other starts.")
    best = min(done, key=lambda answer: answer[0])
    agreeing = sum(answer[0] - best[0] < 0.5 for answer in done)
    whole = _Pairs.of(counts, rates)
    value, place = best if len(pooled.counts) == len(counts) else _polished(whole, pooled, least, best[1])
    return FittedPrior(_prior(place), -value, len(counts), agreeing)


def log_likelihood(prior: Prior, observed: npt.ArrayLike, expected: npt.ArrayLike, least: Literal[0, 1] = 1) -> float:
    """Log-likelihood of the pairs; equals minus openEBGM's `negLL` (`N_star` 1) and `negLLzero` (0)."""
    counts, rates = _checked(observed, expected, least)
    return -_minus(_free(prior), _Pairs.of(counts, rates), least)[0]


@dataclass(frozen=True)
class Scores:
    """[pairs]: `ebgm`, `low` (EB05) and `high` (EB95), `first` the posterior weight of the first gamma."""

    ebgm: Floats
    low: Floats
    high: Floats
    first: Floats


def scores(prior: Prior, observed: npt.ArrayLike, expected: npt.ArrayLike, level: float = 0.9) -> Scores:
    """Score every pair; `level` is that of the interval from `low` to `high`.

    Errors: `SettingsError` for counts that are negative, broken or missing, or expected ones not above 0.

    >>> prior = Prior(3.25379064, 0.39988801, 2.02613219, 1.90808279, 0.06534557)
    >>> found = scores(prior, [1, 1], [0.0360548272, 0.0765792610])
    >>> [part.round(2).tolist() for part in (found.ebgm, found.low, found.high)]
    [[2.23, 1.92], [0.49, 0.47], [13.86, 11.77]]
    """
    if not 0 < level < 1:
        raise SettingsError(f"The level of an interval is a share between 0 and 1, such as 0.9, not {level}.")
    pairs = _Pairs.of(*_checked(observed, expected, 0))
    first = _first_share(prior, pairs)
    means = [psi(alpha + pairs.distinct)[pairs.where] - np.log(beta + pairs.rates) for alpha, beta in _components(prior)]
    ebgm = np.exp(first * means[0] + (1 - first) * means[1])
    low, high = (_quantile(prior, pairs, first, tail) for tail in ((1 - level) / 2, (1 + level) / 2))
    return Scores(ebgm, low, high, first)


def _checked(observed: npt.ArrayLike, expected: npt.ArrayLike, least: int) -> tuple[Ints, Floats]:
    o, e = np.atleast_1d(np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    if o.shape != e.shape or o.ndim != 1 or least not in (0, 1):
        raise SettingsError(f"EBGM takes observed and expected counts of one length, and least 0 or 1; got {o.shape}, {e.shape}, {least}.")
    wrong = ~((o >= least) & (o == np.floor(o)) & (o < 2**53) & (e > 0) & np.isfinite(e))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise SettingsError(
            f"Pair {place + 1}: observed {o[place]:g}, expected {e[place]:g}. Observed counts are whole and at least {least}, "
            "expected ones above 0; with pairs that were never told of, give all of them and least=0."
        )
    return o.astype(np.int64), e


def _components(prior: Prior) -> tuple[tuple[float, float], tuple[float, float]]:
    return (prior.alpha1, prior.beta1), (prior.alpha2, prior.beta2)


@dataclass(frozen=True)
class _Pairs:
    """Pairs with weights: how many pairs each stands for. Few distinct counts stand behind many pairs: `distinct[where]` are the counts."""

    counts: Ints
    rates: Floats
    weights: Floats
    distinct: Ints
    where: Ints

    @classmethod
    def of(cls, counts: Ints, rates: Floats, weights: Floats | None = None) -> _Pairs:
        """Each pair standing for itself without `weights`."""
        distinct, where = np.unique(counts, return_inverse=True)
        return cls(counts, rates, np.ones(len(counts)) if weights is None else weights, distinct, where)


def _log_density(alpha: float, beta: float, pairs: _Pairs) -> Floats:
    """Log probability of each count but for log(count!), which both components share."""
    by_count = (gammaln(alpha + pairs.distinct) - gammaln(alpha))[pairs.where]
    return np.asarray(by_count - alpha * np.log1p(pairs.rates / beta) - pairs.counts * np.log1p(beta / pairs.rates))


LEAST_PAIRS = 200
"""The mixture is learned from all pairs together; fewer cannot tell its two gammas apart."""


def learned_scores(observed: npt.ArrayLike, expected: npt.ArrayLike) -> Scores | None:
    """Scores by the mixture that these very pairs teach; None where they are too few, or where one start alone led to the optimum.

    >>> learned_scores([3], [1.0]) is None
    True
    """
    fitted = fit_prior(observed, expected) if np.size(observed) >= LEAST_PAIRS else None
    return None if fitted is None or fitted.agreeing < 2 else scores(fitted.prior, observed, expected)


def _first_share(prior: Prior, pairs: _Pairs) -> Floats:
    first, second = (_log_density(alpha, beta, pairs) for alpha, beta in _components(prior))
    return np.asarray(expit(logit(prior.share) + first - second))


def _quantile(prior: Prior, pairs: _Pairs, first: Floats, probability: float) -> Floats:
    """Where the posterior's distribution function reaches `probability`: Newton steps on the logarithm, kept between the quantiles of
    both gammas, between which it must lie."""
    counts, rates, distinct, where = pairs.counts, pairs.rates, pairs.distinct, pairs.where
    shapes = [alpha + counts for alpha, _ in _components(prior)]
    ends = [gammaincinv(alpha + distinct, probability)[where] / (beta + rates) for alpha, beta in _components(prior)]
    low, high = np.log(np.minimum(*ends)), np.log(np.maximum(*ends))
    at = np.clip(first * np.log(ends[0]) + (1 - first) * np.log(ends[1]), low, high)
    logs = [gammaln(alpha + distinct)[where] for alpha, _ in _components(prior)]
    todo = np.flatnonzero(high - low > _CLOSE)
    for _step in range(_STEPS):
        if not len(todo):
            break
        x, reached, slope = at[todo], -probability * np.ones(len(todo)), np.zeros(len(todo))
        for one, (_, beta) in enumerate(_components(prior)):
            share, shape = (first if one == 0 else 1 - first)[todo], shapes[one][todo]
            scaled = np.exp(x) * (beta + rates[todo])
            reached += share * gammainc(shape, scaled)
            slope += share * np.exp(shape * np.log(scaled) - scaled - logs[one][todo])
        above = reached > 0
        high[todo], low[todo] = np.where(above, x, high[todo]), np.where(above, low[todo], x)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = x - reached / slope
        inside = (new > low[todo]) & (new < high[todo])
        new = np.where(inside, new, (low[todo] + high[todo]) / 2)
        at[todo] = new
        todo = todo[(np.abs(new - x) > _CLOSE) & (high[todo] - low[todo] > _CLOSE)]
    return np.asarray(np.exp(at))


# --- fitting


def _pooled(counts: Ints, rates: Floats, most: int) -> _Pairs:
    """At most about `most` pairs: of each count, neighbors by expected count are pooled at their mean (DuMouchel & Pregibon 2001)."""
    if len(counts) <= most:
        return _Pairs.of(counts, rates)
    order = np.lexsort((rates, counts))
    by_count, by_rate = counts[order], rates[order]
    begins = np.flatnonzero(np.diff(by_count, prepend=-1))
    size = np.diff(np.append(begins, len(counts)))
    rank = np.arange(len(counts)) - np.repeat(begins, size)
    # bins as the root of the pairs: rare large counts, which carry the tail, stay single
    bins = most * np.sqrt(size) / np.sqrt(size).sum()
    room = np.repeat(np.maximum(np.ceil(size / bins), 1).astype(np.int64), size)
    edge = np.flatnonzero((rank % room == 0) | (rank == 0))
    weights = np.diff(np.append(edge, len(counts))).astype(np.float64)
    return _Pairs.of(by_count[edge], np.add.reduceat(by_rate, edge) / weights, weights)


def _free(prior: Prior) -> Floats:
    """Parameters on scales without borders."""
    return np.array([*np.log([prior.alpha1, prior.beta1, prior.alpha2, prior.beta2]), logit(prior.share)])


def _prior(place: Floats) -> Prior:
    alpha1, beta1, alpha2, beta2 = (float(value) for value in np.exp(place[:4]))
    return Prior(alpha1, beta1, alpha2, beta2, float(expit(place[4])))


def _search(pairs: _Pairs, least: int, start: Floats) -> tuple[float, Floats]:
    """Minus log-likelihood and parameters where the search ends."""
    from scipy.optimize import minimize  # slow to import: only where a prior is fitted

    weight = float(pairs.weights.sum())

    def objective(place: Floats) -> tuple[float, Floats]:
        value, slope = _minus(place, pairs, least)
        return value / weight, slope / weight

    bounds = [(-_WIDEST, _WIDEST)] * 5
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8})
    return float(found.fun) * weight, np.asarray(found.x)


def _polished(whole: _Pairs, pooled: _Pairs, least: int, start: Floats) -> tuple[float, Floats]:
    """From the pooled pairs' optimum to that of all: Newton's steps with the pooled pairs' curvature, which is nearly theirs; if these do
    not settle, the search itself."""
    curvature, step = np.empty((5, 5)), 1e-4
    for one in range(5):
        aside = step * np.eye(5)[one]
        curvature[one] = (_minus(start + aside, pooled, least)[1] - _minus(start - aside, pooled, least)[1]) / (2 * step)
    curvature = (curvature + curvature.T) / 2
    if np.linalg.eigvalsh(curvature)[0] > 0:
        place = start
        for _step in range(_POLISH):
            value, slope = _minus(place, whole, least)
            if np.abs(slope).max() <= _FLAT * len(whole.counts):
                return value, place
            place = place - np.linalg.solve(curvature, slope)
            if not (np.abs(place) < _WIDEST).all():
                break
    return _search(whole, least, start)


def _minus(place: Floats, pairs: _Pairs, least: int) -> tuple[float, Floats]:
    """Minus log-likelihood, and its slope in the free parameters."""
    distinct = pairs.distinct
    alphas, betas, share = np.exp(place[[0, 2]]), np.exp(place[[1, 3]]), float(expit(place[4]))
    logs = gammaln(alphas[:, None] + distinct) - gammaln(alphas)[:, None] - gammaln(distinct + 1)
    slopes = psi(alphas[:, None] + distinct) - psi(alphas)[:, None]
    value, slope = _sum(pairs.counts, pairs.rates, pairs.weights, pairs.where, logs, slopes, alphas, betas, share, least)
    return value, slope


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sum(
    counts: Ints, rates: Floats, weights: Floats, where: Ints, logs: Floats, slopes: Floats, alphas: Floats, betas: Floats, share: float,
    least: int,
) -> tuple[float, Floats]:  # fmt: skip
    """Sums over pairs; `logs` and `slopes` [2, distinct counts] are what depends on the count alone."""
    total, gradient = 0.0, np.zeros(5)
    density, by_alpha, by_beta = np.zeros(2), np.zeros(2), np.zeros(2)
    for pair in range(len(counts)):
        n, rate, group = counts[pair], rates[pair], where[pair]
        for one in range(2):
            alpha, beta = alphas[one], betas[one]
            away = np.log1p(rate / beta)
            value = logs[one, group] - alpha * away - n * np.log1p(beta / rate)
            # d/d log alpha, d/d log beta
            a = alpha * (slopes[one, group] - away)
            b = (alpha * rate - n * beta) / (beta + rate)
            if least == 1:
                none = np.exp(-alpha * away)
                some = -np.expm1(-alpha * away)
                value -= np.log(some)
                a -= alpha * away * none / some
                b += alpha * rate / (beta + rate) * none / some
            density[one], by_alpha[one], by_beta[one] = value, a, b
        top = max(density[0], density[1])
        first, second = share * np.exp(density[0] - top), (1 - share) * np.exp(density[1] - top)
        both = first + second
        weight, posterior = weights[pair], first / both
        total -= weight * (top + np.log(both))
        gradient[0] -= weight * posterior * by_alpha[0]
        gradient[1] -= weight * posterior * by_beta[0]
        gradient[2] -= weight * (1 - posterior) * by_alpha[1]
        gradient[3] -= weight * (1 - posterior) * by_beta[1]
        gradient[4] -= weight * (posterior - share)
    return total, gradient
