"""Every adherence case of the reference equals AdhereR."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CMA = ("cma1_followup730", "cma2_followup730", "cma3_followup730", "cma4_followup730", "cma5_obs182_365", "cma5_samemed", "cma6_obs182_365",
       "cma7_obs182_365", "cma7_samemed_dosechange", "cma8_obs182_365", "cma9_obs182_365", "cma9_samemed_dosechange")  # fmt: skip
GAPS = ("carry_into_within", "carry_into_within_same_dose", "carry_within", "no_carryover")
REST = ("episodes_gap180_medchange", "episodes_gap90", "per_episode_cma1", "per_episode_cma7", "sliding_window_cma1", "sliding_window_cma9",
        "medication_groups_cma1", "medication_groups_cma9")  # fmt: skip


@pytest.mark.parametrize("name", [*CMA, *(f"event_gaps_{name}" for name in GAPS), *REST])
def test_equals_adherer(check_case: Callable[[str], None], name: str) -> None:
    check_case(f"adherence_{name}")
