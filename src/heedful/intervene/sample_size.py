"""How many people a micro-randomized trial needs: for a continuous proximal outcome and for a yes-or-no one.

The test of no effect is a noncentral F with p and n - q - p degrees of freedom (p effect and q control parameters).

References: Liao et al. 2016, Stat Med 35:1944 (continuous); Cohn et al. 2023, Stat Med 42:2777 (binary). Equal to R MRTSampleSize 0.3.0 and
MRTSampleSizeBinary 0.1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtri

from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.intervene.noncentral_f import noncentral_f

Floats = NDArray[np.float64]
Shape = Literal["constant", "linear", "quadratic"]
PARAMETERS = {"constant": 1, "linear": 2, "quadratic": 3}
MOST_PEOPLE = 1_000_000


def daily_course(shape: Shape, days: int, mean: float, initial: float = 0.0, extreme_day: int = 1) -> Floats:
    """A quantity on each day, with `mean` over the days; linear and quadratic start at `initial` on day 1; quadratic reaches its extreme on
    `extreme_day` (from 1).

    >>> daily_course("linear", 3, 0.2, 0.1).round(3).tolist()
    [0.1, 0.2, 0.3]
    """
    day = np.arange(days, dtype=np.float64)
    if shape == "constant":
        return np.full(days, float(mean))
    if shape not in PARAMETERS or days < 2:
        raise SettingsError(f"The course is constant, linear or quadratic over at least two days, not {shape!r} over {days}.")
    if shape == "linear":
        return initial + (mean - initial) / day.mean() * day
    # initial + b d + c d^2 with b = -2 c (extreme_day - 1)
    bend = day**2 - 2 * (extreme_day - 1) * day
    if abs(bend.mean()) < 1e-12:
        raise SettingsError(f"No quadratic course over {days} days has its extreme on day {extreme_day} and this mean; take another day.")
    return initial + (mean - initial) / bend.mean() * bend


def power_of(people: float, noncentrality: float, effects: int, controls: int, alpha: float = 0.05) -> float:
    """Probability that the trial finds the effect; `noncentrality` a person."""
    rest = people - controls - effects
    if rest <= 0:
        return 0.0
    return 1 - noncentral_f(float(fdtri(effects, rest, 1 - alpha)), effects, rest, people * noncentrality)


def people_needed(noncentrality: float, effects: int, controls: int, power: float, alpha: float = 0.05) -> int:
    """The smallest number of people with at least this power.

    Errors: `SettingsError` for no effect, or probabilities outside (0, 1).
    """
    return int(np.ceil(people_needed_exact(noncentrality, effects, controls, power, alpha) - 1e-9))


def people_needed_exact(noncentrality: float, effects: int, controls: int, power: float, alpha: float = 0.05) -> float:
    """As `people_needed`, as a real number at which the power is met.

    >>> round(people_needed_exact(0.25, 1, 3, 0.8), 2)
    33.57
    """
    from scipy.optimize import brentq  # slow to load

    if not noncentrality > 0 or not 0 < power < 1 or not 0 < alpha < 1:
        raise SettingsError(f"A sample size needs an effect, and power and level between 0 and 1: {noncentrality}, {power}, {alpha}.")
    low = high = float(effects + controls + 1)
    if power_of(low, noncentrality, effects, controls, alpha) >= power:
        return low
    while power_of(high, noncentrality, effects, controls, alpha) < power:
        low, high = high, 2 * high
        if high > MOST_PEOPLE:
            raise SettingsError(f"More than {MOST_PEOPLE} people would be needed; the effect is too small for this trial.")
    met: Any = brentq(lambda n: power_of(n, noncentrality, effects, controls, alpha) - power, low, high, xtol=1e-10)
    return float(met)


def continuous_noncentrality(effect: ArrayLike, availability: ArrayLike, probability: ArrayLike) -> float:
    """Noncentrality a person: the sum over decision points of availability, p (1 - p) and the squared standardized effect."""
    effect_at, available, p = (np.asarray(values, dtype=np.float64) for values in (effect, availability, probability))
    if not ((available >= 0) & (available <= 1)).all() or not ((p > 0) & (p < 1)).all():
        raise SettingsError("Availability lies in [0, 1] and the randomization probability between 0 and 1 at every decision point.")
    return float((available * p * (1 - p) * effect_at**2).sum())


def binary_noncentrality(
    effect_basis: ArrayLike,
    effect: ArrayLike,
    success_basis: ArrayLike,
    success: ArrayLike,
    availability: ArrayLike,
    probability: ArrayLike,
) -> float:  # fmt: skip
    """Noncentrality a person of a log relative risk `effect_basis @ effect`, success without treatment being exp(success_basis @ success).

    Errors: `SettingsError` if a success probability leaves (0, 1).
    """
    f, b, g, a, tau, p = (
        np.asarray(values, dtype=np.float64) for values in (effect_basis, effect, success_basis, success, availability, probability)
    )
    risk, rate = f @ b, np.exp(g @ a)
    if not ((rate > 0) & (rate < 1) & (rate * np.exp(risk) < 1)).all():
        raise SettingsError("A success probability passes 1 at some decision point, with or without treatment; lower the coefficients.")
    pull = np.exp(p * risk)
    bread = (f * (tau * rate * pull * p * (1 - p))[:, None]).T @ f
    spread = tau * rate * pull**2 * p * (1 - p) * ((1 - p) * np.exp(-risk) + p - rate)
    meat = (f * spread[:, None]).T @ f
    return float(b @ bread @ np.linalg.solve(meat, bread @ b))


_CONTINUOUS = {
    "days", "decision_points_per_day", "randomisation_probability", "effect_shape", "effect_mean", "effect_initial",
    "effect_quadratic_max_day", "availability_shape", "availability_mean", "availability_initial", "availability_quadratic_max_day",
    "main_effect_parameters", "power", "significance_level", "effect_shapes", "effect_initial_for_linear", "grid", "power_at",
}  # fmt: skip
_BINARY = {
    "availability", "effect_basis", "success_basis", "effect_coefficients", "success_coefficients", "randomisation_probability",
    "significance_level", "type_2_error", "power_at",
}  # fmt: skip


@method(Card(
    name="experiments.mrt_sample_size",
    definition="People needed for a micro-randomized trial with a continuous proximal outcome, and power at a given number.",
    units="{person}; 1",
    reference="Liao et al. 2016, Stat Med 35:1944",
    equals="R MRTSampleSize 0.3.0",
    limits="Takes working assumptions (equal variance, no dependence of errors) as met; effects are standardized.",
))  # fmt: skip
def run_mrt_sample_size(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A parity case: one design with the power at 40 people (or at `power_at`), or a grid of designs for several shapes."""
    check_arguments("experiments.mrt_sample_size", arguments, _CONTINUOUS)
    if "grid" in arguments:
        return {f"n_{shape}": _over_grid(arguments, shape) for shape in arguments["effect_shapes"]}
    shape = arguments["effect_shape"]
    course = daily_course(
        shape, int(arguments["days"]), arguments["effect_mean"], arguments.get("effect_initial", 0.0),
        arguments.get("effect_quadratic_max_day", 1),
    )  # fmt: skip
    held = _noncentrality(arguments, course, arguments.get("availability_mean", 1.0), arguments["randomisation_probability"])
    size = (held, PARAMETERS[shape], int(arguments["main_effect_parameters"]))
    alpha = float(arguments.get("significance_level", 0.05))
    told: dict[str, Any] = {"sample_size": people_needed(*size, float(arguments.get("power", 0.8)), alpha)}
    for people in np.atleast_1d(arguments.get("power_at", 40)).tolist():
        told[f"power_at_{people:g}"] = power_of(people, *size, alpha)
    return told


def _over_grid(arguments: Mapping[str, Any], shape: Shape) -> list[int]:
    grid, found = arguments["grid"], []
    for mean, available, probability in zip(grid["beta_mean"], grid["tau_mean"], grid["prob"], strict=True):
        course = daily_course(shape, int(arguments["days"]), mean, arguments.get(f"effect_initial_for_{shape}", 0.0))
        held = _noncentrality(arguments, course, available, probability)
        power, alpha = float(arguments.get("power", 0.8)), float(arguments.get("significance_level", 0.05))
        found.append(people_needed(held, PARAMETERS[shape], int(arguments["main_effect_parameters"]), power, alpha))
    return found


def _noncentrality(arguments: Mapping[str, Any], effect: Floats, available_mean: float, probability: Any) -> float:
    days, times = int(arguments["days"]), int(arguments["decision_points_per_day"])
    available = daily_course(
        arguments.get("availability_shape", "constant"), days, available_mean, arguments.get("availability_initial", 0.0),
        arguments.get("availability_quadratic_max_day", 1),
    )  # fmt: skip
    p = np.atleast_1d(np.asarray(probability, dtype=np.float64))
    if p.size not in (1, days, days * times):
        raise SettingsError(f"The randomization probability is one number, one a day or one a decision point, not {p.size}.")
    p = np.repeat(p, times) if p.size == days else np.broadcast_to(p, days * times)
    return continuous_noncentrality(np.repeat(effect, times), np.repeat(available, times), p)


@method(Card(
    name="experiments.mrt_sample_size_binary",
    definition="People needed for a micro-randomized trial with a binary proximal outcome, and power at given numbers.",
    units="{person}; 1",
    reference="Cohn et al. 2023, Stat Med 42:2777",
    equals="R MRTSampleSizeBinary 0.1.2, to 1e-4",
    limits="The course of success without treatment must be assumed; the log relative risk lies in the span of the basis.",
))  # fmt: skip
def run_mrt_sample_size_binary(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("experiments.mrt_sample_size_binary", arguments, _BINARY)
    held = binary_noncentrality(
        arguments["effect_basis"], arguments["effect_coefficients"], arguments["success_basis"], arguments["success_coefficients"],
        arguments["availability"], arguments["randomisation_probability"],
    )  # fmt: skip
    size = (held, len(arguments["effect_coefficients"]), len(arguments["success_coefficients"]))
    alpha = float(arguments.get("significance_level", 0.05))
    exact = people_needed_exact(*size, 1 - float(arguments.get("type_2_error", 0.2)), alpha)
    return {
        "n": int(np.ceil(exact - 1e-9)), "n_exact": exact,
        "power": [power_of(people, *size, alpha) for people in arguments.get("power_at", [])],
    }  # fmt: skip
