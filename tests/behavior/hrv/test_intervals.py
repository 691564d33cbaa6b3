"""Intervals that are none are refused; a missing one is bridged; arguments that are not understood are errors."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from heedful.behavior.hrv.intervals import IntervalsError, as_peaks, intervals, tolerance
from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS

RECORD = pl.DataFrame({"rr_ms": [800.0 + 10 * (n % 7) + 3 * (n % 5) for n in range(400)]})


@pytest.mark.parametrize("wrong", [[800.0, 810.0], [800.0, 810.0, 0.0, 800.0], [800.0, float("nan"), 800.0, 800.0], [800, -1, 800, 800]])
def test_what_is_no_record_is_refused(wrong: list[float]) -> None:
    with pytest.raises(IntervalsError):
        intervals(np.array(wrong))


def test_missing_intervals_are_bridged_by_the_median() -> None:
    bridged = as_peaks(np.array([800.0, 820.0, np.nan, np.nan, 840.0, 820.0]))
    assert bridged.tolist() == [800.0, 820.0, 1640.0, 840.0, 820.0]


def test_beats_are_rounded_to_samples() -> None:
    assert as_peaks(np.full(5, 803.0), 100).tolist() == [800.0, 810.0, 800.0, 800.0, 810.0]
    with pytest.raises(SettingsError):
        as_peaks(np.full(5, 803.0), 0)


def test_tolerances() -> None:
    rr = np.array([790.0, 800.0, 810.0])
    assert tolerance("0.15*sd(rr, ddof=0)", rr) == pytest.approx(0.15 * np.std(rr))
    assert tolerance(8, rr) == 8
    for wrong in ("0.2", "0.2*mad(rr)", -1, None, True):
        with pytest.raises(SettingsError):
            tolerance(wrong, rr)


@pytest.mark.parametrize("name", ["time_domain", "frequency_domain", "nonlinear", "entropy_and_dfa", "summary"])
def test_arguments_that_are_not_understood_are_errors(name: str) -> None:
    run = METHODS.get(f"hrv.{name}").run
    assert run is not None
    assert run({}, {"rr": RECORD})
    with pytest.raises(SettingsError, match="kubios"):
        run({"kubios": 1}, {"rr": RECORD})
    with pytest.raises(SettingsError):
        run({}, {"rr": RECORD.rename({"rr_ms": "rr"})})
    if name != "entropy_and_dfa":
        with pytest.raises(SettingsError, match="kubios"):
            run({"definition": "kubios"}, {"rr": RECORD})
