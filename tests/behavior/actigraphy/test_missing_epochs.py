"""Recordings with missing epochs, as the runners of reference cases score them. Numbers of pyActigraphy 1.2.2 (numpy 1.23, pandas 1.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from heedful.core.registry import METHODS


@pytest.fixture
def activity() -> pl.DataFrame:
    """Three days of minutes; nothing is known of 200 minutes of the first day and of 30 of the second."""
    minute = np.arange(4320)
    still = np.where(minute % 9 == 0, minute * 31 % 23, 0)
    counts = np.where(np.sin(2 * np.pi * (minute + 300) / 1440) > -0.5, minute * 7919 % 503, still).astype(float)
    counts[1000:1200] = counts[2500:2530] = np.nan
    time = np.datetime64("2020-01-01T07:00:00") + minute * np.timedelta64(60, "s")
    return pl.DataFrame({"time": [str(at) for at in time], "activity": counts}).with_columns(pl.col("activity").fill_nan(None))


def run(name: str, activity: pl.DataFrame, **arguments: Any) -> dict[str, Any]:
    method = METHODS.get(f"actigraphy.{name}").run
    assert method is not None
    return method(arguments, {"activity": activity})


@pytest.mark.parametrize(
    ("name", "arguments", "ones", "places"),
    [
        ("cole_kripke", {"settings": "mean"}, 1621, 3403160),
        ("crespo", {}, 2756, 5962023),
        ("roenneberg", {}, 1410, 3170925),
    ],
)
def test_scores(activity: pl.DataFrame, name: str, arguments: dict[str, Any], ones: int, places: int) -> None:
    values = np.array(run(name, activity, **arguments)["score"]["values"], np.float64)
    assert (int(values.sum()), int(np.flatnonzero(values).sum())) == (ones, places)


def test_rhythm(activity: pl.DataFrame) -> None:
    found = run("nonparametric_rhythm", activity, resampling_frequency="1H", binarize=False, sub_period="1D")
    expected = {
        "IS": 0.9196882987578178, "IV": 0.3215921898973143, "L5": 1.1533333333333333, "M10": 253.11194444444442, "ADAT": 255265.9475987842,
        "ISm": 0.8550329134806238, "IVm": 0.25812160551306035, "L5p_1D": [0.3933333333333333, 1.13],
        "M10p_1D": [253.26666666666668, 253.94416666666666],
    }  # fmt: skip
    assert {name: found[name] for name in expected} == {name: pytest.approx(value, rel=1e-9) for name, value in expected.items()}


def test_transitions(activity: pl.DataFrame) -> None:
    found = run("state_transition_probability", activity)
    assert found == pytest.approx({"kRA": 0.20598079047496212, "kAR": 0.04475448505205547}, rel=1e-6)


@pytest.mark.parametrize(
    ("algorithm", "arguments", "index", "midpoint"),
    [("Roenneberg", {}, 97.77777777777777, -241.78386955310938), ("CK", {"settings": "mean"}, 87.08333333333334, -200.8457356399863)],
)
def test_regularity(activity: pl.DataFrame, algorithm: str, arguments: dict[str, Any], index: float, midpoint: float) -> None:
    found = run("sleep_regularity_index", activity, scoring_algorithm=algorithm, scoring_arguments=arguments)
    assert list(found.values()) == pytest.approx([index, midpoint], rel=1e-9)


def test_a_state_that_is_not_known_leaves_no_index(activity: pl.DataFrame) -> None:
    lost = activity.with_row_index("row").with_columns(activity=pl.when(pl.col("row") >= 1300).then("activity")).drop("row")
    assert run("sleep_regularity_index", lost)["sleep_regularity_index"] is None
