"""Post-stratification: weights scaled within each cell so that it has its known size in the population.

Reference: Holt & Smith 1979, J R Stat Soc A 142:33-46. Equals R survey 4.1-1 `postStratify` within 1e-8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method
from heedful.population.cases import Floats
from heedful.population.survey.design import Codes, Design, Residual, design_of
from heedful.population.survey.estimates import means_and_totals


def post_stratify(design: Design, cells: Codes, sizes: Floats) -> Design:
    """The design with weights that sum to `sizes` [cells] in the cells 0, 1, … of its rows.

    Errors: `SettingsError` for a cell that has people in the population but nobody in the sample, or the other way around.

    >>> from heedful.population.survey.design import draw
    >>> post_stratify(draw(3, np.full(3, 2.0)), np.array([0, 0, 1]), np.array([10.0, 3])).weights.tolist()
    [5.0, 5.0, 3.0]
    """
    found = np.bincount(cells, design.weights, minlength=len(sizes))
    if len(found) > len(sizes) or ((found > 0) != (sizes > 0)).any():
        raise SettingsError("post_stratify: each cell needs people in the sample and in the population. Join cells that lack either.")
    weights = design.weights * (sizes / found)[cells]
    return design.adjusted(weights, _left_by_cells(cells, design.weights, weights))


def _left_by_cells(cells: Codes, before: Floats, after: Floats) -> Residual:
    """Influences less the mean of their cell: only what cells leave varies."""
    size = np.bincount(cells, before)

    def residual(influence: Floats) -> Floats:
        sums = np.column_stack([np.bincount(cells, column * before / after) for column in influence.T])
        return influence - (sums / size[:, None])[cells] * after[:, None]

    return residual


def cells_of(sample: pl.DataFrame, names: Sequence[str], sizes: Mapping[tuple[str, ...], float]) -> tuple[Codes, Floats]:
    """Cell of each row and sizes of the cells, matched by the texts of their levels.

    Errors: `SchemaError` if a column is absent or has missing values; `SettingsError` for a row whose cell has no size.
    """
    for name in names:
        if name not in sample.columns or sample[name].null_count():
            raise SchemaError(f"The sample has no column {name!r} without missing values; it has {', '.join(sample.columns)}.")
    place = {cell: number for number, cell in enumerate(sizes)}
    rows = list(zip(*(sample[name].cast(pl.String).to_list() for name in names), strict=True))
    unknown = sorted({row for row in rows if row not in place})
    if unknown:
        raise SettingsError(f"The population has no size for {', '.join(' and '.join(cell) for cell in unknown)}, which the sample has.")
    codes: npt.NDArray[np.int64] = np.array([place[row] for row in rows], dtype=np.int64)
    return codes, np.array([float(size) for size in sizes.values()])


_SIZE_NAMES = ("Freq", "freq", "n", "N", "count", "size", "population")


def sizes_of(population: Any, names: Sequence[str]) -> dict[tuple[str, ...], float]:
    """Sizes of cells from a case: {level: size}, nested once more for each further variable, or rows with the levels and their size.

    >>> sizes_of({"f": {"young": 3, "old": 4}}, ["sex", "age"])
    {('f', 'young'): 3.0, ('f', 'old'): 4.0}
    """
    if isinstance(population, Mapping):
        if len(names) == 1:
            return {(str(level),): float(size) for level, size in population.items()}
        return {(str(level), *rest): size for level, inner in population.items() for rest, size in sizes_of(inner, names[1:]).items()}
    sizes = {}
    for row in population:
        size = [row[name] for name in _SIZE_NAMES if name in row and name not in names]
        if len(size) != 1 or any(name not in row for name in names):
            raise SettingsError(f"A row of population sizes needs {', '.join(names)} and one of {', '.join(_SIZE_NAMES)}: {row}.")
        sizes[tuple(str(row[name]) for name in names)] = float(size[0])
    return sizes


@method(
    Card(
        name="survey.post_stratify",
        definition="Weights scaled within cells to known population sizes; estimates with the standard errors that cells leave.",
        units="1",
        reference="Holt & Smith 1979, J R Stat Soc A 142:33-46",
        equals="R survey 4.1-1 postStratify, within 1e-8",
        limits="Every cell needs somebody in the sample.",
    )
)
def run_post_stratify(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Runner of reference cases: weights, and mean and total of every column of numbers."""
    sample = inputs["sample"]
    by = arguments["by"]
    names = [by] if isinstance(by, str) else list(by)
    cells, sizes = cells_of(sample, names, sizes_of(arguments["population"], names))
    design = post_stratify(design_of(arguments, sample), cells, sizes)
    return {"weights": design.weights.tolist(), **means_and_totals(sample, design)}
