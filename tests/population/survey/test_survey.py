"""Designed samples: R's numbers, and what weights and variances must do whatever the sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SchemaError, SettingsError
from heedful.loops.parity import CaseResult
from heedful.population.survey.calibrate import calibrate, model_matrix, run_calibrate, trim_weights
from heedful.population.survey.design import Design, design_of, draw
from heedful.population.survey.estimates import mean, ratio, run_design_estimates, total
from heedful.population.survey.post_stratify import post_stratify, sizes_of
from heedful.population.survey.rake import rake


def test_r_survey_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("survey_")
    assert len(results) >= 7
    assert [result for result in results if not result.passed] == []


def sample(seed: int = 1, rows: int = 60) -> tuple[Design, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    design = draw(rows, random.uniform(5, 20, rows), clusters=[np.repeat(np.arange(rows // 3), 3)])
    groups = np.arange(rows) % 4
    return design, groups, random.normal(10, 3, rows) + groups


def test_a_simple_random_sample_has_the_textbook_variance() -> None:
    values = np.array([3.0, 8, 1, 9, 4])
    found = mean(values, draw(5, population=[np.full(5, 50.0)]))
    assert found.value == values.mean()
    assert found.standard_error**2 == pytest.approx(values.var(ddof=1) / 5 * (1 - 5 / 50))
    assert found.design_effect == pytest.approx(1)


def test_strata_add_up() -> None:
    values, strata = np.array([3.0, 8, 1, 9, 4, 6]), np.array(["a", "a", "a", "b", "b", "b"])
    sizes = np.repeat([30.0, 60], 3)
    together = total(values, draw(6, strata=[strata], population=[sizes]))
    parts = [total(values[rows], draw(3, population=[sizes[rows]])) for rows in (slice(0, 3), slice(3, 6))]
    assert together.value == pytest.approx(sum(part.value for part in parts))
    assert together.standard_error**2 == pytest.approx(sum(part.standard_error**2 for part in parts))


def test_two_stages_by_hand() -> None:
    """n = 2 of N = 6 schools, m = 2 of M = 4 pupils in each: between schools, and 2/6 of what is within."""
    values = np.array([1.0, 3, 4, 10])
    school, pupil = np.array([0, 0, 1, 1]), np.arange(4)
    design = draw(4, clusters=[school, pupil], population=[np.full(4, 6.0), np.full(4, 4.0)])
    assert design.weights.tolist() == [6.0] * 4
    sums = np.array([24.0, 84]) / 1.0
    between = (1 - 2 / 6) * 2 * sums.var(ddof=1)
    within = sum((1 - 2 / 4) * 2 * (6 * pair).var(ddof=1) for pair in (values[:2], values[2:])) * 2 / 6
    assert total(values, design).standard_error ** 2 == pytest.approx(between + within)


def test_ids_of_clusters_may_be_used_again_only_if_said() -> None:
    strata, ids = np.array([0, 0, 1, 1]), np.array([1, 2, 1, 2])
    with pytest.raises(SettingsError, match="more than one stratum"):
        draw(4, strata=[strata], clusters=[ids])
    assert len(np.unique(draw(4, strata=[strata], clusters=[ids], nested=True).clusters)) == 4


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_calibrated_weights_reproduce_their_totals(seed: int) -> None:
    design, groups, values = sample(seed)
    variables = np.column_stack([np.ones(60), groups == 1, values])
    totals = design.weights @ variables * np.array([1.05, 0.95, 1.04])
    for distance, bounds in (("linear", None), ("raking", None), ("logit", (0.2, 4.0)), ("linear", (0.2, 4.0))):
        found = calibrate(design, variables, totals, distance, bounds)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.weights @ variables, totals, rtol=1e-6)
        # what the totals explain does not vary any more
        assert total(variables @ np.array([2.0, 1, -3]), found).standard_error < 1e-6 * abs(totals).sum()
        factor = found.weights / design.weights
        if distance == "raking":
            assert (factor > 0).all()
        if bounds:
            assert factor.min() >= bounds[0]
            assert factor.max() <= bounds[1]


def test_cells_and_margins_reproduce_their_sizes() -> None:
    design, groups, _ = sample()
    sizes = np.array([100.0, 200, 150, 250])
    cells = post_stratify(design, groups, sizes)
    np.testing.assert_allclose(np.bincount(groups, cells.weights), sizes)
    assert total((groups == 2).astype(float), cells).standard_error == pytest.approx(0, abs=1e-9)
    halves = np.arange(60) % 7 % 2
    raked = rake(design, [(groups, sizes), (halves, np.array([300.0, 400]))])
    np.testing.assert_allclose(np.bincount(groups, raked.weights), sizes, rtol=1e-7)
    np.testing.assert_allclose(np.bincount(halves, raked.weights), [300, 400], rtol=1e-7)


def test_one_margin_is_post_stratification() -> None:
    design, groups, values = sample()
    sizes = np.array([100.0, 200, 150, 250])
    np.testing.assert_allclose(rake(design, [(groups, sizes)]).weights, post_stratify(design, groups, sizes).weights)
    indicators = (groups[:, None] == np.arange(4)).astype(float)
    linear = calibrate(design, indicators, sizes)
    np.testing.assert_allclose(linear.weights, post_stratify(design, groups, sizes).weights)
    assert mean(values, linear).standard_error == pytest.approx(mean(values, post_stratify(design, groups, sizes)).standard_error)


@settings(max_examples=30, deadline=None)
@given(weights=st.lists(st.floats(1, 50), min_size=5, max_size=30))
def test_trimming_keeps_the_sum_and_strictly_the_bounds(weights: list[float]) -> None:
    before = np.array(weights)
    low, high = 0.6 * before.mean(), 1.7 * before.mean()
    if not ((before >= low) & (before <= high)).any():
        return
    once = trim_weights(before, low, high)
    assert once.sum() == pytest.approx(before.sum())
    try:
        strict = trim_weights(before, low, high, strict=True)
    except SettingsError:
        return
    assert strict.sum() == pytest.approx(before.sum())
    assert strict.min() >= low
    assert strict.max() <= high


def test_a_domain_is_a_ratio() -> None:
    design, groups, values = sample()
    inside = groups == 1
    found, same = mean(values, design, inside), ratio(values * inside, inside.astype(float), design)
    assert found.value == pytest.approx(same.value)
    assert found.standard_error == pytest.approx(same.standard_error)


def test_sizes_of_crossed_cells_come_nested_or_as_rows() -> None:
    nested = sizes_of({"f": {"a": 1, "b": 2}, "m": {"a": 3, "b": 4}}, ["sex", "age"])
    rows = [{"sex": sex, "age": age, "Freq": size} for (sex, age), size in nested.items()]
    assert sizes_of(rows, ["sex", "age"]) == nested


def test_what_cannot_be_answered_is_refused() -> None:
    table = pl.DataFrame({"x": [1.0, 2, None], "g": ["a", "b", "b"], "w": [1.0, 2, 3]})
    with pytest.raises(SettingsError, match="only one unit"):
        total(np.ones(3), draw(3, strata=[np.array([0, 0, 1])]))
    with pytest.raises(SchemaError, match="missing"):
        run_design_estimates({"weights": "w", "variables": ["x"]}, {"sample": table})
    with pytest.raises(SchemaError, match="no column"):
        design_of({"weights": "y"}, table)
    with pytest.raises(SettingsError, match="interactions"):
        model_matrix(table, ["intercept", "g:w"])
    with pytest.raises(SettingsError, match="no total"):
        run_calibrate({"weights": "w", "formula": ["intercept", "g"], "totals": {"(Intercept)": 5}}, {"sample": table})
    with pytest.raises(SettingsError, match="cell"):
        post_stratify(draw(3), np.array([0, 0, 1]), np.array([1.0, 2, 3]))
    with pytest.raises(SettingsError, match="bounds"):
        calibrate(draw(3), np.ones((3, 1)), np.array([4.0]), "logit")
    with pytest.raises(SettingsError, match="not met"):
        calibrate(draw(3), np.ones((3, 1)), np.array([40.0]), "logit", (0.5, 2.0))
    with pytest.raises(SettingsError, match="more units"):
        draw(3, population=[np.full(3, 2.0)])
