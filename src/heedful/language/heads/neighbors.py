"""What stands before, after and around a sentence in its review, as the scores of those sentences."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def neighbor_scores(scores: Floats, sequence: npt.NDArray[np.generic], absent: Floats) -> Floats:
    """Scores of the sentence before, of the one after, the mean of all others, and the highest of all before; shape (rows, 4 * labels).

    The last one carries on what has been spoken of: who has told of stopping a drug tells next what doing without it did.

    Parameters
    ----------
    scores: shape (rows, labels), rows in reading order.
    sequence: the text that each row belongs to; a run of equal values is one text.
    absent: shape (labels,), what stands for a neighbor that there is not.

    >>> neighbor_scores(np.array([[1.0], [3.0], [9.0]]), np.array([7, 7, 8]), np.array([0.0])).tolist()
    [[0.0, 3.0, 3.0, 0.0], [1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    """
    if not len(scores):
        return np.zeros((0, 4 * scores.shape[1]))
    begins = np.append(True, sequence[1:] != sequence[:-1])
    ends = np.append(begins[1:], True)
    run = np.cumsum(begins) - 1
    size = np.bincount(run)[run][:, None]
    total = np.add.reduceat(scores, np.flatnonzero(begins), axis=0)
    before = np.where(begins[:, None], absent, np.roll(scores, 1, axis=0))
    after = np.where(ends[:, None], absent, np.roll(scores, -1, axis=0))
    rest = np.where(size > 1, (total[run] - scores) / np.maximum(size - 1, 1), absent)
    return np.hstack([before, after, rest, np.where(begins[:, None], absent, np.roll(_highest(scores, run), 1, axis=0))])


def _highest(scores: Floats, run: npt.NDArray[np.int64]) -> Floats:
    """The highest score of a run up to and with each row."""
    step = float(np.ptp(scores)) + 1.0  # lifts each run above all that came before it
    lifted = np.maximum.accumulate(scores + run[:, None] * step, axis=0)
    return np.asarray(lifted - run[:, None] * step, np.float64)
