"""What an evaluation is made of: a figure with its interval and its bar, and the registry of the tasks that yield figures.

A task takes the folder to be judged and the folder to learn from, looks once at the test rows and returns its figures. A file of this
package registers its tasks with `@task`; every file of the package is loaded before a run.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from heedful.core.errors import NotFoundError, RegistryError

DRAWS = 1000
"""Bootstrap draws an interval."""

Rows = npt.NDArray[np.intp]
Statistic = Callable[[Rows], float]


class AbsentSetError(NotFoundError):
    """A set of the evaluation is not in the folder: its figures are reported as absent, never as passed."""


@dataclass(frozen=True)
class Figure:
    """One line of the evaluation.

    task, metric: what was judged and how, as in the table of docs/language.md ("psytar.withdrawal", "F1").
    n: test rows (or users, or spans) behind the figure.
    value, low, high: the figure and its 95 % bootstrap interval.
    baseline: the same figure of the named simple method, if there is one.
    bar: what it has to reach; None if it is only told.
    passed: whether it reaches it; None without a bar.
    note: where the figure comes from, if that is not plain.
    """

    task: str
    metric: str
    n: int
    value: float
    low: float
    high: float
    baseline: float | None
    bar: float | None
    passed: bool | None
    note: str = ""


Task = Callable[[Path, Path], list[Figure]]
TASKS: dict[str, Task] = {}
"""Tasks by name: `run(data, train)` judges on the test rows of `data` what was learned from the train rows of `train`."""


def task(name: str) -> Callable[[Task], Task]:
    """Register a task under `name` (a name of the table of figures without its last part)."""

    def register(run: Task) -> Task:
        if name in TASKS and TASKS[name] is not run:
            raise RegistryError(f"There are two evaluation tasks named {name}; give one of them another name.")
        TASKS[name] = run
        return run

    return register


def load_tasks() -> dict[str, Task]:
    """Every task, after importing each file of this package."""
    package = importlib.import_module("heedful.loops.evaluate")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return TASKS


def measure(
    name: str,
    metric: str,
    n: int,
    statistic: Statistic,
    *,
    baseline: float | None = None,
    bar: float | None = None,
    at_most: bool = False,
    note: str = "",
) -> Figure:
    """A figure with its bootstrap interval, judged against its bar.

    Parameters
    ----------
    n: how many units (rows, users, reviews) the bootstrap draws from.
    statistic: the figure over the units at these positions, which may repeat.
    at_most: the bar is a ceiling (a share of false alarms), not a floor.

    >>> hits = np.array([1, 1, 1, 0])
    >>> found = measure("toy", "accuracy", 4, lambda rows: float(hits[rows].mean()), bar=0.7)
    >>> found.value, found.passed
    (0.75, True)
    """
    value = statistic(np.arange(n))
    low, high = interval(statistic, n)
    passed = None if bar is None else bool(value <= bar if at_most else value >= bar)
    return Figure(name, metric, n, value, low, high, baseline, bar, passed, note)


def interval(statistic: Statistic, n: int, *, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of `statistic` over `n` units; draws on which it is not a number are left out.

    >>> interval(lambda rows: float(rows.mean()), 1)
    (0.0, 0.0)
    """
    if n == 0:
        return math.nan, math.nan
    random = np.random.default_rng(seed)
    values = np.array([statistic(random.integers(0, n, n)) for _ in range(draws)])
    values = values[np.isfinite(values)]
    if not values.size:
        return math.nan, math.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
