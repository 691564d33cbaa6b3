"""How a sample was drawn, and what follows for the variance of a total: strata, clusters in stages, finite populations.

The variance is the one of linearization with clusters drawn without replacement within strata (with replacement where the population
is not given), stage by stage. Weights that were adjusted to known totals keep what they were adjusted to: only what those totals leave
unexplained varies.

Reference: Särndal, Swensson & Wretman 1992, ch. 4 and 6; Lumley 2010, Complex Surveys. Equals R survey 4.1-1 within 1e-8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.population.cases import Floats

Codes = npt.NDArray[np.int64]
Residual = Callable[[Floats], Floats]
"""Takes influences [rows, variables] and gives back what the totals adjusted to leave of them."""

_FULLY_SAMPLED = 1e-7


@dataclass(frozen=True)
class Design:
    """A sample of n rows.

    `weights` [n] above 0; `strata` and `clusters` [n, stages] as codes, those of a stage distinct within the stage before;
    `population` [n, stages] number of clusters in the population of the row's stratum at each stage, infinite where drawn with
    replacement; `residuals` one for each adjustment of the weights.
    """

    weights: Floats
    strata: Codes
    clusters: Codes
    population: Floats
    residuals: tuple[Residual, ...] = field(default=())

    def adjusted(self, weights: Floats, residual: Residual) -> Design:
        """The same sample with weights adjusted to totals."""
        return replace(self, weights=weights, residuals=(*self.residuals, residual))

    def covariance(self, influence: Floats) -> Floats:
        """Covariance [variables, variables] of the sums of `influence` [n, variables], which has the weights in it already.

        Errors: `SettingsError` where a stratum has one cluster of several: its variance cannot be known.
        """
        for residual in self.residuals:
            influence = residual(influence)
        return _stages(influence, self.strata, self.clusters, self.population, 1)

    def standard_error(self, influence: Floats) -> float:
        """Standard error of the sum of one `influence` [n]."""
        return float(np.sqrt(self.covariance(influence[:, None])[0, 0]))


def draw(
    rows: int,
    weights: Floats | None = None,
    strata: Sequence[npt.NDArray[Any]] = (),
    clusters: Sequence[npt.NDArray[Any]] = (),
    population: Sequence[Floats] = (),
    *,
    nested: bool = False,
) -> Design:
    """A design from columns of `rows` rows, one a stage.

    Parameters
    ----------
    weights: None: from the population sizes, or 1 where there are none.
    strata: none, or for the first stage or stages. clusters: ids of the units drawn; none: every row for itself.
    population: units in the population for each stage, or, where all are at most 1, the share of them that was drawn.
    nested: ids of clusters may be used again in another stratum.

    Errors: `SettingsError` if weights are not above 0, a cluster lies in two strata, or more units are drawn than there are.

    >>> draw(4, strata=[np.array(["a", "a", "b", "b"])], population=[np.array([10.0, 10, 4, 4])]).weights.tolist()
    [5.0, 5.0, 2.0, 2.0]
    """
    ids = [_codes(column) for column in clusters] or [np.arange(rows)]
    given = [_codes(column) for column in strata]
    if nested and given:
        ids[0] = _crossed(given[0], ids[0])
    if given and (_count_within(ids[0], given[0]) > 1).any():
        raise SettingsError("survey: a cluster lies in more than one stratum. If its ids are used again in each stratum, say nested=True.")
    levels, groups = [given[0] if given else np.zeros(rows, np.int64)], [ids[0]]
    for stage in range(1, len(ids)):
        groups.append(_crossed(groups[-1], ids[stage]))
        parent = groups[stage - 1]
        levels.append(_crossed(parent, given[stage]) if stage < len(given) else parent)
    drawn = [_count_within(level, group) for level, group in zip(levels, groups, strict=True)]
    sizes = _sizes(population, drawn)
    if weights is None:
        weights = np.prod([size / count for size, count in zip(sizes, drawn, strict=True)], axis=0) if len(population) else np.ones(rows)
    weights = np.asarray(weights, dtype=np.float64)
    if not (weights > 0).all() or not np.isfinite(weights).all():
        raise SettingsError(f"survey: row {int(np.nonzero(~(weights > 0))[0][0]) + 1} has no weight above 0. Leave it out, or weight it.")
    return Design(weights, np.column_stack(levels), np.column_stack(groups), np.column_stack(sizes))


def _codes(column: npt.NDArray[Any]) -> Codes:
    return np.unique(column, return_inverse=True)[1].astype(np.int64)


def _crossed(outer: Codes, inner: Codes) -> Codes:
    return _codes(outer * (inner.max() + 1) + inner)


def _count_within(levels: Codes, groups: Codes) -> Floats:
    """For each row, how many different groups its level has."""
    pairs = np.unique(np.column_stack([levels, groups]), axis=0)
    return np.bincount(pairs[:, 0], minlength=levels.max() + 1)[levels].astype(np.float64)


def _sizes(population: Sequence[Floats], drawn: list[Floats]) -> list[Floats]:
    if not len(population):
        return [np.full(len(count), np.inf) for count in drawn]
    if len(population) > len(drawn):
        raise SettingsError(f"survey: population sizes for {len(population)} stages, but clusters for {len(drawn)}.")
    shares = all((np.asarray(size) <= 1).all() for size in population)
    sizes = []
    for stage, count in enumerate(drawn):
        if stage >= len(population):
            sizes.append(count)  # all of them were drawn
            continue
        size = count / np.asarray(population[stage], float) if shares else np.asarray(population[stage], float)
        if (size < count * (1 - 1e-12)).any():
            raise SettingsError(f"survey: stage {stage + 1} has more units drawn than its population has.")
        sizes.append(size)
    return sizes


def _stages(influence: Floats, strata: Codes, clusters: Codes, population: Floats, stage: int) -> Floats:
    """Variance between the clusters of each stratum, and within each cluster that of its own stages."""
    columns = influence.shape[1]
    total = np.zeros((columns, columns))
    for stratum in np.unique(strata[:, 0]):
        rows = strata[:, 0] == stratum
        names, place = np.unique(clusters[rows, 0], return_inverse=True)
        drawn, size = len(names), population[rows, 0][0]
        unsampled = 1.0 if np.isinf(size) else (size - drawn) / size
        if unsampled >= _FULLY_SAMPLED:
            if drawn == 1:
                raise SettingsError(
                    f"survey: a stratum has only one unit at stage {stage}, so its variance cannot be known. Join it with another stratum."
                )
            sums = np.zeros((drawn, columns))
            np.add.at(sums, place, influence[rows])
            sums -= sums.mean(axis=0)
            total += unsampled * drawn / (drawn - 1) * sums.T @ sums
        if clusters.shape[1] > 1 and not np.isinf(size):
            for name in names:
                inside = rows & (clusters[:, 0] == name)
                within = _stages(influence[inside], strata[inside, 1:], clusters[inside, 1:], population[inside, 1:], stage + 1)
                total += within * drawn / size
    return total


_ARGUMENTS = ("strata", "cluster", "fpc")


def design_of(arguments: Mapping[str, Any], sample: pl.DataFrame) -> Design:
    """The design that a case's arguments name: `cluster`, `strata` and `fpc` a column or a list of columns, `weights` a column."""
    columns = {name: _named(arguments.get(name), sample) for name in _ARGUMENTS}
    weights = _named(arguments.get("weights"), sample)
    return draw(
        sample.height,
        weights[0].cast(pl.Float64).to_numpy() if weights else None,
        [column.to_numpy() for column in columns["strata"]],
        [column.to_numpy() for column in columns["cluster"]],
        [column.cast(pl.Float64).to_numpy() for column in columns["fpc"]],
        nested=bool(arguments.get("nest", False)),
    )


def _named(names: str | Sequence[str] | None, sample: pl.DataFrame) -> list[pl.Series]:
    wanted = [names] if isinstance(names, str) else list(names or ())
    found = []
    for name in wanted:
        if name not in sample.columns:
            raise SchemaError(f"The sample has no column {name!r}; it has {', '.join(sample.columns)}.")
        if sample[name].null_count():
            raise SchemaError(f"Column {name!r} of the sample describes its design and has missing values. Fill them, or leave rows out.")
        found.append(sample[name])
    return found
