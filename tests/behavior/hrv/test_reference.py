"""Every case of heart-rate variability of the reference equals its peer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = ("all_hrv_analysis_aura", "all_hrv_analysis_synthetic1", "entropy_dfa_aura", "entropy_dfa_synthetic1",
         "frequency_neurokit_lomb_synthetic1", "frequency_neurokit_welch_aura", "frequency_neurokit_welch_synthetic1",
         "nonlinear_neurokit_synthetic1", "time_neurokit_aura", "time_neurokit_synthetic1")  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_equals_the_peer(check_case: Callable[[str], None], name: str) -> None:
    check_case(f"hrv_{name}")
