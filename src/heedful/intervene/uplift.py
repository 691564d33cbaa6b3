"""Uplift: does a score put those first whom a message helps? Qini and uplift curves, their areas, and uplift in the top share and by bin.

References: Radcliffe 2007 (Qini); Jaskowski & Jaroszewicz 2012. Equals scikit-uplift 0.5.1, whose areas are divided by those of the
perfect model; other programs define Qini differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats]


@dataclass(frozen=True)
class Scored:
    """A randomized group: `outcome` (0 or 1), `treatment` (0 or 1), `score` (high first). Errors: `SettingsError`."""

    outcome: Floats
    treatment: Floats
    score: Floats

    def __post_init__(self) -> None:
        if not (self.outcome.shape == self.treatment.shape == self.score.shape) or self.outcome.ndim != 1:
            raise SettingsError("uplift: one outcome, treatment and score for each person.")
        if not np.isin(self.outcome, (0, 1)).all() or set(np.unique(self.treatment)) != {0.0, 1.0} or not np.isfinite(self.score).all():
            raise SettingsError("uplift: outcomes are 0 or 1, treatments 0 and 1 both occur, scores are numbers; leave other people out.")

    @property
    def order(self) -> NDArray[np.intp]:
        """Highest score first; ties as they stand, from the end."""
        return np.argsort(self.score, kind="mergesort")[::-1]


def uplift_curve(group: Scored) -> Curve:
    """People from the highest score on, and the gain if all of them were treated: difference in rates times people."""
    people, treated, held, with_it, without = _counts(group)
    return people, (_share(with_it, treated) - _share(without, held)) * people


def qini_curve(group: Scored) -> Curve:
    """People from the highest score on, and outcomes among the treated beyond those of as many untreated.

    >>> group = Scored(np.array([1.0, 0, 0, 1]), np.array([1.0, 0, 1, 0]), np.array([4.0, 3, 2, 1]))
    >>> [values.tolist() for values in qini_curve(group)]
    [[0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 1.0, 1.0, 0.0]]
    """
    people, treated, held, with_it, without = _counts(group)
    return people, with_it - _share(without, held) * treated


def _counts(group: Scored) -> tuple[Floats, ...]:
    """People, treated, untreated and outcomes among either, at every change of score, from none on."""
    order = group.order
    score, treatment, outcome = group.score[order], group.treatment[order], group.outcome[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    people = np.concatenate([[0.0], last + 1.0])
    sums = [np.concatenate([[0.0], np.cumsum(each)[last]]) for each in (treatment, outcome * treatment, outcome * (1 - treatment))]
    return people, sums[0], people - sums[0], sums[1], sums[2]


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _area(curve: Curve, perfect: Curve) -> float:
    """Area above the straight line to the end, over that of the perfect model."""
    base = perfect[0][-1] * perfect[1][-1] / 2
    return float((np.trapezoid(curve[1], curve[0]) - base) / (np.trapezoid(perfect[1], perfect[0]) - base))


def qini_area(group: Scored) -> float:
    """1 for the perfect order, 0 for none."""
    best = Scored(group.outcome, group.treatment, group.outcome * (2 * group.treatment - 1))
    return _area(qini_curve(group), qini_curve(best))


def uplift_area(group: Scored) -> float:
    """1 for the perfect order, 0 for none."""
    y, t = group.outcome, group.treatment
    more = y if ((y == 1) & (t == 0)).sum() > ((y == 0) & (t == 1)).sum() else t
    return _area(uplift_curve(group), uplift_curve(Scored(y, t, 2.0 * (y == t) + more)))


def uplift_at(group: Scored, share: float) -> tuple[float, float]:
    """Difference in rates in the top share of all, and of the top share of each arm."""
    if not 0 < share <= 1:
        raise SettingsError(f"uplift_at: the share is above 0 and at most 1, not {share}.")
    order = group.order
    y, t = group.outcome[order], group.treatment[order]
    top = int(len(y) * share)
    arms = [y[t == arm] for arm in (1, 0)]
    by_group = [float(arm[: int(len(arm) * share)].mean()) for arm in arms]
    return float(y[:top][t[:top] == 1].mean() - y[:top][t[:top] == 0].mean()), by_group[0] - by_group[1]


def uplift_by_bin(group: Scored, bins: int = 10) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Difference in rates, treated and untreated in each of `bins` groups of equal size, highest scores first."""
    order = group.order
    parts = list(zip(np.array_split(group.outcome[order], bins), np.array_split(group.treatment[order], bins), strict=True))
    counts = np.array([[int((t == 1).sum()), int((t == 0).sum())] for _, t in parts])
    if not counts.all():
        raise SettingsError(f"uplift_by_bin: a bin has no treated or no untreated people; take fewer than {bins} bins.")
    return np.array([y[t == 1].mean() - y[t == 0].mean() for y, t in parts]), counts[:, 0], counts[:, 1]


def _points(curve: Curve) -> list[list[float]]:
    """The curve at 0, 25, 50, 75 and 100 % of its points."""
    places = np.linspace(0, len(curve[0]) - 1, 5).astype(int)
    return [[float(curve[0][place]), float(curve[1][place])] for place in places]


def scored(outcome: ArrayLike, treatment: ArrayLike, score: ArrayLike) -> Scored:
    """A group from plain columns."""
    return Scored(*(np.asarray(values, dtype=np.float64) for values in (outcome, treatment, score)))


_ARGUMENTS = {"outcome", "treatment", "score", "top_share", "bins"}


@method(Card(
    name="targeting.uplift_metrics",
    definition="Qini and uplift areas (over the perfect model's), uplift in the top share and by bin.",
    units="1",
    reference="Radcliffe 2007; Jaskowski & Jaroszewicz 2012",
    equals="scikit-uplift 0.5.1, to 1e-8",
    limits="Needs treatment that was randomized; areas are noisy where the effect is small.",
))  # fmt: skip
def run_uplift_metrics(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case."""
    check_arguments("targeting.uplift_metrics", arguments, _ARGUMENTS)
    group = scored(*(numbers(inputs["data"], str(arguments[name])) for name in ("outcome", "treatment", "score")))
    share, bins = float(arguments.get("top_share", 0.3)), int(arguments.get("bins", 10))
    overall, by_group = uplift_at(group, share)
    uplift, treated, held = uplift_by_bin(group, bins)
    name = f"uplift_at_{round(100 * share):d}_percent"
    return {
        "qini_auc": qini_area(group), "uplift_auc": uplift_area(group), f"{name}_overall": overall, f"{name}_by_group": by_group,
        "weighted_average_uplift": float(treated @ uplift / treated.sum()), "uplift_by_decile": uplift.tolist(),
        "n_treated_by_decile": treated.tolist(), "n_control_by_decile": held.tolist(),
        "qini_curve_points": _points(qini_curve(group)), "uplift_curve_points": _points(uplift_curve(group)),
    }  # fmt: skip
