"""Elliptic envelope: which of many points lie outside the ellipse that holds the densest of them.

The ellipse is the minimum covariance determinant's, found by FastMCD (random halves, concentration steps), made consistent at the normal
and reweighted; a point is outside if its Mahalanobis distance is among the highest `outside` share.

Reference: Rousseeuw & Van Driessen 1999, Technometrics 41:212-223. Equals scikit-learn 1.9.1 `EllipticEnvelope`, its random subsets
included (same seed, same draws): where the two columns say the same, the covariance is singular and the first random subset decides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr, chdtri

from heedful.core.errors import SettingsError

Floats = NDArray[np.float64]
LARGE, SUBSET, MERGED = 500, 300, 1500
"""Above `LARGE` points the search starts in subsets of about `SUBSET`, pooled into at most `MERGED`."""
_FEW_STEPS, _STEPS = 2, 30


class _Estimate(NamedTuple):
    location: Floats
    covariance: Floats
    log_determinant: float
    support: NDArray[np.bool_]
    distance: Floats


def outside_envelope(points: Floats, *, outside: float = 0.1, support: float = 0.7, seed: int = 0) -> NDArray[np.bool_]:
    """True for each of `points` [points, features] (any unit, none missing) outside the envelope.

    Parameters
    ----------
    outside: share of points to call outside. support: share that the ellipse is fitted to. seed: of NumPy's Mersenne Twister.

    Errors: `SettingsError` for shares outside (0, 0.5] and (0, 1], missing values, one feature, too few points, or points all alike.

    >>> rng = np.random.default_rng(1)
    >>> points = rng.normal(size=(60, 2))
    >>> points[:3] += 9
    >>> outside_envelope(points, outside=0.05).nonzero()[0].tolist()
    [0, 1, 2]
    """
    return fitted_envelope(points, outside=outside, support=support, seed=seed).leaves_out(points)


class Envelope(NamedTuple):
    """An ellipse: `location` [features], `precision` [features, features], and `offset`, the score below which a point is outside."""

    location: Floats
    precision: Floats
    offset: float

    def leaves_out(self, points: Floats) -> NDArray[np.bool_]:
        """True for each of `points` [points, features] outside, whether the ellipse was fitted to them or not."""
        from scipy.spatial.distance import cdist  # slow to load

        away = cdist(np.asarray(points, dtype=np.float64), self.location[None, :], metric="mahalanobis", VI=self.precision)[:, 0]
        return np.asarray(-(away**2) < self.offset)


def fitted_envelope(points: Floats, *, outside: float = 0.1, support: float = 0.7, seed: int = 0) -> Envelope:
    """The ellipse of `outside_envelope`."""
    points = np.asarray(points, dtype=np.float64)
    if not 0 < outside <= 0.5 or not 0 < support <= 1:
        raise SettingsError(f"outside_envelope: outside is in (0, 0.5], support in (0, 1]; they are {outside} and {support}.")
    if points.ndim != 2 or points.shape[1] < 2 or int(support * len(points)) < 2 or not np.isfinite(points).all():
        raise SettingsError(f"outside_envelope needs [points, 2 or more features], at least two supporting, none missing: {points.shape}.")
    random = np.random.RandomState(seed)
    raw = _fast_mcd(points, int(support * len(points)), random)
    if np.allclose(raw.covariance, 0):
        raise SettingsError("outside_envelope: the supporting points are all alike; there is nothing to measure distance by.")
    location, precision = _reweighted(points, raw)
    return Envelope(location, precision, float(np.percentile(-_squared_distance(points, location, precision), 100 * outside)))


def _reweighted(points: Floats, raw: _Estimate) -> tuple[Floats, Floats]:
    """Location and precision of the points within the 97.5 % ellipse of the raw estimate, scaled to fit the normal."""
    features = points.shape[1]
    distance = raw.distance / _consistency(features, raw.support.sum() / len(points))
    kept = points[distance < chdtri(features, 0.025)]
    return kept.mean(axis=0), _inverse(_covariance(kept) * _consistency(features, 0.975))


def _consistency(features: int, share: float) -> float:
    """By how much the covariance of the nearest `share` of normal points is too small (Croux & Haesbroeck 1999, J Multivar Anal 71:161)."""
    return float(share / chdtr(features + 2, chdtri(features, 1 - share))) if share < 1 else 1.0


def _fast_mcd(points: Floats, support: int, random: np.random.RandomState) -> _Estimate:
    n = len(points)
    if n <= LARGE:
        best = _candidates(points, support, random, trials=30, best=10)
        return _improved(points, support, best, best_of=1)[0]
    subsets = n // SUBSET
    size = n // subsets
    order = random.permutation(n)
    starts: list[_Estimate] = []
    for number in range(subsets):
        subset = points[order[number * size : (number + 1) * size]]
        starts += _candidates(subset, int(np.ceil(size * (support / float(n)))), random, trials=max(10, 500 // subsets), best=10)
    merged = min(MERGED, n)
    selection = random.permutation(n)[:merged]
    pooled = _improved(points[selection], int(np.ceil(merged * (support / float(n)))), starts, best_of=10 if n > MERGED else 1)
    if n >= MERGED:
        return _improved(points, support, pooled, best_of=1)[0]
    distance = np.zeros(n)
    distance[selection] = pooled[0].distance
    return pooled[0]._replace(distance=distance)


def _candidates(points: Floats, support: int, random: np.random.RandomState, *, trials: int, best: int) -> list[_Estimate]:
    """The `best` of `trials` random starts after two concentration steps."""
    return _best([_concentrated(points, support, random.permutation(len(points))[:support], _FEW_STEPS) for _ in range(trials)], best)


def _improved(points: Floats, support: int, starts: list[_Estimate], *, best_of: int) -> list[_Estimate]:
    """Concentration from given locations and covariances until nothing changes; the best of them."""
    found = []
    for start in starts:
        distance = _squared_distance(points, start.location, _inverse(start.covariance))
        found.append(_concentrated(points, support, _nearest(distance, support), _STEPS, distance))
    return _best(found, best_of)


def _best(estimates: list[_Estimate], count: int) -> list[_Estimate]:
    return [estimates[place] for place in np.argsort([one.log_determinant for one in estimates])[:count]]


def _concentrated(points: Floats, support: int, chosen: NDArray[np.intp], steps: int, distance: Floats | None = None) -> _Estimate:
    """Concentration steps: fit the chosen points, choose the nearest, until the determinant no longer falls."""
    location, covariance = points[chosen].mean(axis=0), _covariance(points[chosen])
    determinant, previous = _log_determinant(covariance), np.inf
    precision = _inverse(covariance)
    before: tuple[Floats, Floats, float, NDArray[np.intp]] = (location, covariance, previous, chosen)
    while determinant < previous and steps > 0 and not np.isinf(determinant):
        before, previous = (location, covariance, determinant, chosen), determinant
        precision = _inverse(covariance)
        distance = _squared_distance(points, location, precision)
        chosen = _nearest(distance, support)
        location, covariance = points[chosen].mean(axis=0), _covariance(points[chosen])
        determinant = _log_determinant(covariance)
        steps -= 1
    if determinant > previous and not np.allclose(determinant, previous) and steps > 0 and distance is not None:
        location, covariance, determinant, chosen = before
    else:
        distance = _squared_distance(points, location, precision)
    mask = np.bincount(chosen, minlength=len(points)).astype(bool)
    return _Estimate(location, covariance, determinant, mask, distance)


def _nearest(distance: Floats, support: int) -> NDArray[np.intp]:
    return np.argpartition(distance, support - 1)[:support]


def _covariance(points: Floats) -> Floats:
    return np.asarray(np.cov(points.T, bias=True), dtype=np.float64)


def _inverse(covariance: Floats) -> Floats:
    from scipy.linalg import pinvh  # slow to load

    return np.asarray(pinvh(covariance), dtype=np.float64)


def _log_determinant(covariance: Floats) -> float:
    sign, value = np.linalg.slogdet(covariance)
    return float(value) if sign > 0 else -np.inf


def _squared_distance(points: Floats, location: Floats, precision: Floats) -> Floats:
    away = points - location
    return np.asarray((np.dot(away, precision) * away).sum(axis=1))
