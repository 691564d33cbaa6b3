"""The solver against its optimality conditions and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize

from heedful.language.heads.linear import decide, fit
from heedful.language.heads.logistic import fit_logistic


def problem(seed: int, rows: int = 60, columns: int = 8) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, columns)) * (random.random((rows, columns)) < 0.5)
    return features, features @ random.normal(size=columns) + 0.3 * random.normal(size=rows)


@pytest.mark.parametrize("seed", range(3))
def test_squared_error_is_ridge_regression(seed: int) -> None:
    features, numbers = problem(seed)
    strength = 0.5
    weights = fit(sparse.csr_array(features), numbers[:, None], np.full((60, 1), strength), bounded=False, tolerance=1e-5, passes=2000)
    wide = np.column_stack([features, np.ones(60)])
    exact = np.linalg.solve(wide.T @ wide + np.eye(9) / (2 * strength), wide.T @ numbers)
    assert weights[:, 0] == pytest.approx(exact, abs=2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_squared_hinge_is_the_minimum(seed: int) -> None:
    features, numbers = problem(seed)
    signs = np.where(numbers > 0.4, 1.0, -1.0)
    wide = np.column_stack([features, np.ones(60)])

    def loss(weights: np.ndarray) -> float:
        return float(weights @ weights / 2 + 0.7 * (np.maximum(0, 1 - signs * (wide @ weights)) ** 2).sum())

    found = fit(sparse.csr_array(features), signs[:, None], np.full((60, 1), 0.7), bounded=True, tolerance=1e-5, passes=2000)[:, 0]
    assert loss(found.astype(float)) == pytest.approx(minimize(loss, np.zeros(9)).fun, rel=1e-4)


def test_outputs_do_not_touch_each_other_and_unused_rows_teach_nothing() -> None:
    features, numbers = problem(1)
    rows = sparse.csr_array(features)
    targets = np.column_stack([np.sign(numbers), -np.sign(numbers)])
    used = np.ones((60, 2))
    used[:20, 1] = 0
    both = fit(rows, targets, used, bounded=True, tolerance=1e-5, passes=2000)
    alone = fit(sparse.csr_array(features[20:]), targets[20:, 1:], used[20:, 1:], bounded=True, tolerance=1e-5, passes=2000)
    assert both[:, 1] == pytest.approx(alone[:, 0], abs=2e-3)
    assert (np.sign(decide(rows, both)[:, 0]) == np.sign(numbers)).mean() > 0.9


def test_the_same_rows_give_the_same_bytes() -> None:
    features, numbers = problem(2)
    made = [fit(sparse.csr_array(features), np.sign(numbers)[:, None], np.ones((60, 1)), bounded=True).tobytes() for _ in range(2)]
    assert made[0] == made[1]


def test_logistic_agrees_with_statsmodels_without_penalty() -> None:
    api = pytest.importorskip("statsmodels.api")
    features, numbers = problem(3)
    truth = (numbers + np.random.default_rng(0).normal(size=60) * 2 > 0).astype(int)
    ours = fit_logistic(features[:, :3], truth, 2, 1e9).probabilities(features[:, :3])
    theirs = api.Logit(truth, api.add_constant(features[:, :3])).fit(disp=0).predict()
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_logistic_of_three_classes_adds_up_to_one() -> None:
    features, _ = problem(4)
    model = fit_logistic(features, np.arange(60) % 3, 3)
    assert model.probabilities(features).sum(axis=1) == pytest.approx(np.ones(60))
