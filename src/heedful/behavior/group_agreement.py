"""How far self-reports agree with measurements over many people who each have several days of both.

Each person's own figures (`reported.reported_agreement`) are enough: number of days, mean difference and the spread of its days. The
variance of one difference is that within people (days) plus that between people (biases), by analysis of variance with unequal numbers
of days (Bland and Altman 2007, section 3); the bias is the mean over people, so that who reports often does not speak for the others.
The line from usual reports to usual measurements tells what the report of a person without measurements stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from heedful.behavior.calibrated_reports import stands_for
from heedful.behavior.measurement_error.calibration import calibration_line
from heedful.behavior.reported import amount, quantity
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import GroupAgreements

Floats = NDArray[np.float64]
LEAST_PEOPLE = 10
"""Of fewer people neither a spread between them nor its interval says anything, and a mean would tell of each."""
LIMITS = 1.96
_RELIABILITY_STEP = 0.05

CARD = Card(
    name="behavior.group_agreement",
    definition="Bias, limits of agreement and drift of self-reported against measured daily values over people with several days each: "
    "mean over people, variance within and between people by analysis of variance, drift by a random-effects mean of people's slopes.",
    units="unit of the feature; drift: that unit per 30 days",
    reference="Bland & Altman 2007, J Biopharm Stat 17:571; DerSimonian & Laird 1986; Hartung & Knapp 2001, Stat Med 20:3875",
    limits="Days of one person are taken as independent; limits have no interval; people with both may differ from people with one only. "
    "Figures are rounded to less than one standard error of the bias, the drift or the line.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class GroupAgreement:
    """Bias with 95 % interval, limits for one day of one person, standard deviations, drift with 95 % interval."""

    bias: float
    bias_interval: tuple[float, float]
    lower: float
    upper: float
    between: float
    within: float
    drift: float
    drift_interval: tuple[float, float]


def group_agreement(days: Floats, bias: Floats, spread: Floats, drift: Floats, drift_error: Floats) -> GroupAgreement:
    """Agreement over people, one entry a person, none missing, at least two people.

    Parameters
    ----------
    days: days with both, at least 2. bias, spread: mean and standard deviation (n - 1) of a person's daily differences.
    drift, drift_error: a person's slope of the difference over time, and its standard error.

    >>> found = group_agreement(np.array([9.0, 9, 9]), np.array([1.0, 2, 3]), np.ones(3), np.array([0.0, 1, -1]), np.ones(3))
    >>> found.bias, round(found.within, 3), round(found.between, 3), round(found.drift, 3)
    (2.0, 1.0, 0.943, 0.0)
    """
    people, rows = len(days), days.sum()
    within = float(((days - 1) * spread**2).sum() / (rows - people))
    overall = (days * bias).sum() / rows
    of_people = float((days * (bias - overall) ** 2).sum() / (people - 1))
    # As many days a person as would give the same if all had alike.
    typical = (rows - (days**2).sum() / rows) / (people - 1)
    between = max(0.0, (of_people - within) / float(typical))
    mean = float(bias.mean())
    half = float(stdtrit(people - 1, 0.975) * bias.std(ddof=1) / np.sqrt(people))
    far = LIMITS * float(np.sqrt(within + between))
    slope, slope_half = _mean_slope(drift, drift_error)
    return GroupAgreement(
        mean, (mean - half, mean + half), mean - far, mean + far, float(np.sqrt(between)), float(np.sqrt(within)),
        slope, (slope - slope_half, slope + slope_half),
    )  # fmt: skip


def _mean_slope(slope: Floats, error: Floats) -> tuple[float, float]:
    """Random-effects mean and half of its 95 % interval; people whose slope is exact to rounding count as the most exact known one."""
    people = len(slope)
    variance = error**2
    exact = variance <= 1e-12 * max(float(variance.max()), float((slope**2).max()))
    if exact.all():
        weight = np.ones(people)
    else:
        variance = np.where(exact, variance[~exact].min(), variance)
        weight = 1 / variance
        fixed = (weight * slope).sum() / weight.sum()
        excess = (weight * (slope - fixed) ** 2).sum() - (people - 1)
        differing = max(0.0, float(excess / (weight.sum() - (weight**2).sum() / weight.sum())))
        weight = 1 / (variance + differing)
    mean = float((weight * slope).sum() / weight.sum())
    squared = float((weight * (slope - mean) ** 2).sum() / ((people - 1) * weight.sum()))
    return mean, float(stdtrit(people - 1, 0.975)) * float(np.sqrt(squared))


def agreement_figures(agreements: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows of `GroupAgreements` from rows of `Agreements`: one a code, withheld below `minimum` (and `LEAST_PEOPLE`) people."""
    rows = [
        _figure(str(code), own.sort("person"), max(minimum, LEAST_PEOPLE))
        for (code,), own in agreements.sort("code").group_by("code", maintain_order=True)
    ]
    return pl.DataFrame(rows, schema=GroupAgreements.dtypes())


def _figure(code: str, own: pl.DataFrame, minimum: int) -> dict[str, Any]:
    unit, name = str(own["unit"][0]), code.replace("_", " ")
    row: dict[str, Any] = {**dict.fromkeys(GroupAgreements.columns), "code": code, "unit": unit}
    if own.height < minimum:
        return row | {"suppressed": "minimum", "sentence": f"Fewer than {minimum} people have reports of {name} beside measurements."}
    spread = (own["upper"] - own["lower"]).to_numpy() / (2 * LIMITS)
    pairs, bias, drift, drift_error = (own[column].to_numpy() for column in ("pairs", "bias", "drift", "drift_error"))
    found = group_agreement(pairs.astype(np.float64), bias, spread, drift, drift_error)
    # One more person like the others moves a mean by less than the step: two versions of the figure do not tell what that person
    # reported. Intervals are rounded outwards, so that they keep their coverage.
    step, slow = _step(found.bias_interval), _step(found.drift_interval)
    values = {
        "bias": found.bias, "bias_low": found.bias_interval[0], "bias_high": found.bias_interval[1],
        "lower": found.lower, "upper": found.upper, "between": found.between, "within": found.within,
    }  # fmt: skip
    slopes = {"drift": found.drift, "drift_low": found.drift_interval[0], "drift_high": found.drift_interval[1]}
    shown = {key: _rounded(key, value, step) for key, value in values.items()}
    shown |= {key: _rounded(key, value, slow) for key, value in slopes.items()}
    line = _line(own, spread, pairs.astype(np.float64))
    row |= shown | line | {"people": own.height, "pairs": int(pairs.sum()), "suppressed": ""}
    said = _sentence(code, unit, own.height, shown, slow)
    return row | {"sentence": f"{said} {_line_words(row, unit)}" if line else said}


def _line(own: pl.DataFrame, spread: Floats, pairs: Floats) -> dict[str, float | None]:
    """The calibration line over people, rounded as the rest is; nothing where usual reports hardly differ between people.

    The error of a usual report is that of a day's difference (report minus measurement) over the root of its days.
    """
    error = float(np.sqrt((spread**2 / pairs).mean()))
    found = calibration_line(own["reported_mean"].to_numpy(), own["measured_mean"].to_numpy(), error)
    if found is None:
        return {}
    of_mean, of_slope = 4 * found.residual / np.sqrt(found.points), (found.slope_low, found.slope_high)
    step, tilt = _step((0.0, float(of_mean))), _step(of_slope)
    at = _rounded("usual_reported", found.reported, step)
    values = {
        "usual_reported": at,
        "usual_measured": _rounded("usual_measured", found.at(at), step),
        "residual": _rounded("residual", found.residual, step),
    }
    slopes = {"slope": found.slope, "slope_low": found.slope_low, "slope_high": found.slope_high}
    known = not np.isnan(found.simex)
    freed = {"simex_slope": found.simex, "simex_low": found.simex_low, "simex_high": found.simex_high}
    freed_tilt = _step((found.simex_low, found.simex_high)) if known else 0.0
    return {
        **values, **{key: _rounded(key, value, tilt) for key, value in slopes.items()},
        **{key: _rounded(key, value, freed_tilt) if known else None for key, value in freed.items()},
        "reliability": _rounded("reliability", found.reliability, _RELIABILITY_STEP),
    }  # fmt: skip


def _line_words(row: dict[str, Any], unit: str) -> str:
    found, people = stands_for(row, row["usual_reported"]), row["people"]
    value, low, high = (amount(found[key] or 0.0) for key in ("calibrated", "low", "high"))
    freed = "no SIMEX" if row["simex_slope"] is None else f"SIMEX {simex_words(row)}"
    return (
        f"Calibrated: a usual report of {amount(row['usual_reported'])} {unit.strip('{}')} stands for {value} [{low}, {high}] measured, "
        f"each unit more in it for {row['slope']:.2f} (regression calibration, n = {people} people; {freed})."
    )


def simex_words(row: dict[str, Any]) -> str:
    """SIMEX's slope of a row that has one, with its interval."""
    return f"{row['simex_slope']:.2f} [{row['simex_low']:.2f}, {row['simex_high']:.2f}]"


def _step(interval: tuple[float, float]) -> float:
    """The largest 1, 2 or 5 times a power of ten that is no more than a quarter of the interval (about one standard error)."""
    error = (interval[1] - interval[0]) / 4
    if not error > 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(error))
    return float(max(part for part in (1, 2, 5) if part * power <= error * (1 + 1e-9)) * power)


def _rounded(name: str, value: float, step: float) -> float:
    """To a multiple of the step: the nearest, of an interval's ends (`_low`, `_high`) the one outside."""
    if not step:
        return value
    to = np.floor if name.endswith("_low") else np.ceil if name.endswith("_high") else np.round
    return float(to(value / step) * step) + 0.0  # no negative zero


def _sentence(code: str, unit: str, people: int, shown: dict[str, float], slow: float) -> str:
    low, high = shown["bias_low"], shown["bias_high"]
    way, words, name = "more" if shown["bias"] > 0 else "less", unit.strip("{}"), code.replace("_", " ")
    said = (
        f"report {amount(abs(shown['bias']))} {quantity(code, unit)} {way} than measured on average"
        if low > 0 or high < 0
        else f"report {name} on average neither clearly more nor clearly less than measured"
    )
    drifting = slow and (shown["drift_low"] > 0 or shown["drift_high"] < 0)
    moved = f"; the difference moves by {amount(shown['drift'])} {words} in 30 days" if drifting else ""
    return (
        f"{people} people {said} (95 % interval of the difference {amount(low)} to {amount(high)} {words}); "
        f"single days of single people differ by {amount(shown['lower'])} to {amount(shown['upper'])} {words}{moved}."
    )
