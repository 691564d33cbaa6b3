"""The regression behind both Farrington methods, against statsmodels and against itself."""

from __future__ import annotations

import numpy as np
import pytest

from heedful.population.quasipoisson import Fit, Prediction, Rules, predict
from heedful.population.yearly_reference import ReferenceRows

ROWS, LEVELS = 60, 4
RULES = Rules(
    trend=True, trend_p=1.0, enough_years=True, reweight=False, weights_threshold=2.58, tolerance=1e-11,
    last_but_one=False, weights_overwritten=False, dispersion_floored=True, test_floored=False,
)  # fmt: skip


def reference() -> ReferenceRows:
    rows = np.arange(ROWS, dtype=np.int64)[None, :]
    return ReferenceRows(rows, rows % LEVELS, rows + 1.0, LEVELS - 1, np.array([ROWS + 5.0]), np.array([0]))


def counts(series: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    mean = np.exp(2 + 0.5 * (np.arange(ROWS) % LEVELS) - 0.01 * np.arange(ROWS))
    return random.negative_binomial(4, 4 / (4 + mean), (series, ROWS)).astype(float)


@pytest.mark.parametrize("trend", [True, False])
@pytest.mark.parametrize("with_offset", [True, False])
def test_statsmodels_fits_the_same(trend: bool, with_offset: bool) -> None:
    api = pytest.importorskip("statsmodels.api")
    y = counts(3, 4)
    offset = np.log(np.random.default_rng(5).uniform(50, 200, y.shape)) if with_offset else None
    now = None if offset is None else np.full((3, 1), np.log(100.0))
    ours = predict(y, reference(), RULES._replace(trend=trend), offset, now)
    design = np.eye(LEVELS)[np.arange(ROWS) % LEVELS]
    tomorrow = np.eye(LEVELS)[LEVELS - 1]
    if trend:
        design, tomorrow = np.column_stack([design, np.arange(ROWS) + 1.0]), np.append(tomorrow, ROWS + 5.0)
    for row in range(3):
        model = api.GLM(y[row], design, family=api.families.Poisson(), offset=None if offset is None else offset[row])
        theirs = model.fit(tol=1e-13, scale="X2")
        later = 0.0 if now is None else now[row, 0]
        scale = max(theirs.scale, 1.0)
        error = np.sqrt(tomorrow @ (theirs.cov_params() / theirs.scale * scale) @ tomorrow)
        np.testing.assert_allclose(ours.log_mean[row, 0], tomorrow @ theirs.params + later, rtol=1e-9)
        np.testing.assert_allclose(ours.dispersion[row, 0], scale, rtol=1e-7)
        np.testing.assert_allclose(ours.standard_error[row, 0], error, rtol=1e-7)
        if trend:
            np.testing.assert_allclose(ours.slope[row, 0], theirs.params[-1], rtol=1e-8)


def fields(prediction: Prediction) -> list[np.ndarray]:
    return [prediction.log_mean, prediction.standard_error, prediction.dispersion]


def test_sums_over_levels_are_the_same_as_rows_with_an_offset_of_zero() -> None:
    """A constant offset goes into the levels: the mean is scaled, nothing else changes."""
    y, rules = counts(4, 6), RULES._replace(trend=False, reweight=True)
    plain = predict(y, reference(), rules)
    moved = predict(y, reference(), rules, np.full(y.shape, 3.0), np.full((4, 1), 3.0))
    for one, other in zip(fields(plain), fields(moved), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


def test_an_outbreak_is_down_weighted() -> None:
    y = np.full((1, ROWS), 5.0)
    y[0, [10, 31]] = 60
    unweighted, weighted = (predict(y, reference(), RULES._replace(trend=False, reweight=flag)) for flag in (False, True))
    assert weighted.down_weighted[0, 0] == 2
    assert unweighted.down_weighted[0, 0] == 0
    assert weighted.dispersion[0, 0] < unweighted.dispersion[0, 0]


@pytest.mark.parametrize("size", [1e3, 1e6, 1e9])
def test_large_counts_converge(size: float) -> None:
    y = np.random.default_rng(7).poisson(size, (20, ROWS)).astype(float)
    fitted = predict(y, reference(), RULES._replace(reweight=True))
    assert (fitted.state == Fit.DONE).all()
    np.testing.assert_allclose(fitted.log_mean, np.log(size), atol=3 / np.sqrt(size))


def test_too_few_counts_are_not_fitted() -> None:
    y = np.full((2, ROWS), np.nan)
    y[0, :5] = 3
    y[1, LEVELS - 1 :: LEVELS] = 3
    fitted = predict(y, reference(), RULES)
    assert fitted.state[:, 0].tolist() == [Fit.TOO_FEW_COUNTS, Fit.DONE]
    assert fitted.used[:, 0].tolist() == [5, ROWS // LEVELS]
