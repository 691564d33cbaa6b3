"""Every reference case of plans, risk and single-person experiments passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from heedful.loops.parity import parity

METHODS = (
    "plans.apply_plan_definition", "plans.cds_hooks", "plans.pharmacogenomic_recommendation", "risk.calibration_and_net_benefit",
    "risk.cox_regression", "risk.cox_regression_time_varying", "risk.cusum", "risk.persistence_curve",
    "experiments.n_of_1_generalised_least_squares", "experiments.interrupted_time_series",
)  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_equals_the_peer(shared_reference: Path, method: str) -> None:
    results = parity(shared_reference / "interventions", method)
    assert [(result.case, result.message) for result in results if not result.passed] == []
