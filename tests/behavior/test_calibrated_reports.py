"""What a report without a measurement stands for: by the person's own days, by the published line of a group, and what is withheld."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import linregress

from heedful.behavior.calibrated_reports import LEAST_OWN, NEWEST, calibrated_by_group, self_reports
from heedful.behavior.group_agreement import agreement_figures
from heedful.behavior.reported import _agreements
from heedful.core.labels import Consented, Held
from heedful.core.schemas import Features, GroupAgreements, SelfReports
from heedful.core.seals import seal

FIRST = date(2026, 3, 1)


def days(person: str, reported: np.ndarray, measured: np.ndarray) -> pl.DataFrame:
    """Features of days with a report; a measured NaN is a day without."""
    parts = []
    for way, values in (("reported", reported), ("measured", measured)):
        rows = pl.DataFrame({"value": values}).with_row_index("n").with_columns(
            person=pl.lit(person), day=pl.lit(FIRST) + pl.duration(days=pl.col("n")), feature=pl.lit(f"steps[{way}]"), unit=pl.lit("{steps}"),
            coverage=pl.lit(1.0), missing=pl.lit(""),
        )  # fmt: skip
        parts.append(rows.filter(pl.col("value").is_not_nan()).select(Features.columns.keys()))
    return Features.check(pl.concat(parts))


def people(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """Who reports 1.25 times what is usually measured, with an own bias and an error of each day."""
    parts = []
    for n in range(count):
        usual = rng.normal(7000, 1800)
        measured = usual + rng.normal(0, 900, 20)
        parts.append(days(f"p{n:02}", 1.25 * measured + rng.normal(0, 400) + rng.normal(0, 900, 20), measured))
    return pl.concat(parts)


def one(features: pl.DataFrame) -> dict[str, object]:
    return SelfReports.check(self_reports(seal(features, Consented[Held], Features)).data).row(0, named=True)


def test_a_report_is_calibrated_by_the_persons_own_days() -> None:
    rng = np.random.default_rng(5)
    measured = rng.normal(6000, 1000, 60)
    reported = 1000 + measured + rng.normal(0, 500, 60)
    measured[40:] = np.nan
    found = one(days("p", reported, measured))
    line = linregress(reported[:40], measured[:40])
    assert found["days"], found["pairs"] == (20, 40)
    assert found["reported"] == pytest.approx(reported[40:].mean())
    assert found["calibrated"] == pytest.approx(line.intercept + line.slope * reported[40:].mean())
    assert found["low"] < found["calibrated"] < found["high"]  # type: ignore[operator]
    assert "regression calibration, n = 40 days" in str(found["sentence"])


def test_few_own_days_calibrate_nothing_and_only_the_newest_reports_count() -> None:
    reported = np.arange(60.0) * 100 + 1000
    measured = np.full(60, np.nan)
    measured[: LEAST_OWN - 1] = reported[: LEAST_OWN - 1]
    found = one(days("p", reported, measured))
    assert (found["calibrated"], found["days"], found["day"]) == (None, NEWEST, FIRST + timedelta(days=59))
    assert found["reported"] == pytest.approx(reported[-NEWEST:].mean())
    assert "too few days" in str(found["sentence"])


def test_who_always_has_both_has_no_row() -> None:
    features = days("p", np.arange(20.0), np.arange(20.0))
    assert self_reports(seal(features, Consented[Held], Features)).data.is_empty()


def test_who_only_reports_is_calibrated_by_the_people_with_both() -> None:
    rng = np.random.default_rng(11)
    groups = GroupAgreements.check(agreement_figures(_agreements(people(rng, 60)), 3))
    row = groups.row(0, named=True)
    # 1 / 1.25 but for the biases of people, which are small beside what tells them apart; SIMEX lies nearer to it
    assert row["slope_low"] <= 0.8 <= row["slope_high"] + 0.05
    assert row["simex_slope"] >= row["slope"]
    assert 0.9 <= row["reliability"] <= 1
    reports = self_reports(seal(days("q", np.full(10, 10000.0), np.full(10, np.nan)), Consented[Held], Features)).data
    found = calibrated_by_group(reports, groups).row(0, named=True)
    assert found["calibrated"] == pytest.approx(8000, abs=400)
    assert found["low"] < 8000 < found["high"]
    assert "n = 60 people; SIMEX" in found["sentence"]
    assert row["simex_low"] < row["simex_slope"] < row["simex_high"]
    assert row["simex_low"] <= 0.8 <= row["simex_high"] + 0.05
    assert found["simex_low"] < found["simex"] < found["simex_high"]


def test_prediction_intervals_by_the_group_hold_new_people() -> None:
    rng, held, times = np.random.default_rng(12), 0, 60
    for _ in range(times):
        groups = agreement_figures(_agreements(people(rng, 25)), 3)
        new = people(rng, 4)
        alone = new.filter(pl.col("feature") == "steps[reported]")
        truth = new.filter(pl.col("feature") == "steps[measured]").group_by("person").agg(pl.col("value").mean())
        reports = self_reports(seal(alone, Consented[Held], Features)).data
        both = calibrated_by_group(reports, groups).join(truth, on="person")
        held += both.filter(pl.col("value").is_between("low", "high")).height
    assert 0.91 <= held / (4 * times) <= 0.99


def test_a_withheld_line_calibrates_nobody() -> None:
    groups = agreement_figures(_agreements(people(np.random.default_rng(1), 9)), 3)
    assert groups["suppressed"].to_list() == ["minimum"]
    assert groups["slope"].to_list() == [None]
    reports = self_reports(seal(days("q", np.full(10, 9000.0), np.full(10, np.nan)), Consented[Held], Features)).data
    assert calibrated_by_group(reports, groups).is_empty()
