"""A head: what it reads, how it scores a text, and what it makes of the score; as learned by `heedful.language.heads.learning`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from heedful.language.heads.blocks import Block, BlockWeights, Fields, count
from heedful.language.heads.linear import Weights, decide
from heedful.language.heads.logistic import Logistic
from heedful.language.heads.neighbors import neighbor_scores
from heedful.language.kernels.gram_columns import BITS

Floats = npt.NDArray[np.float64]
Kind = Literal["labels", "classes", "number"]
YES, NO, UNSURE = 1, 0, -1

Inputs = Literal["own", "all", "near"]
"""What the second stage of a label sees: its own score; those of all labels; those of the neighboring sentences too."""


@dataclass(frozen=True)
class Recipe:
    """How a head is learned.

    kind: `labels` are yes or no each, `classes` exclude each other, `number` is a quantity.
    labels: their names; of a number its name.
    blocks: the features.
    strengths: values of C to choose from, out of fold.
    inputs: what the second stage of a label may see, to choose from out of fold.
    naive: 0 to 1, how much less a feature is held back, the more its log odds alone speak for or against a label (NB-SVM).
    alone: what the models of single kinds of blocks weigh beside the one of all blocks.
    kin: numbers told by the same writers, and what each weighs beside the number itself while it is learned.

    The last three are of learning only: what they lead to is one weight a feature still.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    blocks: tuple[Block, ...]
    strengths: tuple[float, ...] = (0.03, 0.1, 0.3)
    inputs: tuple[Inputs, ...] = ("own",)
    naive: float = 0.0
    alone: float = 0.0
    kin: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Stage:
    """The second stage of one label, or of all classes: a logistic regression on scores, which also calibrates them.

    threshold: probability from which on the answer is yes (labels). band: probabilities between which it is "unsure".
    offsets: added to the log probabilities of classes before the largest is taken.
    """

    inputs: Inputs
    logistic: Logistic
    threshold: float
    band: tuple[float, float]
    offsets: Floats


@dataclass(frozen=True, eq=False)
class Head:
    """Learned weights.

    weights: one row a column of all blocks, and one for the intercept. absent: a neighbor's score where there is none.
    strange: the share of unseen words beyond which one text in twenty of the training set would lie.
    """

    recipe: Recipe
    blocks: tuple[BlockWeights, ...]
    weights: Weights
    absent: Floats
    stages: tuple[Stage, ...]
    strange: float

    def scores(self, fields: Fields) -> Floats:
        """Scores of the first stage, shape (texts, outputs); of a number, its estimate."""
        return decide(features(self.blocks, fields), self.weights)

    def probabilities(self, fields: Fields, sequence: npt.NDArray[np.generic] | None = None) -> Floats:
        """Calibrated probability of each label or class, shape (texts, labels); of a number, its estimate.

        sequence: the text that each row is a sentence of, rows in reading order; without it every row stands alone.
        """
        return second_stage(self.stages, self.recipe.kind, self.scores(fields), self.absent, sequence)

    def answers(self, fields: Fields, sequence: npt.NDArray[np.generic] | None = None, *, unsure: bool = False) -> npt.NDArray[np.int8]:
        """Of labels, shape (texts, labels): yes 1, no 0; with `unsure`, -1 in the band of abstention.

        Of classes, shape (texts,): the place of the class.
        """
        found = self.probabilities(fields, sequence)
        if self.recipe.kind == "classes":
            return np.argmax(np.log(np.maximum(found, 1e-12)) + self.stages[0].offsets, axis=1).astype(np.int8)
        said = (found >= np.array([stage.threshold for stage in self.stages])).astype(np.int8)
        if unsure:
            low, high = np.array([stage.band for stage in self.stages]).T
            said[(found >= low) & (found <= high)] = UNSURE
        return said

    def strangeness(self, fields: Fields) -> float:
        """How many times more often than in its training set texts hold mostly words that the head never saw; 1 is its own register.

        About 20 is the most. Beyond 3 a head's probabilities should not be believed (`docs/language.md`, transfer).
        """
        shares = unseen_shares(self.blocks[0], fields)
        return float((shares > self.strange).mean() / 0.05) if shares.size else 0.0


def features(blocks: tuple[BlockWeights, ...], fields: Fields) -> sparse.csr_array:
    """All blocks side by side, shape (texts, columns)."""
    return sparse.csr_array(sparse.hstack([weights.scale(count(weights.block, fields)) for weights in blocks], format="csr"))


def unseen_shares(words: BlockWeights, fields: Fields) -> Floats:
    """The share of a text's n-grams that are in no column of the block."""
    counts = count(words.block, fields)
    seen = np.zeros(1 << BITS)
    seen[words.columns] = 1.0
    return 1.0 - (counts @ seen) / np.maximum(1.0, counts.sum(axis=1))


def stage_inputs(inputs: Inputs, label: int, scores: Floats, absent: Floats, sequence: npt.NDArray[np.generic] | None) -> Floats:
    """What the second stage of a label sees, shape (texts, numbers)."""
    if inputs == "own":
        return scores[:, [label]]
    if inputs == "all":
        return scores
    alone = np.arange(len(scores)) if sequence is None else sequence
    return np.hstack([scores, neighbor_scores(scores, alone, absent)])


def second_stage(stages: tuple[Stage, ...], kind: Kind, scores: Floats, absent: Floats, sequence: npt.NDArray[np.generic] | None) -> Floats:
    """From scores of the first stage to probabilities."""
    if kind == "number":
        return scores
    if kind == "classes":
        return stages[0].logistic.probabilities(scores)
    wanted: set[Inputs] = {stage.inputs for stage in stages if stage.inputs != "own"}
    shared = {inputs: stage_inputs(inputs, 0, scores, absent, sequence) for inputs in wanted}
    seen = [shared[stage.inputs] if stage.inputs in shared else scores[:, [label]] for label, stage in enumerate(stages)]
    return np.column_stack([stage.logistic.probabilities(numbers) for stage, numbers in zip(stages, seen, strict=True)])
