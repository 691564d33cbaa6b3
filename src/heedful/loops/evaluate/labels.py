"""Yes or no of a text, several at once: what a sentence says of a treatment, stress, vaccine concerns, side effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from heedful.language.heads.folds import Flags, Floats, auc, f1
from heedful.loops.evaluate.examples import learn_from, to_judge
from heedful.loops.evaluate.tasks import Figure, measure, task

_TREATMENT = {
    "side_effect": (0.774, 0.81), "withdrawal": (0.536, 0.57), "works": (0.720, 0.75), "does_not_work": (0.333, 0.38),
    "symptom": (0.830, 0.81), "indication": (0.706, 0.70),
}  # fmt: skip
"""Baseline and bar of the F1 of each label, in the order of the head."""


@task("psytar")
def psytar(data: Path, train: Path) -> list[Figure]:
    """F1 of the six labels of a sentence; the review's other sentences are read too, its stars and form fields are not."""
    test = to_judge("treatment", data)
    head, _ = learn_from("treatment", train)
    truth, said = test.targets > 0, head.answers(test.fields, test.sequence) > 0
    return [_f1(f"psytar.{name}", truth[:, place], said[:, place], *bars) for place, (name, bars) in enumerate(_TREATMENT.items())]


@task("dreaddit")
def dreaddit(data: Path, train: Path) -> list[Figure]:
    """Stress in a segment of a post."""
    test = to_judge("stress", data)
    head, _ = learn_from("stress", train)
    truth, found = test.targets[:, 0] > 0, head.probabilities(test.fields)[:, 0]
    said = found >= head.stages[0].threshold
    return [_f1("dreaddit.stress", truth, said, 0.769, 0.79), _auc("dreaddit.stress", truth, found, 0.840, 0.86)]


@task("caves")
def caves(data: Path, train: Path) -> list[Figure]:
    """Twelve concerns about vaccines."""
    test = to_judge("vaccine_concern", data)
    head, _ = learn_from("vaccine_concern", train)
    truth, said = test.targets > 0, head.answers(test.fields) > 0

    def macro(rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
        return float(np.mean([f1(truth[rows, one], said[rows, one]) for one in range(truth.shape[1])]))

    return [
        measure("caves.concerns", "macro F1", test.rows, macro, baseline=0.586, bar=0.60),
        measure("caves.concerns", "micro F1", test.rows, lambda rows: f1(truth[rows], said[rows]), baseline=0.653, bar=0.67),
    ]


@task("smm4h")
def smm4h(data: Path, train: Path) -> list[Figure]:
    """Whether an English tweet reports an adverse effect."""
    test = to_judge("adverse_effect_tweet", data)
    head, _ = learn_from("adverse_effect_tweet", train)
    return [_auc("smm4h.adverse_effect", test.targets[:, 0] > 0, head.probabilities(test.fields)[:, 0], 0.903, 0.92)]


@task("druglib.severe")
def severe(data: Path, train: Path) -> list[Figure]:
    """Whether a review's writer calls the side effects severe or extremely severe."""
    test = to_judge("severe_side_effect", data)
    head, _ = learn_from("severe_side_effect", train)
    return [_auc("druglib.severe_side_effect", test.targets[:, 0] > 0, head.probabilities(test.fields)[:, 0], 0.887, 0.895)]


def _f1(name: str, truth: Flags, said: Flags, baseline: float, bar: float) -> Figure:
    return measure(name, "F1", len(truth), lambda rows: f1(truth[rows], said[rows]), baseline=baseline, bar=bar)


def _auc(name: str, truth: Flags, found: Floats, baseline: float, bar: float) -> Figure:
    return measure(name, "AUC", len(truth), lambda rows: auc(truth[rows], found[rows]), baseline=baseline, bar=bar)
