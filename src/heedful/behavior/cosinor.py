"""Cosinor: a rhythm as a sum of cosines of a known period and its fractions, fitted by least squares; and a search for the period.

    value(t) = intercept + sum over k of sine_k sin(2 pi k t / period) + cosine_k cos(2 pi k t / period)

Reference: Cornelissen 2014, Theor Biol Med Model 11:16; Moškon 2020, BMC Bioinformatics 21:485. Equal to CosinorPy 3.1 (`fit_me`,
`fit_group` over periods, `cosinor1` for the tests of amplitude and acrophase). Its amplitude, acrophase and mesor come from a curve drawn
with 1000 points over two periods: `Drawn` repeats that, `Waves` takes them from the coefficients, which is exact for one component.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import fdtrc, ndtr, stdtrit

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
Criterion = Literal["RSS", "R2", "R2_adj", "p", "resid_SE", "ME", "log-likelihood"]
_SMALLEST = ("RSS", "p", "resid_SE", "ME")
_DRAWN_POINTS, _NEAR_TOP = 1000, 0.01
_NORMAL_95, _UPPER_975 = 1.959963984540054, 0.975


@dataclass(frozen=True)
class Fit:
    """A model with the same times and period for several series; every array begins with the series.

    `coefficients` and `standard_errors`: [series, 1 + 2 components], intercept, then sine and cosine of each component. `rss`: residual
    sum of squares. `fitted`: [series, times]. `degrees`: times less coefficients.
    """

    hours: Floats
    values: Floats
    period: float
    components: int
    coefficients: Floats
    standard_errors: Floats
    fitted: Floats
    rss: Floats

    @property
    def degrees(self) -> int:
        return len(self.hours) - self.coefficients.shape[1]

    @property
    def p_value(self) -> Floats:
        """Of the F test that nothing but the intercept is needed (Cornelissen, eq. 8 and 9)."""
        parameters = self.coefficients.shape[1]
        explained = ((self.fitted - self.values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _upper_f((explained / (parameters - 1)) / (self.rss / self.degrees), parameters - 1, self.degrees)

    @property
    def p_rejected(self) -> Floats:
        """Of the F test that the model lacks something (eq. 14 and 15); NaN unless times of the period repeat (to 0.01 h)."""
        phase = np.round(self.hours % self.period, 2)
        place = np.unique(phase, return_inverse=True)[1]
        many = np.bincount(place)
        groups = len(many)
        pure = np.array([(series**2).sum() - (np.bincount(place, series) ** 2 / many).sum() for series in self._centered(place, many)])
        lacking, repeats = groups - 1 - 2 * self.components, len(phase) - groups
        if lacking <= 0 or repeats <= 0:
            return np.full(len(self.rss), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _upper_f(((self.rss - pure) / lacking) / (pure / repeats), lacking, repeats)

    def _centered(self, place: NDArray[np.intp], many: NDArray[np.intp]) -> Floats:
        """Values less their mean at the same time of the period: squares of small numbers, not differences of large ones."""
        return np.array([series - (np.bincount(place, series) / many)[place] for series in self.values])

    @property
    def signal_to_noise(self) -> Floats:
        """Standard deviation of the fit / standard deviation of the values."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.fitted.std(axis=1, ddof=1) / self.values.std(axis=1, ddof=1))

    @property
    def residual_error(self) -> Floats:
        """Standard error of the residuals."""
        return np.asarray(np.sqrt(self.rss / self.degrees))

    @property
    def margin(self) -> Floats:
        """Half-width of 95 % of the residuals."""
        return np.asarray(stdtrit(self.degrees, _UPPER_975) * self.residual_error)


@dataclass(frozen=True)
class Waves:
    """Mesor, amplitude and acrophase (radians, -pi to pi: minus the phase of the peak) of one component, with delta-method errors, 95 %
    intervals [series, 2] and p (normal) of each; `p_rhythm`: of both coefficients together (F)."""

    mesor: Floats
    amplitude: Floats
    acrophase: Floats
    errors: Floats
    low: Floats
    high: Floats
    p_values: Floats
    p_rhythm: Floats


@dataclass(frozen=True)
class Drawn:
    """What is read off one series' curve over two periods: half its range, its middle, the phase of the first top, and its peaks and
    troughs of the first period (hours) above and below the middle. `top`: point of the first top; `between_tops`: hours to the next."""

    amplitude: float
    mesor: float
    acrophase: float
    peaks: Floats
    peak_values: Floats
    troughs: Floats
    trough_values: Floats
    top: int
    between_tops: float


@dataclass(frozen=True)
class Search:
    """`best`: place of each series' chosen period in `periods`; `fits`: one a period; `scores`: the criterion, [series, periods]."""

    periods: Floats
    best: NDArray[np.int64]
    fits: tuple[Fit, ...]
    scores: Floats


def fit(hours: Floats, values: Floats, period: float = 24.0, components: int = 1) -> Fit:
    """Fit every series.

    Parameters
    ----------
    hours: [times]; they need not be evenly spaced or sorted.
    values: [series, times], no missing value (leave the time out, and fit series with different gaps apart).
    period: hours. components: cosines of period, period / 2, ...

    Errors: `SettingsError` for a missing value, a period not above 0, no component, or not more different times than coefficients.

    >>> t = np.arange(48.0)
    >>> found = fit(t, (10 + 3 * np.cos(2 * np.pi * (t - 15) / 24))[None, :])
    >>> found.coefficients.round(6).tolist()
    [[10.0, -2.12132, -2.12132]]
    """
    hours, values = np.asarray(hours, np.float64), np.asarray(values, np.float64)
    _check(hours, values, period, components)
    design = _design(hours, period, components)
    orthogonal, triangle = np.linalg.qr(design)
    if np.abs(np.diag(triangle)).min() <= 1e-10 * np.abs(np.diag(triangle)).max():
        raise SettingsError(f"Times like these cannot tell {components} components of a period of {period} h apart. Fit fewer components.")
    inverse = np.linalg.inv(triangle)
    coefficients = values @ orthogonal @ inverse.T
    fitted = coefficients @ design.T
    rss = ((values - fitted) ** 2).sum(axis=1)
    variance = rss / (len(hours) - design.shape[1])
    errors = np.sqrt(variance[:, None] * (inverse**2).sum(axis=1)[None, :])
    return Fit(hours, values, float(period), components, coefficients, errors, fitted, rss)


def waves(found: Fit) -> Waves:
    """Amplitude and acrophase of a fit with one component, tested. Raises `SettingsError` for more components.

    >>> t = np.arange(48.0)
    >>> found = waves(fit(t, (10 + 3 * np.cos(2 * np.pi * (t - 6) / 24) + np.where(t % 2 == 0, 0.1, -0.1))[None, :]))
    >>> float(found.amplitude[0].round(6)), float((-24 * found.acrophase[0] / 2 / np.pi).round(6))
    (3.0, 6.0)
    """
    if found.components != 1:
        raise SettingsError(f"Amplitude and acrophase are tested for one component, this fit has {found.components}.")
    design = _design(found.hours, found.period, 1)
    unit = np.linalg.inv(design.T @ design)
    intercept, sine, cosine = found.coefficients.T
    amplitude = np.hypot(sine, cosine)
    acrophase = np.arctan2(-sine, cosine)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_amplitude = np.stack([np.zeros_like(sine), sine / amplitude, cosine / amplitude], axis=1)
        by_acrophase = np.stack([np.zeros_like(sine), -cosine / amplitude**2, sine / amplitude**2], axis=1)
        by_mesor = np.stack([np.ones_like(sine), np.zeros_like(sine), np.zeros_like(sine)], axis=1)
        variance = (found.rss / found.degrees)[:, None]
        slopes = np.stack([by_mesor, by_amplitude, by_acrophase], axis=1)
        errors = np.sqrt(variance * np.einsum("spi,ij,spj->sp", slopes, unit, slopes))
        estimates = np.stack([intercept, amplitude, acrophase], axis=1)
        p_values = 2 * ndtr(-np.abs(estimates / errors))
    half = _NORMAL_95 * errors
    return Waves(intercept, amplitude, acrophase, errors, estimates - half, estimates + half, p_values, found.p_value)


def drawn(found: Fit, series: int = 0) -> Drawn:
    """What CosinorPy reads off the curve of one series."""
    from scipy.signal import find_peaks

    hours = np.linspace(0, 2 * found.period, _DRAWN_POINTS)
    curve = _design(hours, found.period, found.components) @ found.coefficients[series]
    lowest, highest = curve.min(), curve.max()
    middle = lowest + (highest - lowest) / 2
    tops = find_peaks(curve, height=highest - _NEAR_TOP * abs(highest))[0]
    peaks, troughs = find_peaks(curve, height=middle)[0], find_peaks(highest - curve, height=middle - lowest)[0]
    peaks, troughs = (places[hours[places] <= found.period] for places in (peaks, troughs))
    top = int(tops[0]) if len(tops) else 0
    return Drawn(
        amplitude=float(abs(highest - lowest) / 2),
        mesor=float(middle),
        acrophase=_projected(-2 * np.pi * hours[top] / found.period),
        peaks=hours[peaks],
        peak_values=curve[peaks],
        troughs=hours[troughs],
        trough_values=curve[troughs],
        top=top,
        between_tops=float(round(float(hours[tops[1]] - hours[tops[0]]))) if len(tops) > 1 else float("nan"),
    )


def period_search(hours: Floats, values: Floats, periods: Floats, components: int = 1, criterion: Criterion = "RSS") -> Search:
    """Fit every series with each of the `periods` (hours) and choose by the criterion, the first of equals.

    RSS, p, resid_SE and ME are best when small, R2, R2_adj and log-likelihood when large.

    Errors: as `fit`; `SettingsError` for no period or another criterion.

    >>> t = np.arange(96.0)
    >>> found = period_search(t, np.cos(2 * np.pi * t / 25)[None, :], np.arange(22.0, 28.0))
    >>> float(found.periods[found.best[0]])
    25.0
    """
    if criterion not in get_args(Criterion):
        raise SettingsError(f"There is no criterion {criterion!r}. Known: {', '.join(get_args(Criterion))}.")
    periods = np.asarray(periods, np.float64)
    if not len(periods):
        raise SettingsError("A search needs at least one period.")
    fits = tuple(fit(hours, values, float(period), components) for period in periods)
    scores = np.stack([_score(one, criterion) for one in fits], axis=1)
    best = scores.argmin(axis=1) if criterion in _SMALLEST else scores.argmax(axis=1)
    return Search(periods, best.astype(np.int64), fits, scores)


def _check(hours: Floats, values: Floats, period: float, components: int) -> None:
    if values.ndim != 2 or hours.ndim != 1 or values.shape[1] != len(hours):
        raise SettingsError(f"Values are [series, times] with one time each, not {values.shape} with {len(hours)} times.")
    if not (np.isfinite(values).all() and np.isfinite(hours).all()):
        raise SettingsError("A time or value is missing or infinite. Leave such times out; fit series with different gaps apart.")
    if not period > 0 or components < 1:
        raise SettingsError(f"A period above 0 and at least one component, not {period} h and {components}.")
    if len(hours) <= 1 + 2 * components:
        raise SettingsError(f"{len(hours)} times are too few for {1 + 2 * components} coefficients and an error. Fit fewer components.")


def _design(hours: Floats, period: float, components: int) -> Floats:
    columns = [np.ones(len(hours))]
    for k in range(1, components + 1):
        angle = 2 * np.pi * k * hours / period
        columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, axis=1)


def _upper_f(ratio: Floats, over: int, under: int) -> Floats:
    # rounding can make a ratio of nearly 0 negative, where the function is undefined
    return np.asarray(fdtrc(over, under, np.maximum(ratio, 0.0)))


def _projected(angle: float) -> float:
    """The angle from -pi to pi."""
    turned = angle % (2 * np.pi)
    return float(turned - 2 * np.pi if turned > np.pi else turned)


def _score(found: Fit, criterion: str) -> Floats:
    if criterion in _SMALLEST:
        return {"RSS": found.rss, "p": found.p_value, "resid_SE": found.residual_error, "ME": found.margin}[criterion]
    times = len(found.hours)
    if criterion == "log-likelihood":
        return np.asarray(-times / 2 * (np.log(2 * np.pi) + np.log(found.rss / times) + 1))
    total = ((found.values - found.values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    unexplained = found.rss / total
    return np.asarray(1 - unexplained * ((times - 1) / found.degrees if criterion == "R2_adj" else 1.0))


@method(Card(
    name="cosinor.fit",
    definition="Mesor, amplitude and acrophase of one or more cosines of a known period, with errors, tests and goodness of fit.",
    units="as the values; acrophase in rad",
    reference="Cornelissen 2014, Theor Biol Med Model 11:16; Moškon 2020, BMC Bioinformatics 21:485",
    equals="CosinorPy 3.1 fit_me and cosinor1.fit_cosinor, within 1e-6",
    limits="Errors take residuals as independent: in minute or hourly series they are far too small; the period is taken as known.",
))  # fmt: skip
def run_fit(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the tests of amplitude and acrophase where they are asked for, else coefficients, statistics and drawn curve."""
    _known_only("cosinor.fit", arguments, ("components", "period_hours", "design_columns", "tests"))
    hours, values = _series(inputs)
    found = fit(hours, values, float(arguments.get("period_hours", 24)), int(arguments.get("components", 1)))
    if arguments.get("tests"):
        return _tests(found, arguments["tests"])
    curve = drawn(found)
    statistics = {
        "p": found.p_value, "p_reject": found.p_rejected, "SNR": found.signal_to_noise, "RSS": found.rss,
        "resid_SE": found.residual_error, "ME": found.margin,
    }  # fmt: skip
    return {
        "coefficients": found.coefficients[0].tolist(),
        "standard_errors": found.standard_errors[0].tolist(),
        "statistics": {name: _plain(value[0]) for name, value in statistics.items()},
        "rhythm": {
            "period": found.period, "amplitude": curve.amplitude, "acrophase": curve.acrophase, "mesor": curve.mesor,
            "peaks": curve.peaks.tolist(), "heights": curve.peak_values.tolist(), "troughs": curve.troughs.tolist(),
            "heights2": curve.trough_values.tolist(), "max_loc": float(curve.top), "period2": _plain(curve.between_tops),
        },
    }  # fmt: skip


def _tests(found: Fit, asked: Any) -> dict[str, Any]:
    strange = sorted(set(asked) - {"amplitude", "acrophase"})
    if strange:
        raise SettingsError(f"cosinor.fit tests amplitude and acrophase, not {', '.join(strange)}.")
    tested = waves(found)
    return {
        "mesor": _plain(tested.mesor[0]),
        "amplitude": _plain(tested.amplitude[0]),
        "acrophase_radians": _plain(tested.acrophase[0]),
        "statistics": {
            "parameters": ["Intercept", "amp", "acr"],
            "values": [_plain(one[0]) for one in (tested.mesor, tested.amplitude, tested.acrophase)],
            "SE": tested.errors[0].tolist(),
            "CI": [tested.low[0].tolist(), tested.high[0].tolist()],
            "p-values": tested.p_values[0].tolist(),
            "F-test": _plain(tested.p_rhythm[0]),
        },
    }


@method(Card(
    name="cosinor.period_search",
    definition="The period, out of a grid, whose cosinor fits best.",
    units="h",
    reference="Moškon 2020, BMC Bioinformatics 21:485",
    equals="CosinorPy 3.1 fit_group over periods, within 1e-6",
    limits="The p of the chosen period does not know that it was chosen; short series cannot tell neighbouring periods apart.",
))  # fmt: skip
def run_period_search(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the chosen period, its drawn curve, and the residual sum of squares of all.

    By p the program takes the first of the periods whose p is nothing beside 1: it computes p as 1 less what is nearly 1.
    """
    _known_only("cosinor.period_search", arguments, ("components", "periods_hours", "criterion"))
    hours, values = _series(inputs)
    periods = np.array(arguments["periods_hours"], np.float64)
    found = period_search(hours, values, periods, int(arguments.get("components", 1)), arguments.get("criterion", "RSS"))
    best = found.fits[found.best[0] if arguments.get("criterion") != "p" else int((1 - (1 - found.scores[0])).argmin())]
    curve = drawn(best)
    return {
        "best_period": best.period,
        "rss": float(best.rss[0]),
        "amplitude": curve.amplitude,
        "acrophase": curve.acrophase,
        "mesor": curve.mesor,
        "p": _plain(best.p_value[0]),
        "rss_by_period": [float(one.rss[0]) for one in found.fits],
    }


def _series(inputs: Mapping[str, pl.DataFrame]) -> tuple[Floats, Floats]:
    """Hours, and the values of the one series."""
    table = inputs.get("series")
    if table is None or not {"hour", "value"} <= set(table.columns):
        raise SchemaError("The case has no input 'series' with the columns hour and value.")
    hours, values = (table.get_column(name).cast(pl.Float64).to_numpy() for name in ("hour", "value"))
    return hours, values[None, :]


def _known_only(name: str, arguments: Mapping[str, Any], names: tuple[str, ...]) -> None:
    strange = sorted(arguments.keys() - set(names))
    if strange:
        raise SettingsError(f"{name} has no argument {', '.join(strange)}. It knows {', '.join(names)}.")


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
