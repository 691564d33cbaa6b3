"""Agreement of two measurements of the same thing: bias and limits (Bland and Altman), Lin's concordance, intraclass correlations.

References: Bland & Altman 1986, Lancet 327:307; Lin 1989, Biometrics 45:255; Shrout & Fleiss 1979, Psychol Bull 86:420, named as in
McGraw & Wong 1996. The intraclass correlations equal pingouin 0.7.0 `intraclass_corr` with two raters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Interval = tuple[float, float]
ICC_TYPES = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)")
"""One way, two way for agreement, two way for consistency; of one measurement, of the mean of both."""


@dataclass(frozen=True)
class Agreement:
    """In the unit of the measurements, but for the concordance, the `icc` (in the order of `ICC_TYPES`) and their `icc_f` (unit 1).

    `limits` are bias +- multiplier standard deviations of the differences; `intervals` 95 % ones (t), those of the limits approximate.
    """

    pairs: int
    bias: float
    spread: float
    lower: float
    upper: float
    bias_interval: Interval
    lower_interval: Interval
    upper_interval: Interval
    concordance: float
    icc: tuple[float, ...]
    icc_f: tuple[float, ...]


def bland_altman(first: ArrayLike, second: ArrayLike, *, multiplier: float = 1.96) -> Agreement:
    """Agreement of `first` and `second` (one number a pair, same unit); differences are first minus second.

    A pair with a missing (NaN) member is left out. Errors: `SettingsError` if lengths differ, fewer than three pairs are left or the
    multiplier is not above 0.

    >>> found = bland_altman([10, 12, 15, 20], [11, 12, 13, 18])
    >>> found.bias, round(found.lower, 3), round(found.upper, 3), round(found.concordance, 3)
    (0.75, -2.19, 3.69, 0.898)
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or not multiplier > 0:
        raise SettingsError(f"bland_altman: two equally long columns and a multiplier above 0, not {a.shape}, {b.shape}, {multiplier}.")
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    n = len(a)
    if n < 3:
        raise SettingsError(f"bland_altman: {n} complete pairs say nothing of agreement; give at least 3.")
    difference = a - b
    bias, spread = float(difference.mean()), float(difference.std(ddof=1))
    quantile = float(stdtrit(n - 1, 0.975))
    lower, upper = bias - multiplier * spread, bias + multiplier * spread
    of_bias, of_limit = quantile * spread / np.sqrt(n), quantile * np.sqrt(3 * spread**2 / n)
    icc, icc_f = _intraclass(np.column_stack([a, b]))
    return Agreement(
        n, bias, spread, lower, upper, _around(bias, of_bias), _around(lower, of_limit), _around(upper, of_limit),
        _concordance(a, b), icc, icc_f,
    )  # fmt: skip


def _around(center: float, half: float) -> Interval:
    return float(center - half), float(center + half)


def _concordance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Lin's coefficient, moments with n."""
    together = float(((a - a.mean()) * (b - b.mean())).mean())
    scale = float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    return 2 * together / scale if scale > 0 else float("nan")


def _intraclass(table: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Intraclass correlations and their F, from the mean squares of people, raters and rest."""
    n, k = table.shape
    overall = table.mean()
    people = k * ((table.mean(axis=1) - overall) ** 2).sum() / (n - 1)
    raters = n * ((table.mean(axis=0) - overall) ** 2).sum() / (k - 1)
    within = ((table - table.mean(axis=1, keepdims=True)) ** 2).sum() / (n * (k - 1))
    rest = (within * n * (k - 1) - raters * (k - 1)) / ((n - 1) * (k - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        icc = (
            (people - within) / (people + (k - 1) * within),
            (people - rest) / (people + (k - 1) * rest + k * (raters - rest) / n),
            (people - rest) / (people + (k - 1) * rest),
            (people - within) / people,
            (people - rest) / (people + (raters - rest) / n),
            (people - rest) / people,
        )
        one_way, two_way = float(people / within), float(people / rest)
    return tuple(float(value) for value in icc), (one_way, two_way, two_way, one_way, two_way, two_way)


_ARGUMENTS = {"limits_multiplier", "difference", "ci"}
_CI = "t, Bland-Altman 1986 (se of limits = sqrt(3 sd^2/n))"


@method(Card(
    name="agreement.bland_altman",
    definition="Bias and limits of agreement of two measurements, Lin's concordance, six intraclass correlations.",
    units="unit of the measurements; 1 for coefficients",
    reference="Bland & Altman 1986, Lancet 327:307; Lin 1989, Biometrics 45:255",
    equals="closed forms of the papers; intraclass correlations of pingouin 0.7.0, to 1e-9",
    limits="Assumes differences of about the same size everywhere and one pair a person; the limits' intervals are approximate.",
))  # fmt: skip
def run_bland_altman(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case; `difference` names the two columns, 'a - b'."""
    check_arguments("agreement.bland_altman", arguments, _ARGUMENTS)
    if arguments.get("ci", _CI) != _CI:
        raise SettingsError(f"agreement.bland_altman: the intervals are {_CI!r}; {arguments['ci']!r} is not offered (argument ci).")
    named = re.fullmatch(r"\s*(\w+)\s*-\s*(\w+)\s*", str(arguments["difference"]))
    if not named:
        raise SettingsError(f"agreement.bland_altman: the difference is 'column - column', not {arguments['difference']!r}.")
    first, second = (numbers(inputs["data"], name) for name in named.groups())
    found = bland_altman(first, second, multiplier=float(arguments.get("limits_multiplier", 1.96)))
    return {
        "bias": found.bias, "sd_of_differences": found.spread, "lower_limit": found.lower, "upper_limit": found.upper,
        "bias_ci95": list(found.bias_interval), "lower_limit_ci95_approx": list(found.lower_interval),
        "upper_limit_ci95_approx": list(found.upper_interval), "lin_concordance": found.concordance,
        "icc_type": list(ICC_TYPES), "icc": list(found.icc), "icc_f": list(found.icc_f),
    }  # fmt: skip
