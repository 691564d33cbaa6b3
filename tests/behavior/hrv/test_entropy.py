"""The counting kernel says the same as a plain comparison of all pairs, and entropies obey their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.hrv.entropy import approximate_entropy, fuzzy_entropy, multiscale_entropy, sample_entropy, shannon_entropy
from heedful.behavior.hrv.templates import fuzzy_neighbors, neighbors, templates
from heedful.core.errors import SettingsError


def plain_neighbors(values: np.ndarray, dimension: int, delay: int, tolerance: float, closed: bool) -> list[int]:
    count = len(values) - (dimension - 1) * delay
    runs = [[values[i + d * delay] for d in range(dimension)] for i in range(count)]
    far = [[max(abs(a - b) for a, b in zip(p, q, strict=True)) for q in runs] for p in runs]
    return [sum(far[i][j] <= tolerance if closed else far[i][j] < tolerance for j in range(count) if j != i) for i in range(count)]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-4, 4), min_size=5, max_size=40), st.integers(1, 3), st.integers(1, 2), st.sampled_from([0.5, 1.0, 2.0, 20.0]),
    st.booleans(),
)  # fmt: skip
def test_neighbors_are_those_of_all_pairs(values: list[int], dimension: int, delay: int, tolerance: float, closed: bool) -> None:
    series = np.array(values, float)
    got = neighbors(templates(series, dimension, delay), tolerance, closed=closed)
    assert got.tolist() == plain_neighbors(series, dimension, delay, tolerance, closed)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(600, 1000), min_size=4, max_size=30))
def test_likeness_is_that_of_all_pairs(values: list[float]) -> None:
    rows = templates(np.array(values), 2)
    centered = rows - rows.mean(axis=0)
    distance = np.abs(centered[:, :, None] - centered[:, None, :]).max(axis=0)
    assert fuzzy_neighbors(rows, 9.0) == pytest.approx(np.exp(-distance / 9.0).sum(axis=0) - 1, abs=1e-9)


def test_a_record_without_agreement_has_no_number() -> None:
    rising = np.arange(700.0, 900.0, 10)
    assert sample_entropy(rising, 1.0) == -math.inf
    assert sample_entropy(np.array([1.0, 2, 9, 1, 2, 20, 1, 2, 31]), 0.5) == math.inf


def test_noise_is_less_regular_than_a_rhythm_and_scaling_changes_nothing() -> None:
    random = np.random.default_rng(3)
    noise = 800 + 30 * random.normal(size=600)
    rhythm = 800 + 30 * np.sin(np.arange(600) / 3) + random.normal(size=600)
    for entropy in (sample_entropy, approximate_entropy, fuzzy_entropy, multiscale_entropy):
        assert entropy(noise, 6.0) > entropy(rhythm, 6.0)
        assert entropy(noise * 2, 12.0) == pytest.approx(entropy(noise, 6.0))
    assert shannon_entropy(np.repeat([800.0, 810.0, 820.0, 830.0], 5)) == pytest.approx(2)


def test_too_short_for_a_template() -> None:
    with pytest.raises(SettingsError):
        sample_entropy(np.array([800.0, 810.0, 820.0]), 5.0, dimension=3)
