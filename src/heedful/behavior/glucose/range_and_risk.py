"""Time in range, and the indices that stand for it or for its danger, from readings alone (mg/dL, NaN left out).

Battelino et al. 2019, Diabetes Care 42:1593 (ranges); Bergenstal et al. 2018, same 41:2275 (GMI); Nathan et al. 2008, same 31:1473
(eA1C); Kovatchev et al. 2006, same 29:2433 (LBGI, HBGI, ADRR); Klonoff et al. 2023, J Diabetes Sci Technol 17:1226 (GRI); Hill et al.
2007, Diabet Med 24:753 (GRADE); Wojcicki 1995, Horm Metab Res 27:41 (J index). Equal to iglu_python 0.4.3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_MIDDLE = 112.5


def percent_in(glucose: Floats, low: float, high: float) -> float:
    """Percent of readings from `low` to `high`, both included; 0 without readings.

    >>> percent_in(np.array([60.0, 70.0, 180.0, 190.0]), 70, 180)
    50.0
    """
    return _percent((glucose >= low) & (glucose <= high), glucose)


def percent_above(glucose: Floats, limit: float) -> float:
    """Percent of readings above."""
    return _percent(glucose > limit, glucose)


def percent_below(glucose: Floats, limit: float) -> float:
    """Percent of readings below."""
    return _percent(glucose < limit, glucose)


def management_indicator(glucose: Floats) -> float:
    """GMI: HbA1c in percent that a mean like this goes with, 3.31 + 0.02392 mean.

    >>> round(management_indicator(np.array([150.0, 158.0])), 2)
    6.99
    """
    return 3.31 + 0.02392 * float(np.nanmean(glucose))


def estimated_a1c(glucose: Floats) -> float:
    """eA1C in percent, the older estimate: (46.7 + mean) / 28.7."""
    return (46.7 + float(np.nanmean(glucose))) / 28.7


def variation(glucose: Floats) -> float:
    """Coefficient of variation in percent (n - 1)."""
    return 100 * float(np.nanstd(glucose, ddof=1) / np.nanmean(glucose))


def j_index(glucose: Floats) -> float:
    """0.001 (mean + SD)²."""
    return 0.001 * float(np.nanmean(glucose) + np.nanstd(glucose, ddof=1)) ** 2


def risk_index(glucose: Floats) -> float:
    """GRI: weighted percent of low and high readings, at most 100."""
    low, lower = percent_below(glucose, 70), percent_below(glucose, 54)
    high, higher = percent_above(glucose, 180), percent_above(glucose, 250)
    return min(3.0 * lower + 2.4 * (low - lower) + 1.6 * higher + 0.8 * (high - higher), 100.0)


def low_and_high_risk(glucose: Floats) -> tuple[float, float]:
    """LBGI and HBGI: ten times the mean squared risk on either side of 112.5 mg/dL."""
    known = glucose[np.isfinite(glucose)]
    risk = 1.509 * _risk(known)
    low, high = np.minimum(risk, 0)[known < _MIDDLE], np.maximum(risk, 0)[known >= _MIDDLE]
    return 10 * float(np.sum(low**2)) / len(known), 10 * float(np.sum(high**2)) / len(known)


def daily_risk_range(day: NDArray[np.int64], glucose: Floats) -> float:
    """ADRR: mean over days of the greatest risk below plus the greatest above."""
    known = np.isfinite(glucose)
    day, risk = day[known], _risk(glucose[known])
    begins = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    highest, lowest = np.maximum(np.maximum.reduceat(risk, begins), 0), np.minimum(np.minimum.reduceat(risk, begins), 0)
    return float(np.mean(22.77 * (highest**2 + lowest**2)))


def grade(glucose: Floats) -> float:
    """GRADE: mean of the risk of each reading, at most 50 a reading."""
    known = glucose[np.isfinite(glucose)]
    return float(np.mean(np.minimum(425 * (np.log10(np.log10(known / 18)) + 0.16) ** 2, 50)))


def _risk(glucose: Floats) -> Floats:
    return np.log(glucose) ** 1.084 - 5.381


def _percent(counted: NDArray[np.bool_], glucose: Floats) -> float:
    readings = int(np.isfinite(glucose).sum())
    return 100 * int(counted.sum()) / readings if readings else 0.0
