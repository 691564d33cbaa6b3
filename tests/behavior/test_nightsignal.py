"""NightSignal equals the published program on all its cases, and its derivation says the same of the same nights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.nightsignal import NIGHT_VALUE, night_levels, nightsignal
from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, Changes, Features
from heedful.core.seals import seal

CASES = ("illness_nightsignal_applewatch", "illness_nightsignal_fitbit_planted", "illness_nightsignal_fitbit_real")


@pytest.mark.parametrize("name", CASES)
def test_equals_the_published_program(check_case: Callable[[str], None], name: str) -> None:
    check_case(name)


def _features(rows: list[tuple[str, int, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": [r[0] for r in rows],
            "day": pl.Series([r[1] for r in rows], dtype=pl.Int32).cast(pl.Date),
            "feature": [NIGHT_VALUE] * len(rows),
            "value": pl.Series([r[2] for r in rows], dtype=pl.Float64),
            "unit": ["/min"] * len(rows),
            "coverage": [1.0] * len(rows),
            "missing": [""] * len(rows),
        },
        schema_overrides={"person": pl.String, "feature": pl.String, "unit": pl.String, "coverage": pl.Float64, "missing": pl.String},
    )


def _judged(data: pl.DataFrame) -> Frame[Any, Changes]:
    return nightsignal(seal(data, Consented[Care], Features), seal(Annotations.empty(), Consented[Care], Annotations))


def test_derivation_says_level_baseline_and_false_alarms() -> None:
    rows = [("a", day, 60.0) for day in range(10)] + [("a", 10, 65.0), ("a", 11, 65.0), ("a", 12, 60.0)]
    out = _judged(_features(rows)).data.sort("day")
    assert out["level"].to_list() == [0] * 11 + [2, 0]
    assert out["nights_used"].to_list() == list(range(1, 14))
    assert out["false_alarm_rate"].to_list()[0] is None
    assert out["false_alarm_rate"].to_list()[-1] == pytest.approx(1 / 12)
    assert "Second night in a row" in out["why"][11]
    assert "One high night, 5 above" in out["why"][10]


def test_a_single_missing_night_is_filled_but_gets_no_row() -> None:
    rows = [("a", day, 60.0) for day in range(10)] + [("a", 10, 65.0), ("a", 12, 66.0), ("a", 13, 60.0)]
    out = _judged(_features(rows)).data.sort("day")
    assert out.filter(pl.col("level") == 2)["day"].to_physical().to_list() == [12]
    assert 11 not in out["day"].to_physical().to_list()


def test_empty() -> None:
    assert len(_judged(_features([]))) == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(50, 70)), unique_by=lambda r: r[:2], max_size=40))
def test_a_person_is_judged_alone(rows: list[tuple[str, int, int]]) -> None:
    data = _features([(p, d, float(v)) for p, d, v in rows])
    both = _judged(data).data
    for person in "ab":
        alone = _judged(data.filter(pl.col("person") == person).reverse()).data
        assert alone.sort("day").equals(both.filter(pl.col("person") == person).sort("day"))


@settings(deadline=None)
@given(st.lists(st.floats(40, 90), min_size=1, max_size=60))
def test_median_is_of_all_nights_so_far(values: list[float]) -> None:
    found = night_levels(np.zeros(len(values), np.int64), np.arange(len(values)), np.array(values))
    assert found.median.tolist() == [float(int(np.median(values[: n + 1]))) for n in range(len(values))]
