"""Agreement over people: analysis of variance by SciPy, coverage against known truth, the steps of rounding, and few people."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import f_oneway

from heedful.behavior.group_agreement import LEAST_PEOPLE, LIMITS, agreement_figures, group_agreement
from heedful.behavior.reported import _agreements
from heedful.core.schemas import Features, GroupAgreements

BIAS, BETWEEN, WITHIN, DRIFT, DRIFTING = 900.0, 500.0, 700.0, 120.0, 60.0
FIRST = date(2026, 3, 1)


def of_people(differences: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    days = np.array([len(own) for own in differences], dtype=float)
    zero = np.zeros(len(days))
    return days, np.array([own.mean() for own in differences]), np.array([own.std(ddof=1) for own in differences]), zero, zero + 1


def features(rng: np.random.Generator, people: int) -> pl.DataFrame:
    """Days with both of `people`, whose differences have a known bias, spread within and between people, and drift."""
    rows = []
    for person in range(people):
        days = np.sort(rng.choice(90, rng.integers(10, 50), replace=False))
        measured = rng.normal(6000, 1500, len(days))
        # the drift turns about the middle of the person's days, so that the mean over days is the person's bias
        slope = (DRIFT + rng.normal(0, DRIFTING)) * (days - days.mean()) / 30
        reported = measured + BIAS + rng.normal(0, BETWEEN) + slope + rng.normal(0, WITHIN, len(days))
        for way, values in (("reported", reported), ("measured", measured)):
            rows.append(
                pl.DataFrame({"day": days, "value": values}).with_columns(
                    person=pl.lit(f"p{person:03}"), day=pl.lit(FIRST) + pl.duration(days=pl.col("day")), feature=pl.lit(f"steps[{way}]")
                )
            )
    every = pl.concat(rows).with_columns(unit=pl.lit("{steps}"), coverage=pl.lit(1.0), missing=pl.lit(""))
    return Features.check(every.select(Features.columns.keys()))


def test_variances_are_those_of_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(1)
    differences = [rng.normal(rng.normal(3, 2), 1, 8) for _ in range(12)]
    found = group_agreement(*of_people(differences))
    within = np.mean([own.var(ddof=1) for own in differences])
    ratio = f_oneway(*differences).statistic
    assert found.within**2 == pytest.approx(within)
    assert found.between**2 == pytest.approx(within * (ratio - 1) / 8)
    assert found.upper - found.bias == pytest.approx(LIMITS * np.sqrt(found.within**2 + found.between**2))


def test_people_who_are_alike_have_no_variance_between_them() -> None:
    assert group_agreement(*of_people([np.array([0.0, 1, 2, 3])] * 10)).between == 0


def test_exact_slopes_are_averaged() -> None:
    days = np.full(10, 9.0)
    found = group_agreement(days, days, days, np.arange(10.0), np.zeros(10))
    assert found.drift == pytest.approx(4.5)


def test_intervals_and_limits_cover_the_truth() -> None:
    rng = np.random.default_rng(7)
    covered, times = np.zeros(3), 200
    for _ in range(times):
        row = agreement_figures(_agreements(features(rng, 30)), 3).row(0, named=True)
        new = BIAS + rng.normal(0, BETWEEN, 2000) + rng.normal(0, WITHIN, 2000)
        covered += (
            row["bias_low"] <= BIAS <= row["bias_high"],
            row["drift_low"] <= DRIFT <= row["drift_high"],
            ((new >= row["lower"]) & (new <= row["upper"])).mean(),
        )
    bias, drift, limits = covered / times
    # 95 % less three simulation errors; rounding outwards only widens. Limits hold the days of a new person.
    assert 0.90 <= bias <= 1
    assert 0.90 <= drift <= 1
    assert 0.93 <= limits <= 0.97


def test_one_more_person_like_the_others_seldom_shows() -> None:
    rng = np.random.default_rng(2)
    rows = _agreements(features(rng, 40))
    every, fewer = (agreement_figures(part, 3).row(0, named=True) for part in (rows, rows.head(39)))
    assert every["people"] == 40
    step = 50  # of a standard error of about 80
    assert all(abs(row["bias"] / step - round(row["bias"] / step)) < 1e-9 for row in (every, fewer))
    assert abs(every["bias"] - fewer["bias"]) <= step


def test_few_people_are_withheld_with_everything_about_them() -> None:
    rows = _agreements(features(np.random.default_rng(3), LEAST_PEOPLE))
    shown = GroupAgreements.check(agreement_figures(rows, 3)).row(0, named=True)
    assert (shown["suppressed"], shown["people"]) == ("", LEAST_PEOPLE)
    assert "people report" in shown["sentence"]
    hidden = GroupAgreements.check(agreement_figures(rows, LEAST_PEOPLE + 1)).row(0, named=True)
    assert {key for key, value in hidden.items() if value is not None} == {"code", "unit", "suppressed", "sentence"}
    assert agreement_figures(rows.head(LEAST_PEOPLE - 1), 3)["suppressed"].to_list() == ["minimum"]
