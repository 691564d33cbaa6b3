"""Time-domain indices against hand-worked numbers and against a plain search for the triangle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.hrv.time_domain import TimeDomain, _triangle, time_domain
from heedful.core.errors import SettingsError


def test_worked_by_hand() -> None:
    found = time_domain(np.array([800.0, 860.0, 800.0, 830.0]), TimeDomain(pnn_ms=(20, 50)))
    assert found["MeanNN"] == 822.5
    assert found["RMSSD"] == pytest.approx(np.sqrt((60**2 + 60**2 + 30**2) / 3))
    assert (found["pNN20"], found["pNN50"]) == (75.0, 50.0)
    assert found["MedianNN"] == 815.0
    assert found["MadNN"] == pytest.approx(1.4826 * 15)
    assert np.isnan(found["SDANN1"])


def test_windows() -> None:
    found = time_domain(np.concatenate([np.full(60, 1000.0), np.full(60, 1010.0), np.full(70, 1000.0)]), TimeDomain((1,)))
    assert 0 < found["SDANN1"] < 10
    assert found["SDNNI1"] < 2


def test_even_intervals_have_no_triangle_and_no_ratio() -> None:
    found = time_domain(np.full(100, 800.0))
    assert (found["SDNN"], found["RMSSD"], found["TINN"], found["HTI"]) == (0, 0, 0, 1)
    assert np.isnan(found["SDRMSSD"])


def plain_triangle(rr: np.ndarray, edges: np.ndarray, counts: np.ndarray) -> int:
    """The peer's search, foot by foot."""
    best, feet = 2.0**14, (0, 0)
    top = int(np.argmax(counts))
    left = next(n for n, edge in enumerate(edges) if edge > rr.min())
    right = top + 1
    while left < top:
        while edges[right] < rr.max():
            drawn = np.zeros(len(edges))
            for n in range(left, top + 1):
                drawn[n] = counts[top] * (n - left) / (top - left)
            for n in range(top, right + 1):
                drawn[n] = counts[top] * (right - n) / (right - top)
            error = sum((counts[n] - drawn[n]) ** 2 for n in range(left, right + 1))
            if error < best:
                best, feet = error, (left, right)
            right += 1
        left += 1
    return feet[1] - feet[0]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(700, 900), min_size=10, max_size=200))
def test_triangle_is_that_of_a_plain_search(values: list[int]) -> None:
    rr = np.array(values, float)
    edges = np.arange(0, rr.max() + 7.8125, 7.8125)
    counts = np.histogram(rr, edges)[0]
    assert _triangle(rr, edges, counts) == plain_triangle(rr, edges, counts)


def test_settings_that_are_no_lengths() -> None:
    for wrong in ({"bin_ms": 0}, {"windows_minutes": (0,)}, {"pnn_ms": (-1,)}):
        with pytest.raises(SettingsError):
            TimeDomain(**wrong)  # type: ignore[arg-type]


def test_a_beat_on_the_edge_of_a_window_as_neurokit2() -> None:
    """neurokit2 0.2.13: hrv_time(intervals_to_peaks(rr, sampling_rate=250), sampling_rate=250), whose windows are told in seconds."""
    rr = np.tile([700.0, 704, 688, 688, 708, 704], 60)[:359]
    assert time_domain(rr)["SDANN1"] == pytest.approx(0.0887349686195148, abs=1e-9)
