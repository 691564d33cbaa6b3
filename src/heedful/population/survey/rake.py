"""Raking: weights scaled to one margin of the population after the other, around and around, until all fit.

Reference: Deming & Stephan 1940, Ann Math Stat 11:427-444. Equals R survey 4.1-1 `rake` within 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.survey.design import Codes, Design, Residual, design_of
from heedful.population.survey.estimates import means_and_totals
from heedful.population.survey.post_stratify import cells_of, post_stratify, sizes_of

MOST_ROUNDS = 1000
_SWEEPS = 10
"""R takes the means of all margins out of the influences so many times around."""


def rake(design: Design, margins: Sequence[tuple[Codes, Floats]], tolerance: float = 1e-10, most_rounds: int = MOST_ROUNDS) -> Design:
    """The design raked to `margins`: for each the level of every row, 0, 1, …, and the levels' sizes in the population.

    Rounds end when no cell of all margins crossed changes by `tolerance` (below 1: of the sum of weights).

    Errors: `SettingsError` if that takes more than `most_rounds`, or a level lacks people.

    >>> from heedful.population.survey.design import draw
    >>> margins = [(np.array([0, 0, 1, 1]), np.array([6.0, 4])), (np.array([0, 1, 0, 1]), np.array([5.0, 5]))]
    >>> rake(draw(4, np.ones(4)), margins).weights.round(6).tolist()
    [3.0, 3.0, 2.0, 2.0]
    """
    crossed = np.unique(np.column_stack([levels for levels, _ in margins]), axis=0, return_inverse=True)[1].ravel()
    limit = tolerance * design.weights.sum() if tolerance < 1 else tolerance
    raked, before = design, np.bincount(crossed, design.weights)
    for _round in range(most_rounds):
        used: list[tuple[Codes, Floats]] = []
        for levels, sizes in margins:
            raked = post_stratify(raked, levels, sizes)
            used.append((levels, raked.weights))
        after = np.bincount(crossed, raked.weights)
        if np.abs(after - before).max() < limit:
            return design.adjusted(raked.weights, _left_by_margins(used))
        before, raked = after, Design(raked.weights, design.strata, design.clusters, design.population)
    raise SettingsError(
        f"rake: margins still move after {most_rounds} rounds. Do their totals agree, and has every crossing that they need somebody?"
    )


def _left_by_margins(margins: Sequence[tuple[Codes, Floats]]) -> Residual:
    def residual(influence: Floats) -> Floats:
        for _sweep in range(_SWEEPS):
            for levels, weights in margins:
                plain, size = influence / weights[:, None], np.bincount(levels)
                with np.errstate(invalid="ignore"):
                    means = np.column_stack([np.bincount(levels, column) for column in plain.T]) / size[:, None]
                influence = influence - means[levels] * weights[:, None]
        return influence

    return residual


@method(
    Card(
        name="survey.rake",
        definition="Weights scaled to the margins of the population in turn until all fit; estimates with the standard errors they leave.",
        units="1",
        reference="Deming & Stephan 1940, Ann Math Stat 11:427-444",
        equals="R survey 4.1-1 rake, within 1e-6",
        limits="Knows nothing of how margins cross in the population.",
    )
)
def run_rake(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: weights, and mean and total of every column of numbers."""
    sample = inputs["sample"]
    margins = [cells_of(sample, [name], sizes_of(sizes, [name])) for name, sizes in arguments["margins"].items()]
    most = int(arguments.get("maxit", arguments.get("maximum_iterations", MOST_ROUNDS)))
    design = rake(design_of(arguments, sample), margins, float(arguments.get("epsilon", 1)), most)
    return {"weights": design.weights.tolist(), **means_and_totals(sample, design)}
