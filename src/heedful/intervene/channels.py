"""Channels within a budget: which of them together reach most (weighted) people, exactly, and by the greedy rule.

References: Khuller, Moss & Naor 1999, Inf Process Lett 70:39 (greedy and its guarantee). The optimum by mixed-integer
programming (HiGHS, through SciPy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
GREEDY_SHARE = 1 - 1 / np.e
"""Share of the optimum that the greedy rule reaches at least when channels cost the same; half of it for any costs."""


@dataclass(frozen=True)
class Reached:
    """Channels (from 0, rising), what they cost and the weight of the people reached at least once."""

    channels: list[int]
    cost: float
    weight: float


def best_channels(reach: ArrayLike, weight: ArrayLike, cost: ArrayLike, budget: float) -> Reached:
    """The channels that reach most within the budget.

    Parameters
    ----------
    reach: [channels, people], 1 where a channel reaches a person. weight: of each person, not negative. cost: of each channel, above 0.

    Errors: `SettingsError` for shapes that do not fit or values out of range.

    >>> best_channels([[1, 1, 0], [0, 1, 1], [0, 0, 1]], [1, 1, 1], [2, 2, 1], 3)
    Reached(channels=[0, 2], cost=3.0, weight=3.0)
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to load

    a, w, c = _checked(reach, weight, cost, budget)
    channels, people = a.shape
    objective = np.concatenate([np.zeros(channels), -w])
    reached = LinearConstraint(np.hstack([-a.T, np.eye(people)]), -np.inf, 0)
    paid = LinearConstraint(np.concatenate([c, np.zeros(people)])[None, :], -np.inf, budget)
    found = milp(objective, constraints=[reached, paid], integrality=np.ones(channels + people), bounds=Bounds(0, 1))
    if not found.success:
        raise SettingsError(f"best_channels: the solver stopped without an optimum ({found.message}).")
    return _told(np.flatnonzero(found.x[:channels] > 0.5).tolist(), a, w, c)


def greedy_channels(reach: ArrayLike, weight: ArrayLike, cost: ArrayLike, budget: float) -> Reached:
    """Always the channel with most new weight for its cost that still fits; the best single channel if that reaches more.

    >>> greedy_channels([[1, 1, 0], [0, 1, 1], [0, 0, 1]], [1, 1, 1], [2, 2, 1], 3).weight
    3.0
    """
    a, w, c = _checked(reach, weight, cost, budget)
    left, seen, chosen = budget, np.zeros(a.shape[1], bool), list[int]()
    while True:
        gain = np.where(c <= left, (a * (w * ~seen)).sum(axis=1) / c, 0.0)
        gain[chosen] = 0.0
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break
        chosen.append(best)
        left, seen = left - c[best], seen | (a[best] > 0)
    alone = np.where(c <= budget, a @ w, -1.0)
    rule = _told(sorted(chosen), a, w, c)
    single = int(np.argmax(alone))
    return _told([single], a, w, c) if alone[single] > rule.weight else rule


def _told(channels: list[int], a: Floats, w: Floats, c: Floats) -> Reached:
    covered = a[channels].any(axis=0) if channels else np.zeros(a.shape[1], bool)
    return Reached(channels, float(c[channels].sum()), float(w[covered].sum()))


def _checked(reach: ArrayLike, weight: ArrayLike, cost: ArrayLike, budget: float) -> tuple[Floats, Floats, Floats]:
    a, w, c = (np.asarray(values, dtype=np.float64) for values in (reach, weight, cost))
    if a.ndim != 2 or w.shape != (a.shape[1],) or c.shape != (a.shape[0],):
        raise SettingsError(
            f"channels: reach is [channels, people], with a weight a person and a cost a channel: {a.shape}, {w.shape}, {c.shape}."
        )
    if not np.isin(a, (0, 1)).all() or (w < 0).any() or not (c > 0).all() or budget < 0:
        raise SettingsError("channels: reach is 0 or 1, weights and budget are not negative, costs above 0.")
    return a, w, c


@method(Card(
    name="targeting.channel_budget",
    definition="Channels that reach most weighted people within a budget: exact optimum, and at most three channels whatever they cost.",
    units="weighted people",
    reference="Khuller, Moss & Naor 1999, Inf Process Lett 70:39",
    equals="scipy 1.17.1 milp (HiGHS)",
    limits="Reach is taken as known and certain; ties between sets are broken by the solver.",
))  # fmt: skip
def run_channel_budget(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("targeting.channel_budget", arguments, {"cost", "budget", "audience_weight", "reach_matrix"})
    reach, weight, cost = arguments["reach_matrix"], arguments["audience_weight"], arguments["cost"]
    best = best_channels(reach, weight, cost, float(arguments["budget"]))
    three = best_channels(reach, weight, np.ones(len(cost)), 3.0)
    return {
        "optimal_weighted_reach": best.weight, "an_optimal_choice": best.channels, "cost_of_it": best.cost,
        "optimal_reach_three_channels": three.weight, "greedy_guarantee_share": GREEDY_SHARE,
    }  # fmt: skip
