"""The simulated scenarios against the parameters on file and the moments they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.population.noufaily_scenarios import SCENARIOS, simulate


def test_the_parameters_are_those_of_the_table(shared_reference: Path) -> None:
    path = shared_reference.parent / "data" / "surveillance" / "noufaily2013_simulation_scenarios.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    for row, mine in zip(pl.read_csv(path).iter_rows(named=True), SCENARIOS, strict=True):
        assert (mine.number, mine.theta, mine.beta, mine.phi, mine.waves, int(mine.trend)) == (
            row["scenario"], row["theta"], row["beta"], row["phi"], row["m"], row["trend"],
        )  # fmt: skip
        if mine.waves:
            assert (mine.gamma1, mine.gamma2) == (row["gamma1"], row["gamma2"])


def test_counts_have_the_mean_and_the_variance_of_the_scenario() -> None:
    for scenario in (SCENARIOS[12], SCENARIOS[26], SCENARIOS[10]):
        counts, spread = simulate(scenario, 4000, seed=2, weeks=60)
        assert counts.mean(axis=0) == pytest.approx(scenario.mean(60), rel=0.15)
        assert counts.var(axis=0).mean() == pytest.approx((spread**2).mean(), rel=0.1)


def test_the_same_seed_gives_the_same_counts_and_nothing_asked_is_refused() -> None:
    assert np.array_equal(simulate(SCENARIOS[0], 3, seed=1)[0], simulate(SCENARIOS[0], 3, seed=1)[0])
    with pytest.raises(SettingsError, match="at least one series"):
        simulate(SCENARIOS[0], 0, seed=1)
