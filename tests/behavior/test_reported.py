"""Reports beside measurements: pairs of days, agreement by hand, drift by NumPy's own least squares, and nothing without both."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.behavior.reported import LEAST_PAIRS, reported_activity, reported_agreement, reported_sleep
from heedful.core.codes import CODES
from heedful.core.labels import Consented, Held
from heedful.core.schemas import Features, Observations
from heedful.core.seals import seal

HELD = Consented[Held]
FIRST = date(2026, 3, 1)


def row(day: int, code: str, value: float, device: str, how: str, number: int = 0) -> dict[str, object]:
    at = datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), UTC) + timedelta(hours=8)
    return {
        "person": "p", "code": code, "day": FIRST + timedelta(days=day), "start_at": at, "end_at": at, "offset_minutes": 0, "value": float(value),
        "unit": CODES[code].unit, "device": device, "how": how, "row": number, "known_at": at,
    }  # fmt: skip


def observations(rows: list[dict[str, object]]) -> pl.DataFrame:
    return Observations.check(pl.DataFrame(rows, schema={name: kind for name, kind in Observations.dtypes().items() if name in rows[0]}))


def daily(rows: list[dict[str, object]]) -> pl.DataFrame:
    return reported_activity(seal(observations(rows), HELD, Observations)).data


def test_a_day_counts_where_there_is_a_report_and_the_watch_speaks_for_measurement() -> None:
    found = daily([
        row(0, "steps", 3000, "Watch", "measured"), row(0, "steps", 2500, "Watch", "measured", 1), row(0, "steps", 9000, "iPhone", "measured"),
        row(0, "steps", 6000, "app", "self_reported"), row(1, "steps", 4000, "Watch", "measured"), row(2, "steps", 7000, "app", "self_reported"),
    ])  # fmt: skip
    assert found.select("day", "feature", "value").rows() == [
        (FIRST, "steps[measured]", 5500.0), (FIRST, "steps[reported]", 6000.0), (FIRST + timedelta(days=2), "steps[reported]", 7000.0),
    ]  # fmt: skip


def test_an_implausible_report_is_no_report() -> None:
    assert daily([row(0, "steps", 3000, "Watch", "measured"), row(0, "steps", 1e9, "app", "self_reported")]).is_empty()


def test_sleep_is_another_derivation_than_activity() -> None:
    rows = observations([row(0, "sleep_minutes", 400, "Watch", "vendor_derived"), row(0, "sleep_minutes", 480, "app", "self_reported")])
    assert reported_activity(seal(rows, HELD, Observations)).data.is_empty()
    assert reported_sleep(seal(rows, HELD, Observations)).data.height == 2


def test_bias_limits_and_drift_are_those_computed_by_hand() -> None:
    random = np.random.default_rng(4)
    measured = random.normal(6000, 800, 40)
    reported = measured + 500 + 30 * np.arange(40) + random.normal(0, 100, 40)
    rows = [
        one for day in range(40) for one in
        (row(day, "steps", measured[day], "Watch", "measured"), row(day, "steps", reported[day], "app", "self_reported"))
    ]  # fmt: skip
    found = reported_agreement(seal(daily(rows), HELD, Features)).data.row(0, named=True)
    difference = reported - measured
    assert found["bias"] == pytest.approx(difference.mean())
    assert found["upper"] - found["lower"] == pytest.approx(2 * 1.96 * difference.std(ddof=1))
    assert found["drift"] == pytest.approx(30 * np.polyfit(np.arange(40), difference, 1)[0])
    assert found["pairs"] == 40
    assert "more than measured on average" in found["sentence"]
    assert "moves by" in found["sentence"]
    assert "{" not in found["sentence"]
    assert "e+" not in found["sentence"]
    assert found["measured_mean"] == pytest.approx(measured.mean())
    assert found["reported_sd"] == pytest.approx(reported.std(ddof=1))
    assert found["correlation"] == pytest.approx(np.corrcoef(measured, reported)[0, 1])


def test_few_days_say_nothing() -> None:
    rows = [
        one for day in range(LEAST_PAIRS - 1) for one in
        (row(day, "steps", 5000, "Watch", "measured"), row(day, "steps", 6000 + day, "app", "self_reported"))
    ]  # fmt: skip
    assert reported_agreement(seal(daily(rows), HELD, Features)).data.is_empty()
