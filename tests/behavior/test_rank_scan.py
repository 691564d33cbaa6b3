"""The rank scan and R's permutations: known draws, and a plain twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import rankdata

from heedful.behavior.r_permutations import r_permutations
from heedful.behavior.rank_scan import _exceeding, _strongest, null_maxima, rank_scan
from heedful.core.errors import SettingsError


def test_permutations_are_those_of_r() -> None:
    # R: set.seed(1); sample(10)    set.seed(42); sample(10)
    assert r_permutations(1, 1, 10).tolist() == [[9, 4, 7, 1, 2, 5, 3, 10, 6, 8]]
    assert r_permutations(42, 1, 10).tolist() == [[1, 5, 10, 8, 2, 4, 6, 9, 7, 3]]


@settings(deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(1, 6), st.integers(1, 200))
def test_every_row_is_a_permutation_and_rows_continue_the_stream(seed: int, count: int, length: int) -> None:
    found = r_permutations(seed, count, length)
    assert (np.sort(found, axis=1) == np.arange(1, length + 1)).all()
    assert np.array_equal(found[: count - 1], r_permutations(seed, count - 1, length))


def _plain_intervals(ranks: NDArray[np.float64], bound: float) -> set[tuple[int, int]]:
    n, found = len(ranks), set()
    for i in range(n - 1):
        for q in range(1, int(np.log2(n)) + 1):
            j = min(n - 1, i + 2**q - 1)
            if abs((ranks[i : j + 1] - (n + 1) / 2).sum() / np.sqrt(j - i + 1)) > bound:
                found.add((i, j))
    return found


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=8, max_size=40), st.floats(1, 12))
def test_scanned_intervals_are_those_of_a_plain_loop(values: list[int], bound: float) -> None:
    ranks = rankdata(values)
    first, last, statistic = _exceeding(ranks, bound)
    pairs = list(zip(first.tolist(), last.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == _plain_intervals(ranks, bound)
    assert pairs == sorted(pairs)
    kept = _strongest(first, last, statistic)
    for n, one in enumerate(kept):
        for other in kept[:n]:
            apart = last[one] < first[other] or last[other] < first[one]
            assert apart or abs(statistic[one]) == abs(statistic[other])


def test_a_planted_rise_is_found_and_chance_seldom() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=512)
    values[200:264] += 1.5
    found = rank_scan(values, draws=200)
    assert abs(found.first[0] - 200) < 12
    assert found.statistic[0] > 0
    assert found.p_value[0] == 0
    alarms = sum(len(rank_scan(rng.normal(size=128), alpha=0.05, draws=99, seed=seed).first) > 0 for seed in range(40))
    assert alarms <= 10  # high and low ends are both looked at: about twice alpha


def test_null_maxima_depend_on_the_seed_only() -> None:
    assert np.array_equal(null_maxima(100, 5, 9), null_maxima(100, 5, 9))
    assert not np.array_equal(null_maxima(100, 5, 9), null_maxima(100, 5, 10))


def test_wrong_input_is_told() -> None:
    with pytest.raises(SettingsError, match="at least 8"):
        rank_scan(np.zeros(7))
    with pytest.raises(SettingsError, match="Fill gaps"):
        rank_scan(np.full(20, np.nan))
    with pytest.raises(SettingsError, match="alpha"):
        rank_scan(np.zeros(20), alpha=2)
    with pytest.raises(SettingsError, match="length"):
        r_permutations(1, 1, 40_000)
