"""Flexible Farrington equals R with its faults, and without them keeps a trend as seldom as it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.loops.parity import CaseResult, load_case
from heedful.population.farrington import calendar_of
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.yearly_reference import Calendar

WEEKLY = Calendar(52)


def test_r_surveillance_gives_the_same_numbers(reference_cases: Callable[[str], list[CaseResult]]) -> None:
    results = reference_cases("farringtonflex_")
    assert len(results) >= 14
    assert [result for result in results if not result.passed] == []


def test_r_as_shipped_stops_where_we_stop(shared_reference: Path) -> None:
    folder = shared_reference / "surveillance" / "farringtonflex_newport_p10_delta_past26"
    case, theirs = load_case(folder), orjson.loads((folder / "expected.json").read_bytes())["outputs_as_shipped"]
    counts = case.inputs["series"]["count"].to_numpy().astype(float)[None, :]
    rows = slice(case.arguments["first_time_index"] - 1, case.arguments["last_time_index"])
    wanted = FarringtonFlexible(years_back=4, mode="surveillance", tolerance=1e-8)
    ours = farrington_flexible(counts, calendar_of(case.arguments, case.inputs), wanted, rows)
    known = np.array([value is not None for value in theirs["upperbound"]])
    np.testing.assert_allclose(ours.bound[0, known], np.array(theirs["upperbound"], dtype=float)[known], rtol=1e-9)
    np.testing.assert_allclose(ours.dispersion[0], theirs["dispersion"], rtol=1e-9)


@pytest.mark.parametrize("periods", [1, 10])
def test_the_finding_trends_kept_where_there_are_none(periods: int, shared_reference: Path) -> None:
    table = pl.read_csv(shared_reference / "surveillance" / "finding_reweight" / "trend_kept.csv")
    table = table.filter(pl.col("distribution") == "poisson", pl.col("mean") == 30, pl.col("number_of_periods") == periods)
    shares = {(str(row["reweight"]), str(row["weights_threshold"])): row["trend_kept"] for row in table.iter_rows(named=True)}
    counts = np.random.default_rng(periods).poisson(30, (600, 324)).astype(float)

    def share(**setting: object) -> float:
        wanted = FarringtonFlexible(periods=periods, **setting)  # type: ignore[arg-type]
        return float(farrington_flexible(counts, WEEKLY, wanted, slice(323, 324)).trend_kept.mean())

    assert abs(share(mode="surveillance") - shares["TRUE", "2.58"]) < 0.1
    assert abs(share(mode="surveillance", reweight=False) - shares["FALSE", "NA"]) < 0.04
    assert abs(share(mode="surveillance", keep_working_weights=True) - shares["TRUE, working weights kept (corrected)", "2.58"]) < 0.04
    assert share(mode="corrected") < 0.08


def test_only_the_ratio_of_populations_matters() -> None:
    random = np.random.default_rng(3)
    counts, people = random.poisson(9, (2, 324)).astype(float), random.uniform(1e4, 2e4, (2, 324))
    one = farrington_flexible(counts, WEEKLY, FarringtonFlexible(), slice(300, 324), people)
    other = farrington_flexible(counts, WEEKLY, FarringtonFlexible(), slice(300, 324), people * 7)
    np.testing.assert_allclose(one.bound, other.bound, rtol=1e-8)


def test_with_a_quantile_the_alarm_is_above_the_bound() -> None:
    counts = np.random.default_rng(4).poisson(0.3, (200, 324)).astype(float)
    result = farrington_flexible(counts, WEEKLY, FarringtonFlexible(threshold="nbPlugin", min_cases=0, alpha=0.01), slice(320, 324))
    np.testing.assert_array_equal(result.alarm, counts[:, 320:] > result.bound)
    assert (result.alarm == (result.p_value < 0.01)).all()


def test_sparse_series_keep_no_trend_from_a_handful_of_counts() -> None:
    counts = np.random.default_rng(5).poisson(0.01, (200, 324)).astype(float)
    result = farrington_flexible(counts, WEEKLY, FarringtonFlexible(min_cases=0), slice(323, 324))
    assert result.trend_kept.mean() < 0.05


def test_a_population_of_nobody_and_impossible_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="population of 0"):
        farrington_flexible(np.ones((1, 2)), WEEKLY, FarringtonFlexible(), population=np.array([[5.0, 0.0]]))
    with pytest.raises(SettingsError, match="threshold"):
        FarringtonFlexible(threshold="median")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="at least 1 period"):
        FarringtonFlexible(periods=0)
