"""Learning a head: everything that is chosen is chosen on scores of rows that the model did not see.

1. One linear model a label, class or number on all blocks, its C by the out-of-fold rank of the truth. 2. A logistic regression on the
out-of-fold scores, which adds what the other labels and the neighboring sentences say, and calibrates. 3. Threshold (best F1), class
offsets (best macro F1) and the band of abstention on out-of-fold probabilities of step 2, in folds of their own.
Half of the gain over the usual way (C = 4, threshold on a held-out part) is step 3 alone (`reports/quality.md`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from heedful.core.errors import HeedfulError
from heedful.language.heads.blocks import LEAST, Fields, count, weigh
from heedful.language.heads.folds import FOLDS, Flags, auc, best_offsets, best_threshold, f1, fold_of, macro_f1, spearman
from heedful.language.heads.grams import BITS
from heedful.language.heads.head import Head, Inputs, Recipe, Stage, stage_inputs
from heedful.language.heads.linear import Weights, decide, fit
from heedful.language.heads.logistic import Logistic, fit_logistic

Floats = npt.NDArray[np.float64]

SHARE_UNSURE = 0.1
"""Of the training rows, those nearest to the threshold on which a head abstains."""

STAGE_STRENGTH: dict[Inputs, float] = {"own": 10.0, "all": 0.1, "near": 0.1}
"""C of the second stage: one score needs hardly a penalty, twelve or more do."""


class LearningError(HeedfulError):
    """The rows given cannot teach this head."""


@dataclass(frozen=True)
class OutOfFold:
    """What a label reached on rows that its model did not see: for its card. `metric` is F1, macro F1 or Spearman's rank correlation.

    error: mean distance of ten equal bands of probability from the share of yes in them (0 is perfect calibration).
    sure, unsure: share of right answers outside and inside of the band of abstention.
    """

    label: str
    strength: float
    inputs: str
    metric: str
    value: float
    auc: float
    error: float
    sure: float
    unsure: float


def learn(
    recipe: Recipe, fields: Fields, targets: Floats, groups: npt.NDArray[np.generic], sequence: npt.NDArray[np.generic] | None = None
) -> tuple[Head, list[OutOfFold]]:
    """A head, and what it reached out of fold.

    Parameters
    ----------
    targets: shape (rows, labels) of 0 and 1; for classes (rows,) of places; for a number (rows,).
    groups: rows of one group (a person, a review, a text) are never on both sides of a fold.
    sequence: as for `Head.probabilities`.

    Raises `LearningError` if there are fewer than ten rows, or a label or class has fewer than two on either side.
    """
    wanted, bounded = _targets(recipe, targets)
    counted = [count(block, fields) for block in recipe.blocks]
    blocks = tuple(weigh(block, counts) for block, counts in zip(recipe.blocks, counted, strict=True))
    rows = sparse.csr_array(sparse.hstack([one.scale(counts) for one, counts in zip(blocks, counted, strict=True)], format="csr"))
    scores, strengths = _choose_strength(recipe, rows, wanted, bounded, groups)
    weights = _fit(rows, wanted, np.ones(wanted.shape, bool), strengths, bounded)
    absent = scores.mean(axis=0)
    stages, cards = _second_stages(recipe, scores, wanted, groups, absent, sequence, strengths)
    if recipe.kind == "number":
        weights[-1] += targets.mean()
    return Head(recipe, blocks, weights, absent, stages, _strange(counted)), cards


def _targets(recipe: Recipe, targets: Floats) -> tuple[Floats, bool]:
    """Targets of the linear models: 1 and -1 a label or class, or the number about its mean; and whether they are bounded."""
    if len(targets) < 2 * FOLDS:
        raise LearningError(f"{recipe.name}: {len(targets)} rows cannot teach a head; at least {2 * FOLDS} are needed. Give more rows.")
    if recipe.kind == "number":
        return (targets - targets.mean()).reshape(-1, 1), False
    flags = targets[:, None] == np.arange(len(recipe.labels)) if recipe.kind == "classes" else targets.astype(bool)
    for label, yes in zip(recipe.labels, flags.sum(axis=0), strict=True):
        if not 2 <= yes <= len(targets) - 2:
            raise LearningError(f"{recipe.name}: '{label}' holds for {yes} of {len(targets)} rows; at least 2 must and 2 must not.")
    return np.where(flags, 1.0, -1.0), True


def _fit(rows: sparse.csr_array, wanted: Floats, used: Flags, strengths: Floats, bounded: bool) -> Weights:
    """Weights of each output, learned from its rows that are `used`; a rare yes weighs as much as the root of the odds against it."""
    strength = used * strengths
    if bounded:
        yes = (used & (wanted > 0)).sum(axis=0)
        odds = (used.sum(axis=0) - yes) / np.maximum(1, yes)
        strength = strength * np.where(wanted > 0, np.sqrt(odds), 1.0)
    return fit(rows, wanted, strength, bounded=bounded)


def _choose_strength(
    recipe: Recipe, rows: sparse.csr_array, wanted: Floats, bounded: bool, groups: npt.NDArray[np.generic]
) -> tuple[Floats, Floats]:
    """Out-of-fold scores under the best C of each output, and that C."""
    fold = fold_of(groups, seed=0)
    outputs = wanted.shape[1]
    tried = [_out_of_fold(rows, wanted, fold, c, bounded) for c in recipe.strengths]
    ranks = np.array([[_rank(wanted[:, o], scores[:, o], bounded) for o in range(outputs)] for scores in tried])
    if recipe.kind == "classes":  # the largest score wins, so that all need one scale
        ranks[:] = ranks.mean(axis=1, keepdims=True)
    best = np.nan_to_num(ranks, nan=-1.0).argmax(axis=0)
    scores = np.column_stack([tried[c][:, o] for o, c in enumerate(best)])
    return scores, np.array(recipe.strengths)[best]


def _out_of_fold(rows: sparse.csr_array, wanted: Floats, fold: npt.NDArray[np.int64], strength: float, bounded: bool) -> Floats:
    """Scores of each row by the model of all other folds; the models of all folds are learned at once."""
    outputs = wanted.shape[1]
    used = np.repeat(fold[:, None] != np.arange(FOLDS), outputs, axis=1)
    weights = _fit(rows, np.tile(wanted, FOLDS), used, np.full(outputs * FOLDS, strength), bounded)
    scores = decide(rows, weights).reshape(len(fold), FOLDS, outputs)
    return np.ascontiguousarray(scores[np.arange(len(fold)), fold])


def _rank(wanted: Floats, scores: Floats, bounded: bool) -> float:
    return auc(wanted > 0, scores) if bounded else spearman(wanted, scores)


def _second_stages(
    recipe: Recipe, scores: Floats, wanted: Floats, groups: npt.NDArray[np.generic], absent: Floats,
    sequence: npt.NDArray[np.generic] | None, strengths: Floats,
) -> tuple[tuple[Stage, ...], list[OutOfFold]]:  # fmt: skip
    fold = fold_of(groups, seed=1)
    if recipe.kind == "number":
        rank = _rank(wanted[:, 0], scores[:, 0], False)
        none = float("nan")
        return (), [OutOfFold(recipe.labels[0], float(strengths[0]), "own", "Spearman", rank, none, none, none, none)]
    if recipe.kind == "classes":
        return _classes(recipe, scores, wanted.argmax(axis=1), fold, strengths)
    stages, cards = [], []
    for label, name in enumerate(recipe.labels):
        truth = wanted[:, label] > 0
        tried = {
            inputs: _stage_out_of_fold(inputs, stage_inputs(inputs, label, scores, absent, sequence), truth, fold)
            for inputs in recipe.inputs
        }
        inputs = min(recipe.inputs, key=lambda one: _log_loss(truth, tried[one]))
        found = tried[inputs]
        logistic = _fit_stage(inputs, stage_inputs(inputs, label, scores, absent, sequence), truth)
        threshold = best_threshold(truth, found)
        band = _band(found, threshold)
        stages.append(Stage(inputs, logistic, threshold, band, np.zeros(0)))
        cards.append(_card(name, float(strengths[label]), inputs, truth, found, threshold, band))
    return tuple(stages), cards


def _stage_out_of_fold(inputs: Inputs, numbers: Floats, truth: Flags, fold: npt.NDArray[np.int64]) -> Floats:
    found = np.zeros(len(truth))
    for one in range(FOLDS):
        held = fold == one
        found[held] = _fit_stage(inputs, numbers[~held], truth[~held]).probabilities(numbers[held])
    return found


def _fit_stage(inputs: Inputs, numbers: Floats, truth: Flags) -> Logistic:
    return fit_logistic(numbers, truth.astype(np.int64), 2, STAGE_STRENGTH[inputs])


def _log_loss(truth: Flags, found: Floats) -> float:
    return float(-np.log(np.clip(np.where(truth, found, 1 - found), 1e-9, 1)).mean())


def _band(found: Floats, threshold: float) -> tuple[float, float]:
    """The probabilities between which lie the `SHARE_UNSURE` of rows that are nearest to the threshold in rank."""
    ranked = np.sort(found)
    at = int(np.searchsorted(ranked, threshold))
    half = max(1, round(len(found) * SHARE_UNSURE / 2))
    return float(ranked[max(0, at - half)]), float(ranked[min(len(found) - 1, at + half)])


def _card(name: str, strength: float, inputs: str, truth: Flags, found: Floats, threshold: float, band: tuple[float, float]) -> OutOfFold:
    said = found >= threshold
    inside = (found >= band[0]) & (found <= band[1])
    right = said == truth
    sure, unsure = (float(right[part].mean()) if part.any() else float("nan") for part in (~inside, inside))
    return OutOfFold(name, strength, inputs, "F1", f1(truth, said), auc(truth, found), calibration_error(truth, found), sure, unsure)


def calibration_error(truth: Flags, found: Floats, bands: int = 10) -> float:
    """Mean distance, over rows, of the mean probability of a band from its share of yes; bands hold equally many rows."""
    order = np.argsort(found, kind="stable")
    parts = np.array_split(order, bands)
    return float(sum(abs(found[part].mean() - truth[part].mean()) * part.size for part in parts if part.size) / max(1, found.size))


def _classes(
    recipe: Recipe, scores: Floats, truth: npt.NDArray[np.int64], fold: npt.NDArray[np.int64], strengths: Floats
) -> tuple[tuple[Stage, ...], list[OutOfFold]]:
    count_of = len(recipe.labels)
    found = np.zeros(scores.shape)
    for one in range(FOLDS):
        held = fold == one
        found[held] = fit_logistic(scores[~held], truth[~held], count_of, STAGE_STRENGTH["all"]).probabilities(scores[held])
    logs = np.log(np.maximum(found, 1e-12))
    offsets = best_offsets(truth, logs, count_of)
    said = np.argmax(logs + offsets, axis=1)
    stage = Stage("all", fit_logistic(scores, truth, count_of, STAGE_STRENGTH["all"]), 0.5, (0.5, 0.5), offsets)
    right = said == truth
    lead = np.sort(found, axis=1)
    near = lead[:, -1] - lead[:, -2] <= np.quantile(lead[:, -1] - lead[:, -2], SHARE_UNSURE)
    cards = [
        OutOfFold(
            name, float(strengths[place]), "all", "F1", f1(truth == place, said == place), auc(truth == place, found[:, place]),
            calibration_error(truth == place, found[:, place]), float(right[~near].mean()), float(right[near].mean()),
        )
        for place, name in enumerate(recipe.labels)
    ]  # fmt: skip
    whole = macro_f1(truth, said, count_of)
    cards.insert(0, OutOfFold("all", float(strengths[0]), "all", "macro F1", whole, *[float("nan")] * 4))
    return (stage,), cards


def _strange(counted: list[sparse.csr_array]) -> float:
    """The share of unseen n-grams of the first block that one training text in twenty would exceed, had it not been in the training set: an
    n-gram that no more than `LEAST` texts have would be unknown without it."""
    counts = counted[0]
    frequency = np.bincount(counts.indices, minlength=1 << BITS)
    alone = (counts @ (frequency <= LEAST).astype(float)) / np.maximum(1.0, counts.sum(axis=1))
    return float(np.quantile(alone, 0.95))
