"""The rows of a micro-randomized trial as the estimators read them, and linear combinations of effects with their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.columns import matrix, numbers
from heedful.core.errors import SchemaError, SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """One row a decision point: `person` (numbered in order of first row), `outcome`, `treatment` (0 or 1), `probability` of treatment as
    randomized, `available` (0 or 1), `moderators` and `controls` ([rows, terms], an intercept first)."""

    person: NDArray[np.int64]
    outcome: Floats
    treatment: Floats
    probability: Floats
    available: Floats
    moderators: Floats
    controls: Floats

    def __post_init__(self) -> None:
        """Errors: `SettingsError` for values that no trial can have where the person was available."""
        on = self.available == 1
        if not np.isin(self.available, (0, 1)).all() or not np.isin(self.treatment[on], (0, 1)).all():
            raise SettingsError("A trial's availability and treatment are 0 or 1; correct or leave out other rows.")
        if not ((self.probability[on] > 0) & (self.probability[on] < 1)).all():
            raise SettingsError("Where a person was available the randomization probability lies between 0 and 1, neither included.")
        values = (self.outcome[on], self.moderators[on], self.controls[on])
        if not all(np.isfinite(value).all() for value in values):
            raise SettingsError("A value is missing at an available decision point; impute it or mark the point as not available.")
        if not on.any():
            raise SettingsError("Nobody was available at any decision point; there is no effect to estimate.")

    @property
    def people(self) -> int:
        return int(self.person.max()) + 1

    def per_person(self, rows: Floats) -> Floats:
        """Sums of `rows` by person."""
        total = np.zeros((self.people, *rows.shape[1:]))
        np.add.at(total, self.person, rows)
        return total


def read_trial(arguments: Mapping[str, Any], data: pl.DataFrame) -> Trial:
    """A trial out of a case's table; `randomisation_probability` is a number or a column, availability may be left out (always)."""
    identity = str(arguments["id"])
    if identity not in data.columns:
        raise SchemaError(f"The input has no column '{identity}'; it has {', '.join(data.columns)}.")
    values = data[identity].to_numpy()
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    person = np.argsort(np.argsort(first))[inverse]
    availability = arguments.get("availability")
    ones = np.ones((len(data), 1))
    return Trial(
        person.astype(np.int64),
        numbers(data, str(arguments["outcome"])),
        numbers(data, str(arguments["treatment"])),
        probability_of(arguments["randomisation_probability"], data),
        np.ones(len(data)) if availability is None else numbers(data, str(availability)),
        np.column_stack([ones, matrix(data, arguments.get("moderators", []))]),
        np.column_stack([ones, matrix(data, arguments.get("controls", []))]),
    )


def probability_of(told: float | str, data: pl.DataFrame) -> Floats:
    """A probability for each row, from a number or a column."""
    return numbers(data, told) if isinstance(told, str) else np.full(len(data), float(told))


def combinations(arguments: Mapping[str, Any], names: Sequence[str]) -> tuple[list[str], Floats]:
    """Names and rows of the terms themselves and of the linear combinations asked for."""
    asked = [np.asarray(row, dtype=np.float64) for row in arguments.get("linear_combinations", [])]
    for row in asked:
        if row.shape != (len(names),):
            raise SettingsError(f"A linear combination has {row.size} weights for {len(names)} terms ({', '.join(names)}).")
    told = [*names, *(_combined(row, names) for row in asked)]
    return told, np.concatenate([np.eye(len(names)), *(row[None, :] for row in asked)])


def _combined(row: Floats, names: Sequence[str]) -> str:
    """
    >>> _combined(np.array([1.0, 0.0, 20.0]), ["(Intercept)", "a", "b"])
    '(Intercept) + 20*b'
    """
    return " + ".join(name if weight == 1 else f"{weight:g}*{name}" for weight, name in zip(row, names, strict=True) if weight)
