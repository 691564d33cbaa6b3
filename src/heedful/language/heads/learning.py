"""Learning a head: everything that is chosen is chosen on scores of rows that the model did not see.

1. Linear models of a label, class or number: one of all blocks, and where the recipe says so one of each kind of block; their sum is one
weight a feature. C by the out-of-fold rank of the truth. 2. A logistic regression on the out-of-fold scores, which adds what the other
labels and the neighboring sentences say, and calibrates. 3. Threshold (best F1), class offsets (best macro F1) and the band of abstention
on out-of-fold probabilities of step 2, in folds of their own.
Half of the gain over the usual way (C = 4, threshold on a held-out part) is step 3 alone (`reports/quality.md`).

Reference: Wang and Manning 2012, "Baselines and bigrams", for holding features back by their log odds (`Recipe.naive`); here a feature's
scale is `1 - naive + naive * |log odds| / root mean square`, so that no feature is silenced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from heedful.core.errors import HeedfulError
from heedful.language.heads.blocks import LEAST, BlockWeights, Fields, count, weigh
from heedful.language.heads.folds import FOLDS, Flags, auc, best_offsets, drawn_threshold, f1, fold_of, macro_f1, spearman
from heedful.language.heads.head import Head, Inputs, Recipe, Stage, stage_inputs
from heedful.language.heads.linear import Weights, decide, fit
from heedful.language.heads.logistic import Logistic, fit_logistic
from heedful.language.kernels.gram_columns import BITS

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
    recipe: Recipe, fields: Fields, targets: Floats, groups: npt.NDArray[np.generic], sequence: npt.NDArray[np.generic] | None = None,
    kin: Floats | None = None,
) -> tuple[Head, list[OutOfFold]]:  # fmt: skip
    """A head, and what it reached out of fold.

    Parameters
    ----------
    targets: shape (rows, labels) of 0 and 1; for classes (rows,) of places; for a number (rows,).
    groups: rows of one group (a person, a review, a text) are never on both sides of a fold.
    sequence: as for `Head.probabilities`.
    kin: shape (rows, numbers), the numbers of `Recipe.kin`; without them a number is learned from itself alone.

    Raises `LearningError` if there are fewer than ten rows, or a label or class has fewer than two on either side.
    """
    wanted, bounded = _targets(recipe, targets)
    taught = wanted if bounded or kin is None else _with_kin(recipe, wanted, kin)
    counted = [count(block, fields) for block in recipe.blocks]
    blocks = tuple(weigh(block, counts) for block, counts in zip(recipe.blocks, counted, strict=True))
    rows = sparse.csr_array(sparse.hstack([one.scale(counts) for one, counts in zip(blocks, counted, strict=True)], format="csr"))
    parts = _parts(recipe, blocks)
    scores, spread, strengths = _choose_strength(recipe, rows, taught, wanted, bounded, groups, parts)
    weights = _mixture(rows, taught, strengths, bounded, recipe.naive, parts, spread)
    absent = scores.mean(axis=0)
    stages, cards = _second_stages(recipe, scores, wanted, groups, absent, sequence, strengths)
    if recipe.kind == "number":
        slope = float((scores[:, 0] - absent[0]) @ wanted[:, 0]) / max(float(((scores[:, 0] - absent[0]) ** 2).sum()), 1e-12)
        weights = np.asarray(weights * np.float32(slope), np.float32)
        weights[-1] += np.float32(targets.mean() - slope * absent[0])
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


def _with_kin(recipe: Recipe, wanted: Floats, kin: Floats) -> Floats:
    """The number and its kin in one, each by its standard deviation: less of what one answer has by chance."""
    shares = np.array([1.0, *(share for _, share in recipe.kin)])
    numbers = np.column_stack([wanted, kin - kin.mean(axis=0)])
    return np.asarray((numbers / np.maximum(numbers.std(axis=0), 1e-9)) @ shares * wanted.std())[:, None]


@dataclass(frozen=True, eq=False)
class _Part:
    """A linear model of some of the columns, and what it weighs in the sum."""

    share: float
    columns: npt.NDArray[np.intp]


def _parts(recipe: Recipe, blocks: tuple[BlockWeights, ...]) -> list[_Part]:
    """All blocks together; with `Recipe.alone` each kind of block, that of mentions apart, by itself too."""
    kinds = np.repeat([one.block.kind for one in blocks], [one.columns.size for one in blocks])
    parts = [_Part(1.0, np.arange(kinds.size))]
    if recipe.alone:
        names = dict.fromkeys(block.kind for block in recipe.blocks if block.kind != "mentions")
        parts += [_Part(recipe.alone, np.flatnonzero(kinds == name)) for name in names]
    return parts


def _fit(rows: sparse.csr_array, wanted: Floats, used: Flags, strengths: Floats, bounded: bool, naive: float = 0.0) -> Weights:
    """Weights of each output, learned from its rows that are `used`; a rare yes weighs as much as the root of the odds against it."""
    strength = used * strengths
    if bounded:
        yes = (used & (wanted > 0)).sum(axis=0)
        odds = (used.sum(axis=0) - yes) / np.maximum(1, yes)
        strength = strength * np.where(wanted > 0, np.sqrt(odds), 1.0)
    if not naive or not bounded:
        return fit(rows, wanted, strength, bounded=bounded)
    found = np.zeros(((rows.shape or (0, 0))[1] + 1, wanted.shape[1]), np.float32)
    for output in range(wanted.shape[1]):
        mine = np.flatnonzero(used[:, output])
        own, flags = rows[mine], wanted[mine, output] > 0
        scale = _leaning(own, flags, naive)
        scaled = sparse.csr_array((own.data * scale[own.indices], own.indices, own.indptr), shape=own.shape)
        found[:, [output]] = fit(scaled, wanted[mine][:, [output]], strength[mine][:, [output]], bounded=True)
        found[:-1, output] *= scale
    return found


def _leaning(rows: sparse.csr_array, flags: Flags, naive: float) -> npt.NDArray[np.float32]:
    """The scale of each column: how far the share of yes among the texts that have it is from that of all."""
    columns = (rows.shape or (0, 0))[1]
    of_yes = np.repeat(flags, np.diff(rows.indptr))
    yes = 1.0 + np.bincount(rows.indices[of_yes], minlength=columns)
    no = 1.0 + np.bincount(rows.indices[~of_yes], minlength=columns)
    odds = np.abs(np.log(yes / yes.sum()) - np.log(no / no.sum()))
    return np.asarray(1.0 - naive + naive * odds / max(float(np.sqrt((odds**2).mean())), 1e-9), np.float32)


def _choose_strength(
    recipe: Recipe, rows: sparse.csr_array, taught: Floats, wanted: Floats, bounded: bool, groups: npt.NDArray[np.generic],
    parts: list[_Part],
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Out-of-fold scores under the best C of each output, the spread of each part's scores (parts, outputs), and that C."""
    fold = fold_of(groups, seed=0)
    outputs = wanted.shape[1]
    tried, spreads = [], []
    for c in recipe.strengths:
        found = [_out_of_fold(_columns(rows, part), taught, fold, c, bounded, recipe.naive) for part in parts]
        spread = np.array([np.maximum(scores.std(axis=0), 1e-9) for scores in found])
        tried.append(sum(part.share * scores / width for part, scores, width in zip(parts, found, spread, strict=True)))
        spreads.append(spread)
    ranks = np.array([[_rank(wanted[:, o], scores[:, o], bounded) for o in range(outputs)] for scores in tried])
    if recipe.kind == "classes":  # the largest score wins, so that all need one scale
        ranks[:] = ranks.mean(axis=1, keepdims=True)
    best = np.nan_to_num(ranks, nan=-1.0).argmax(axis=0)
    scores = np.column_stack([tried[c][:, o] for o, c in enumerate(best)])
    spread = np.column_stack([spreads[c][:, o] for o, c in enumerate(best)])
    return scores, spread, np.array(recipe.strengths)[best]


def _columns(rows: sparse.csr_array, part: _Part) -> sparse.csr_array:
    return rows if part.columns.size == (rows.shape or (0, 0))[1] else sparse.csr_array(rows[:, part.columns])


def _mixture(
    rows: sparse.csr_array, wanted: Floats, strengths: Floats, bounded: bool, naive: float, parts: list[_Part], spread: Floats
) -> Weights:
    """The parts, learned from all rows, as one weight a column: each divided by the spread that its scores had out of fold."""
    total = np.zeros(((rows.shape or (0, 0))[1] + 1, wanted.shape[1]), np.float32)
    for part, width in zip(parts, spread, strict=True):
        weights = _fit(_columns(rows, part), wanted, np.ones(wanted.shape, bool), strengths, bounded, naive)
        total[np.append(part.columns, -1)] += weights * np.asarray(part.share / width, np.float32)
    return total


def _out_of_fold(
    rows: sparse.csr_array, wanted: Floats, fold: npt.NDArray[np.int64], strength: float, bounded: bool, naive: float = 0.0
) -> Floats:
    """Scores of each row by the model of all other folds; the models of all folds are learned at once."""
    outputs = wanted.shape[1]
    used = np.repeat(fold[:, None] != np.arange(FOLDS), outputs, axis=1)
    weights = _fit(rows, np.tile(wanted, FOLDS), used, np.full(outputs * FOLDS, strength), bounded, naive)
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
        threshold = drawn_threshold(truth, found)
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
    offsets = (best_offsets(truth, logs, count_of) + _even(truth, count_of)) / 2
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


def _even(truth: npt.NDArray[np.int64], classes: int) -> Floats:
    """Offsets that make up for how frequent classes are. The best ones on the rows at hand are drawn halfway to these: how frequent a class
    is changes more from set to set than anything else."""
    logs = -np.log(np.bincount(truth, minlength=classes) / truth.size)
    return np.asarray(logs - logs.mean())


def _strange(counted: list[sparse.csr_array]) -> float:
    """The share of unseen n-grams of the first block that one training text in twenty would exceed, had it not been in the training set: an
    n-gram that no more than `LEAST` texts have would be unknown without it."""
    counts = counted[0]
    frequency = np.bincount(counts.indices, minlength=1 << BITS)
    alone = (counts @ (frequency <= LEAST).astype(float)) / np.maximum(1.0, counts.sum(axis=1))
    return float(np.quantile(alone, 0.95))
