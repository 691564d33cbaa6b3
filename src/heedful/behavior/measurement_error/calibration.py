"""What a self-report stands for: the line from people's usual reports to their usual measurements, in those who have both.

Regression calibration predicts the measured value that goes with a report (the calibration model of Rosner, Spiegelman and Willett, fitted
in the validation subset). The report's error from day to day makes that line flatter than the one from an error-free report; SIMEX, with
the error's size from repeated days, gives the latter: for a usual report over many days.

References: Rosner, Spiegelman & Willett 1990, Am J Epidemiol 132:734; Cook & Stefanski 1994, JASA 89:1314.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from heedful.behavior.measurement_error.simex import Extrapolation, Simex, simex
from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method

Floats = NDArray[np.float64]
LEAST = 5
"""A line through fewer points has no interval to speak of."""
_FLAT = 1e-9
_RELIABLE, _BENT = 0.9, 0.75
"""Reliability from which on a parabola reads the curve to .5 % of the slope, and down to which it does to 5 %."""

CARD = Card(
    name="measurement_error.calibration_line",
    definition="Measured value expected for a report: least squares of people's mean measurements on their mean reports (regression "
    "calibration), beside the slope of SIMEX with the error's variance from repeated days and its 95 % interval (asymptotic).",
    units="unit of the feature; slope: 1",
    reference="Rosner, Spiegelman & Willett 1990, Am J Epidemiol 132:734; Cook & Stefanski 1994, JASA 89:1314",
    limits="Holds for people like those with both; a line, one error variance for all; a person's lasting bias is not error from day to "
    "day and stays in the residual; SIMEX's interval counts the error's size as known.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class CalibrationLine:
    """The line through (`reported`, `measured`), both means over the points, in the unit of the feature.

    points: how many. slope: measured per unit of report, with its 95 % interval. residual: standard deviation about the line.
    simex: the slope without the report's random error, with its 95 % interval (asymptotic; the error's size counts as known); NaN where
    that is about as large as the spread of the reports.
    reliability: share of the reports' variance that is not random error.
    """

    points: int
    reported: float
    measured: float
    slope: float
    slope_low: float
    slope_high: float
    residual: float
    simex: float
    simex_low: float
    simex_high: float
    reliability: float

    def at(self, report: float) -> float:
        """Regression calibration of one report."""
        return self.measured + self.slope * (report - self.reported)

    def simex_at(self, report: float) -> float:
        """SIMEX's value of one usual report; NaN where there is none."""
        return self.measured + self.simex * (report - self.reported)

    def simex_interval(self, report: float) -> tuple[float, float]:
        """95 % interval of that value, from the slope's and that of the mean; NaN where there is none."""
        mean = float(stdtrit(self.points - 2, 0.975)) * self.residual / np.sqrt(self.points)
        half = float(np.hypot(mean, (self.simex_high - self.simex_low) / 2 * (report - self.reported)))
        return self.simex_at(report) - half, self.simex_at(report) + half

    def interval(self, report: float, days: int = 1) -> tuple[float, float]:
        """95 % prediction interval of what would be measured: of one more point, or of the mean of `days` such points."""
        wide = float(stdtrit(self.points - 2, 0.975)) * self.residual * np.sqrt(1 / days + 1 / self.points)
        turned = (self.slope_high - self.slope_low) / 2 * (report - self.reported)
        half = float(np.hypot(wide, turned))
        return self.at(report) - half, self.at(report) + half


def calibration_line(reported: Floats, measured: Floats, error_sd: float = 0.0, settings: Simex | None = None) -> CalibrationLine | None:
    """The line of `measured` on `reported`, one entry a person (or a day of one person), none missing.

    Parameters
    ----------
    error_sd: standard deviation of the random error in `reported` (of people's means over k days: that of a day over the root of k); 0:
    none is known, SIMEX then gives the same line. settings: of SIMEX. None is returned where reports hardly differ or points are few.

    >>> truth = np.random.default_rng(0).normal(8000, 2000, 9000)
    >>> report = 1000 + truth + np.random.default_rng(1).normal(0, 1000, 9000)
    >>> found = calibration_line(report, truth, 1000.0)
    >>> round(found.slope, 1), round(found.simex, 1), round(found.reliability, 1), round(found.at(9000.0), -3)
    (0.8, 1.0, 0.8, 8000.0)
    """
    if reported.shape != measured.shape or not (np.isfinite(reported).all() and np.isfinite(measured).all()):
        raise SettingsError("calibration_line: reports and measurements are as many, none missing; leave out who has one only.")
    points = len(reported)
    if points < LEAST or reported.std() <= _FLAT * max(1.0, float(np.abs(reported).max())):
        return None
    x, y = reported - reported.mean(), measured - measured.mean()
    across = float(x @ x)
    slope = float(x @ y) / across
    residual = float(np.sqrt(((y - slope * x) ** 2).sum() / (points - 2)))
    half = float(stdtrit(points - 2, 0.975)) * residual / float(np.sqrt(across))
    reliability = 1 - error_sd**2 / (across / (points - 1))
    return CalibrationLine(
        points, float(reported.mean()), float(measured.mean()), slope, slope - half, slope + half, residual,
        *_simex_slope(x, y, (slope, slope - half, slope + half), error_sd, reliability, settings), max(0.0, reliability),
    )  # fmt: skip


def _simex_slope(
    x: Floats, y: Floats, plain: tuple[float, float, float], error_sd: float, reliability: float, settings: Simex | None
) -> tuple[float, float, float]:
    """SIMEX's slope and the ends of its interval; the `plain` ones where there is no error."""
    nothing = float("nan"), float("nan"), float("nan")
    if reliability <= 0:
        return nothing
    # In units of the reports' spread: an error that is nothing beside it adds nothing that could be extrapolated.
    scale = float(x.std())
    if error_sd / scale <= _FLAT:
        return plain
    for curve in _curves(reliability):
        try:
            # Moved by one spread, so that the intercept moves with the slope: a constant has no curve to follow.
            found = simex(y, x / scale + 1, error_sd / scale, settings=settings or Simex(extrapolation=curve))
        except SettingsError:  # no value at no error at all: this curve cannot be told
            continue
        low, high = found.interval()
        return float(found.simex[1]) / scale, float(low[1]) / scale, float(high[1]) / scale
    return nothing


def _curves(reliability: float) -> tuple[Extrapolation, ...]:
    """The rational curve is the exact one of a linear model; where little is error the slopes hardly bend, and a parabola does."""
    if reliability >= _RELIABLE:
        return ("quadratic",)
    return ("nonlinear", "quadratic") if reliability >= _BENT else ("nonlinear",)
