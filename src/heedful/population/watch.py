"""Watching many series at once: long rows become matrices of dates, the three EARS detectors ask them, answers become rows again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.population.cases import Floats
from heedful.population.ears import Ears, EarsResult, Form, ears
from heedful.population.prediction import count_tail, dispersion, value_tail

DETECTORS: dict[str, Form] = {"ears.c1": "C1", "ears.c2": "C2", "ears.c3": "C3"}
LOOKBACK = 12
"""Dates before the tested one that are read: 7 of baseline, 2 of lag, 2 earlier excesses, and one to spare."""
LEAST_EXPECTED = 0.5
"""A zero is kept as a row where so many cases were expected."""
BLOCK = 32
"""Dates tested in one matrix: bounds memory at about 100 MB for 100,000 series."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Panel:
    """Series of one spacing over consecutive dates. `counts` [series, dates] is NaN where missing; `withheld` marks stand-ins.

    `keys` one row a series, with the `floor` of its spread. The first `LOOKBACK` columns are only looked back at; `targets` marks the
    columns to test, `elsewhere` the cells that another detector answers.
    """

    keys: pl.DataFrame
    days: list[date]
    counts: Floats
    withheld: Flags
    targets: Flags
    elsewhere: Flags
    unsure: Floats | None = None
    """[2, series, dates]: what to add to a nowcast for its lower and upper node (`NODES`), 0 elsewhere; None: nothing is a nowcast."""


@dataclass(frozen=True)
class Asked:
    """`rows`: what is worth keeping, p of each test. `tests`: how many `tests` were made on each day in each strand (signal, and issuer),
    over how many `series`, quiet ones too: the family in which q is worked out."""

    rows: pl.DataFrame
    tests: pl.DataFrame


NODES = {-(3**0.5): 1 / 6, 0.0: 2 / 3, 3**0.5: 1 / 6}
"""Gauss and Hermite's three nodes of a normal, in standard deviations, with their weights: p is averaged over a nowcast's distribution."""


def strand_columns(keys: list[str]) -> list[str]:
    """Which of a series' key columns name its strand: all tests of one signal by one issuer belong together."""
    return [name for name in ("source", "signal") if name in keys]


def panels(
    values: pl.DataFrame, keys: list[str], zeros: pl.DataFrame | None, targets: pl.Series, step: int, elsewhere: pl.DataFrame | None = None
) -> Iterator[Panel]:
    """Matrices of `values` in blocks of dates.

    Parameters
    ----------
    values: `keys`, day, value (null: missing), withheld, floor; one row a series and day; with `node_low`, `node_high` where a value is a
    nowcast, if any is.
    zeros: place, stratum, day on which an absent row means zero; None: absent is always missing.
    targets: days to test. step: days between dates; series that start on other days go to other panels.
    elsewhere: `keys`, day of cells that another detector answers; they are looked back at, never tested.
    """
    for phase in range(step):
        mine = values.filter(_epoch("day") % step == phase)
        due = np.unique(targets.filter(targets.to_physical() % step == phase).to_physical().to_numpy())
        while len(due) and len(mine):
            first = int(due[0])
            within = due < first + BLOCK * step
            start = first - LOOKBACK * step
            dates = np.arange(start, int(due[within][-1]) + step, step)
            rows = mine.filter(_epoch("day").is_between(start, int(dates[-1])))
            wanted = np.isin(dates, due[within])
            due = due[~within]
            if rows.filter(pl.col("value") > 0).height:
                yield _panel(rows, keys, zeros, dates, wanted, step, elsewhere)


def _epoch(name: str) -> pl.Expr:
    return pl.col(name).to_physical()


def _panel(
    rows: pl.DataFrame, keys: list[str], zeros: pl.DataFrame | None, dates: npt.NDArray[np.int64], wanted: Flags, step: int,
    elsewhere: pl.DataFrame | None,
) -> Panel:  # fmt: skip
    alive = rows.filter(pl.col("value") > 0).select(*keys, "floor", *_alpha(rows)).unique(keys).sort(keys).with_row_index("series")
    shape = (alive.height, len(dates))
    counts, withheld = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    if zeros is not None:
        counts[_observed(alive, zeros, dates, step)] = 0.0
    placed = rows.join(alive.select("series", *keys), on=keys).select(
        "series", ((_epoch("day") - int(dates[0])) // step).alias("column"), pl.col("value").fill_null(np.nan), "withheld"
    )
    at = (placed["series"].to_numpy(), placed["column"].to_numpy())
    counts[at], withheld[at] = placed["value"].to_numpy(), placed["withheld"].to_numpy()
    days = pl.Series(dates.astype(np.int32)).cast(pl.Date).to_list()
    marked = _marked(elsewhere, alive, keys, dates, step)
    return Panel(alive.drop("series"), days, counts, withheld, wanted, marked, _unsure(rows, alive, keys, dates, step))


def _alpha(rows: pl.DataFrame) -> list[str]:
    return ["alpha"] if "alpha" in rows.columns else []


def _unsure(rows: pl.DataFrame, alive: pl.DataFrame, keys: list[str], dates: npt.NDArray[np.int64], step: int) -> Floats | None:
    if "node_low" not in rows.columns:
        return None
    cells = rows.filter(pl.col("node_low").is_not_null()).join(alive.select("series", *keys), on=keys)
    if cells.is_empty():
        return None
    out = np.zeros((2, alive.height, len(dates)))
    column = ((cells["day"].to_physical() - int(dates[0])) // step).to_numpy()
    for row, node in enumerate(("node_low", "node_high")):
        out[row, cells["series"].to_numpy(), column] = (cells[node] - cells["value"]).to_numpy()
    return out


def _marked(cells: pl.DataFrame | None, alive: pl.DataFrame, keys: list[str], dates: npt.NDArray[np.int64], step: int) -> Flags:
    """[series, dates]: the cells named by `keys` and day."""
    marked = np.zeros((alive.height, len(dates)), dtype=bool)
    if cells is not None:
        inside = cells.filter(_epoch("day").is_between(int(dates[0]), int(dates[-1]))).join(alive.select("series", *keys), on=keys)
        marked[inside["series"].to_numpy(), ((inside["day"].to_physical() - int(dates[0])) // step).to_numpy()] = True
    return marked


def _observed(alive: pl.DataFrame, zeros: pl.DataFrame, dates: npt.NDArray[np.int64], step: int) -> Flags:
    """[series, dates]: whether somebody was seen in the series' place on the date."""
    where = ["place", "stratum"]
    places = alive.select(where).unique(maintain_order=True).with_row_index("row")
    seen = np.zeros((places.height, len(dates)), dtype=bool)
    inside = zeros.filter(_epoch("day").is_between(int(dates[0]), int(dates[-1]))).join(places, on=where)
    seen[inside["row"].to_numpy(), ((inside["day"].to_physical() - int(dates[0])) // step).to_numpy()] = True
    return seen[alive.join(places, on=where, how="left", maintain_order="left")["row"].to_numpy()]


def answers(panel: Panel, alpha: float) -> Asked:
    """What the detectors say of the panel's target dates.

    Columns of the rows: keys, day, detector, observed, expected, bound, p, above (observed above bound), state ('tested', 'baseline',
    'flat', 'withheld' or 'missing'), lost and needed (missing and all dates of the baseline). `alpha`: of series without one of their own.
    """
    alive = _rolling(panel.counts > 0, LOOKBACK + 1) > 0
    targets = panel.targets[None, :] & alive & ~panel.elsewhere
    known = ~np.isnan(panel.counts) & ~panel.withheld
    parts = []
    for state, cells in (("withheld", panel.withheld), ("missing", np.isnan(panel.counts))):
        parts.append(_rows(panel, targets & cells, "ears", state))
    made = np.zeros(panel.counts.shape, dtype=np.int64)
    for detector, form in DETECTORS.items():
        rows, tested = _detector(panel, detector, form, alpha, targets & known)
        parts.extend(rows)
        made += tested
    return Asked(pl.concat(parts, how="diagonal_relaxed"), _tests(panel, made))


def _tests(panel: Panel, made: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Tests and series by strand and day; `made` [series, dates] tests of each cell."""
    names = strand_columns(panel.keys.columns)
    strand = panel.keys.select(names).with_row_index("row") if names else panel.keys.select(pl.lit(0).alias("row"))
    groups = panel.keys.select(names).unique(maintain_order=True).with_row_index("strand") if names else pl.DataFrame({"strand": [0]})
    of = strand.join(groups, on=names, how="left", maintain_order="left")["strand"].to_numpy() if names else np.zeros(len(made), np.int64)
    total, series = (np.zeros((groups.height, made.shape[1]), dtype=np.int64) for _ in range(2))
    np.add.at(total, of, made)
    np.add.at(series, of, (made > 0).astype(np.int64))
    row, column = np.nonzero(total)
    days = pl.Series("day", panel.days, dtype=pl.Date)[column.tolist()] if len(row) else pl.Series("day", [], dtype=pl.Date)
    numbers = [pl.Series("tests", total[row, column]), pl.Series("series", series[row, column])]
    return groups[row.astype(np.int64)].select(names).with_columns(days, *numbers) if names else pl.DataFrame([days, *numbers])


def _detector(panel: Panel, detector: str, form: Form, alpha: float, askable: Flags) -> tuple[list[pl.DataFrame], Flags]:
    result, needed = _asked(panel, form, alpha)
    lost = _lost(panel.counts, form)
    flat = (lost == 0) & ~_spread_enough(result, form)
    tested = askable & (lost == 0) & ~flat
    p = np.where(tested, _averaged(panel, result, form, lost == 0), np.nan)
    something = panel.counts > 0
    quiet = (panel.counts == 0) & (result.expected >= LEAST_EXPECTED)
    numbers = {"expected": result.expected, "bound": result.bound, "p": p, "above": result.alarm}
    return [
        _rows(panel, tested & (something | quiet), detector, "tested", numbers),
        _rows(panel, askable & something & (lost > 0), detector, "baseline", {"lost": lost}, needed),
        _rows(panel, askable & something & flat, detector, "flat"),
    ], tested


def _asked(panel: Panel, form: Form, alpha: float) -> tuple[EarsResult, int]:
    """EARS over all series, each with the floor (and level) of its own; and how many dates it needs before the tested one."""
    floors = panel.keys["floor"].to_numpy()
    levels = panel.keys["alpha"].to_numpy() if "alpha" in panel.keys.columns else np.full(len(floors), alpha)
    shape = panel.counts.shape
    empty = np.full((4, *shape), np.nan)
    out = EarsResult(empty[0], empty[1], empty[2], empty[3], np.zeros(shape, dtype=bool))
    for floor, level in sorted(set(zip(floors.tolist(), levels.tolist(), strict=True))):
        mine = (floors == floor) & (levels == level)
        part = ears(panel.counts[mine], Ears(form, min_sigma=float(floor), alpha=float(level)))
        for name in ("expected", "spread", "statistic", "bound", "alarm"):
            getattr(out, name)[mine] = getattr(part, name)
    return out, Ears(form).memory if form == "C3" else Ears(form).baseline


def _averaged(panel: Panel, result: EarsResult, form: Form, complete: Flags) -> Floats:
    """p of each cell; where the tested value is a nowcast, averaged over what it may come to."""
    p = _tail(panel, result, form, complete, panel.counts)
    if panel.unsure is None:
        return p
    weights = list(NODES.values())
    ends = [
        weight * _tail(panel, result, form, complete, panel.counts, node) for weight, node in zip(weights[::2], panel.unsure, strict=True)
    ]
    return np.where((panel.unsure != 0).any(axis=0), weights[1] * p + ends[0] + ends[1], p)


def _tail(panel: Panel, result: EarsResult, form: Form, complete: Flags, counts: Floats, added: Floats | float = 0.0) -> Floats:
    """Probability of a value at least as large as `counts` (and `added` on the date itself); for C3 of the sum over its three dates."""
    dates, baseline = (3 if form == "C3" else 1), Ears(form).baseline
    observed, expected = np.maximum(_last(counts, dates) + added, 0.0), _last(result.expected, dates)
    counted = panel.keys["floor"].to_numpy() > 0
    tail = value_tail(observed, expected, result.spread, dates, baseline)
    typical = dispersion(result.expected[counted], result.spread[counted], complete[counted])
    tail[counted] = count_tail(observed[counted], expected[counted], typical, dates, baseline)
    return tail


def _last(values: Floats, dates: int) -> Floats:
    """Sum over the last `dates` of each row; NaN before there are so many, and where one is missing."""
    total = values.copy()
    for back in range(1, dates):
        total[:, back:] += values[:, :-back]
        total[:, :back] = np.nan
    return total


def _lost(counts: Floats, form: Form) -> npt.NDArray[np.int64]:
    """Missing dates among those that the form needs before each date; dates before the panel count as missing."""
    settings, absent = Ears(form), np.isnan(counts)
    width = settings.memory if form == "C3" else settings.baseline
    window = _rolling(np.pad(absent, ((0, 0), (settings.memory, 0)), constant_values=True), width)
    gap = 1 if form == "C3" else settings.gap + 1
    return window[:, settings.memory - gap : window.shape[1] - gap]


def _spread_enough(result: EarsResult, form: Form) -> Flags:
    enough = result.spread > 0
    if form == "C3":
        enough = _rolling(enough, 3) == 3
    return enough


def _rolling(cells: Flags, width: int) -> npt.NDArray[np.int64]:
    """Number of true cells among the last `width` of each row, the cell itself included."""
    total = np.cumsum(cells, axis=1, dtype=np.int64)
    total[:, width:] -= total[:, :-width].copy()
    return total


def _rows(
    panel: Panel, cells: Flags, detector: str, state: str, numbers: dict[str, npt.NDArray[np.generic]] | None = None, needed: int = 0
) -> pl.DataFrame:
    """The marked cells as rows."""
    row, column = np.nonzero(cells)
    observed = panel.counts[row, column] if state not in ("withheld", "missing") else np.full(len(row), np.nan)
    days = pl.Series("day", panel.days, dtype=pl.Date)[column.tolist()] if len(row) else pl.Series("day", [], dtype=pl.Date)
    given = {name: value[row, column] for name, value in (numbers or {}).items()}
    return panel.keys[row.astype(np.int64)].with_columns(
        days,
        pl.lit(detector).alias("detector"),
        pl.lit(state).alias("state"),
        pl.lit(needed, dtype=pl.Int64).alias("needed"),
        pl.Series("observed", observed).fill_nan(None),
        *(pl.Series(name, value) for name, value in given.items()),
    )
