"""Formulas of the papers worked by hand on a few numbers: they hold where no shared folder is at hand (CI)."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from heedful.behavior.actigraphy.cole_kripke import cole_kripke
from heedful.behavior.actigraphy.nonparametric import stability_and_variability
from heedful.behavior.actigraphy.recordings import recordings
from heedful.behavior.adherence.continuous import MEASURES, cma
from heedful.behavior.adherence.windows import events, windows
from heedful.behavior.cosinor import fit
from heedful.behavior.hrv.poincare import poincare
from heedful.behavior.hrv.time_domain import time_domain

START = np.datetime64("2026-03-02T12:00")


def test_cole_kripkes_formula() -> None:
    """Cole et al. 1992: 0.001 (106 A-4 + 54 A-3 + 58 A-2 + 76 A-1 + 230 A + 74 A+1 + 67 A+2) < 1 is sleep, A the mean of 30 epochs of 2 s.

    One minute of activity a: the minutes before and after it are awake where their weight on it times a reaches 1000.
    """
    weights = {4: 106, 3: 54, 2: 58, 1: 76, 0: 230, -1: 74, -2: 67}  # minutes after the active one
    for active in (4.0, 5, 10, 14, 16, 18, 20):
        counts = np.zeros(60)
        counts[30] = 30 * active  # sums of a minute
        state = cole_kripke(recordings([counts], [START], 60), webster=False).state
        awake = [minute - 30 for minute in range(20, 41) if state[minute] == 0]
        assert awake == sorted(after for after, weight in weights.items() if 0.001 * weight * active >= 1)


def test_stability_and_variability_are_their_definitions() -> None:
    """Witting et al. 1990: variance of the average day over that of all hours; mean squared difference of neighbors over that variance
    (both variances with n - 1, as pyActigraphy has them)."""
    days = np.random.default_rng(5).integers(0, 200, (3, 24)).astype(float)
    minutes = np.repeat(days.ravel() / 60, 60)
    stability, variability = stability_and_variability(recordings([minutes], [np.datetime64("2026-03-02T00:00")], 60))
    hours = days.ravel()
    assert stability[0] == pytest.approx(days.mean(axis=0).var(ddof=1) / hours.var(ddof=1))
    assert variability[0] == pytest.approx(np.mean(np.diff(hours) ** 2) / hours.var(ddof=1))


def test_nine_measures_of_medication_availability_by_hand() -> None:
    """30 days' supply on 1 January, 10 February and 1 March 2026, 90 days of observation: 40, 19 and 31 days to the next or the end.

    First to last: 59 days, supplied 60; covered 30, then 19 of 19 with 11 carried on, then all of 31 (Vollmer et al. 2012).
    """
    table = pl.DataFrame({"patient_id": [1] * 3, "date": ["2026-01-01", "2026-02-10", "2026-03-01"], "duration_days": [30] * 3})
    held = events(table)
    window = windows(held, {"follow_up_window_duration": 90, "observation_window_duration": 90})
    found = {name: float(cma(name, held, window)[0]) for name in MEASURES}
    assert found == pytest.approx({
        "CMA1": 60 / 59, "CMA2": 1, "CMA3": 1, "CMA4": 1, "CMA5": 49 / 59, "CMA6": 80 / 90, "CMA7": 80 / 90, "CMA8": 80 / 90,
        "CMA9": (40 * 30 / 40 + 19 + 31) / 90,
    })  # fmt: skip


def test_a_cosinor_of_evenly_spaced_hours_has_a_closed_form() -> None:
    """Nelson et al. 1979: over whole days M is the mean, beta and gamma are 2/n sums of y cos and y sin."""
    hours, values = np.arange(48.0), np.random.default_rng(6).normal(10, 3, 48)
    found = fit(hours, values[None, :])
    angle = 2 * np.pi * hours / 24
    wanted = [values.mean(), 2 / 48 * values @ np.sin(angle), 2 / 48 * values @ np.cos(angle)]
    assert found.coefficients[0] == pytest.approx(wanted)
    assert found.rss[0] == pytest.approx(((values - values.mean()) ** 2).sum() - 24 * (wanted[1] ** 2 + wanted[2] ** 2))


def test_poincares_axes_are_sums_of_variances() -> None:
    """Brennan et al. 2001: SD1^2 is half the variance of differences, SD1^2 + SD2^2 that of both coordinates together."""
    intervals = np.array([800.0, 810, 790, 850, 805, 795, 830, 812])
    found = poincare(intervals)
    first, second = intervals[:-1], intervals[1:]
    assert found["SD1"] == pytest.approx(np.std((second - first) / np.sqrt(2), ddof=1))
    assert found["SD2"] == pytest.approx(np.std((second + first) / np.sqrt(2), ddof=1))
    assert time_domain(intervals)["RMSSD"] == pytest.approx(np.sqrt(np.mean(np.diff(intervals) ** 2)))
