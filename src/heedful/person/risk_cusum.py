"""Risk-adjusted CUSUM: does a risk model still hold, or have the odds of the outcome changed since it was made?

After each person S = max(0, S + y log R - log(1 - p + R p)), p the predicted risk, y what happened, R the odds ratio to be noticed; the
alarm is S above the threshold, after which it starts again from 0.

Reference: Steiner et al. 2000, Biostatistics 1:441-452. Equals R surveillance 1.20.3 `categoricalCUSUM` for binary outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.person.calibration import checked


def risk_cusum(
    outcome: ArrayLike, predicted: ArrayLike, odds_ratio: float, threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Statistic after each person in order, and whether it raises the alarm (it restarts from 0 after one).

    Parameters
    ----------
    outcome: 0 or 1. predicted: probability. odds_ratio: above 0, not 1; below 1 looks for a fall. threshold: above 0.

    Errors: `SettingsError` for anything else.

    >>> statistic, alarm = risk_cusum([1, 1, 1, 0], [0.1, 0.1, 0.1, 0.1], 2.0, 1.5)
    >>> statistic.round(3).tolist(), alarm.tolist()
    ([0.598, 1.196, 1.794, 0.0], [False, False, True, False])
    """
    happened, risk = checked(outcome, predicted)
    if not odds_ratio > 0 or odds_ratio == 1 or not threshold > 0:
        raise SettingsError(f"risk_cusum: an odds ratio above 0 other than 1 and a threshold above 0, not {odds_ratio} and {threshold}.")
    score = happened * np.log(odds_ratio) - np.log(1 - risk + odds_ratio * risk)
    statistic, alarm, total = np.empty(len(score)), np.zeros(len(score), bool), 0.0
    for place, value in enumerate(score.tolist()):
        total = max(0.0, total + value)
        statistic[place] = total
        if total > threshold:
            alarm[place], total = True, 0.0
    return statistic, alarm


_ARGUMENTS = {"predicted", "outcome", "odds_ratio_alternative", "threshold"}


@method(Card(
    name="risk.cusum",
    definition="Log likelihood ratio CUSUM of a risk model's outcomes against odds changed by a stated ratio.",
    units="1",
    reference="Steiner et al. 2000, Biostatistics 1:441-452",
    equals="R surveillance 1.20.3 categoricalCUSUM up to the first alarm, to 1e-8",
    limits="Looks in one direction; the threshold must be set by simulation for the wanted time between false alarms.",
))  # fmt: skip
def run_risk_cusum(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: the series up to and including the first alarm; its place counts from 1."""
    check_arguments("risk.cusum", arguments, _ARGUMENTS)
    outcome, predicted = (numbers(inputs["data"], str(arguments[name])) for name in ("outcome", "predicted"))
    statistic, alarm = risk_cusum(outcome, predicted, float(arguments["odds_ratio_alternative"]), float(arguments["threshold"]))
    first = int(np.argmax(alarm)) + 1 if alarm.any() else None
    return {"statistic": statistic[:first].tolist(), "first_alarm_index": first, "alarm": alarm[:first].tolist()}
