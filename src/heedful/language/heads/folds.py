"""Folds of a cross-validation that keep together what belongs together, and statistics of scores that were learned without their row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FOLDS = 5


def fold_of(groups: npt.NDArray[np.generic], seed: int, count: int = FOLDS) -> npt.NDArray[np.int64]:
    """The fold, 0 to `count - 1`, of each row; rows of equal `groups` (a review, a person, a text) share one.

    >>> fold = fold_of(np.array(["a", "b", "a", "c"]), 0)
    >>> bool(fold[0] == fold[2]), sorted(set(fold.tolist())) <= [0, 1, 2, 3, 4]
    (True, True)
    """
    _, group = np.unique(groups, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(int(group.max()) + 1) % count if group.size else np.zeros(0, np.int64)
    return shuffled[group]


def auc(truth: Flags, scores: Floats) -> float:
    """The chance that a yes scores above a no, ties counting half; nan without both.

    >>> auc(np.array([True, False, True]), np.array([2.0, 1.0, 1.0]))
    0.75
    """
    yes = int(truth.sum())
    no = truth.size - yes
    if not yes or not no:
        return float("nan")
    return float((rankdata(scores)[truth].sum() - yes * (yes + 1) / 2) / (yes * no))


def spearman(truth: Floats, scores: Floats) -> float:
    """Rank correlation, ties sharing their mean rank; nan if either does not vary.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0]))
    0.5
    """
    one, other = rankdata(truth) - (truth.size + 1) / 2, rankdata(scores) - (truth.size + 1) / 2
    spread = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / spread if spread else float("nan")


def f1(truth: Flags, said: Flags) -> float:
    """Harmonic mean of precision and recall; 0 if nothing is true or said.

    >>> f1(np.array([True, True, False]), np.array([True, False, False])).__round__(3)
    0.667
    """
    both = int(truth.sum()) + int(said.sum())
    return 2 * int((truth & said).sum()) / both if both else 0.0


def macro_f1(truth: npt.NDArray[np.signedinteger], said: npt.NDArray[np.signedinteger], classes: int) -> float:
    """The plain mean of the F1 of each class."""
    return float(np.mean([f1(truth == one, said == one) for one in range(classes)]))


def best_threshold(truth: Flags, scores: Floats) -> float:
    """The threshold, midway between two scores, from which on saying yes has the best F1; smoothed over its neighbors.

    The F1 of each cut is averaged over those around it, a tenth as many as there are yes, since the single best cut is a lucky one.

    >>> best_threshold(np.array([False, False, True, True]), np.array([0.0, 1.0, 2.0, 3.0]))
    1.5
    """
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    found = np.cumsum(truth[order])
    curve = 2 * found / (truth.sum() + np.arange(1, truth.size + 1))
    width = max(1, int(truth.sum()) // 10) | 1
    padded = np.pad(curve, width // 2, mode="edge")
    smooth = np.convolve(padded, np.ones(width) / width, mode="valid")
    cut = int(smooth.argmax())
    below = sorted_scores[cut + 1] if cut + 1 < truth.size else sorted_scores[cut] - 1.0
    return float((sorted_scores[cut] + below) / 2)


def drawn_threshold(truth: Flags, chances: Floats) -> float:
    """Halfway between the threshold that was best on these rows and the one that theory names: half of the best F1.

    Where probabilities are right, saying yes from half of the best F1 on is best (Lipton, Elkan and Naryanaswamy 2014, "Optimal
    thresholding of classifiers to maximize F1 measure"); the best cut of a sample is right where they are not, and lucky where they are.

    >>> drawn_threshold(np.array([False, False, True, True]), np.array([0.1, 0.2, 0.8, 0.9]))
    0.5
    """
    found = np.cumsum(truth[np.argsort(-chances, kind="stable")])
    best = float((2 * found / (truth.sum() + np.arange(1, truth.size + 1))).max())
    return (best_threshold(truth, chances) + best / 2) / 2


def best_offsets(truth: npt.NDArray[np.int64], scores: Floats, classes: int) -> Floats:
    """What to add to each class's score so that the largest one has the best macro F1; by turns over a grid, three times."""
    offsets = np.zeros(classes)
    grid = np.linspace(-0.8, 0.8, 33)
    for _ in range(3):
        for one in range(classes):
            tried = [macro_f1(truth, _largest(scores, offsets, one, step), classes) for step in grid]
            smooth = np.convolve(np.pad(tried, 1, mode="edge"), np.ones(3) / 3, mode="valid")
            offsets[one] = grid[int(smooth.argmax())]
    return offsets - offsets.mean()


def _largest(scores: Floats, offsets: Floats, one: int, step: float) -> npt.NDArray[np.int64]:
    moved = offsets.copy()
    moved[one] = step
    return np.argmax(scores + moved, axis=1)
