"""Watching official series of one spacing: portion by portion their late values are nowcast, the sums added that the issuer does not give,
and the yearly detectors asked; at the end EARS asks, all series of a date together, whatever those left unanswered.

What the answers rest on beyond a series' own rows is small: how late each strand's dates are issued, sums over its parts on one date, and
what spread is typical on a date. So a portion is some strands, or some series of a large one, and memory does not grow with all issues.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from heedful.population.completed import GROWING, completed, with_nodes
from heedful.population.issued import IDENTITY, Issued, Strands
from heedful.population.roll_up import summable, with_sums
from heedful.population.thresholds import ThresholdSettings, with_levels
from heedful.population.vintages import nowcasts, open_dates
from heedful.population.watch import LOOKBACK, Asked, answers, panels
from heedful.population.watch_years import yearly_answers

_STRAND = ["source", "signal"]
_KEYS = [*_STRAND, "number"]


@dataclass(frozen=True)
class ByYears:
    """Some strands before EARS is asked. `asked`: answers of the yearly detectors. `near`: what EARS looks at, all of it by `number`.
    `names`: one row a number. `days`: dates asked for that have a row."""

    asked: list[Asked]
    near: list[pl.DataFrame]
    names: pl.DataFrame
    days: pl.Series


@dataclass(frozen=True)
class Watched:
    """`asked`: what detectors said, a part each; `growing`: what is known of how tested values grow, by `IDENTITY` and day."""

    asked: list[Asked]
    growing: pl.DataFrame


def by_years(data: Issued, keys: pl.DataFrame | None, thresholds: ThresholdSettings, step: int) -> ByYears:
    """Ask the yearly detectors about all series of `data`, `step` days from date to date. `keys`: days asked for; None: all."""
    days = data.rows["day"].unique()
    days = days if keys is None else days.filter(days.is_in(keys["day"].implode()))
    first = days.min() if keys is None else keys["day"].min()
    asked, names, near = list[Asked](), list[pl.DataFrame](), list[pl.DataFrame]()
    made = data.names.height  # series' numbers: sums come after what was issued
    for strands in data.strands():
        about = _about(strands.names, thresholds)
        names.append(about)
        growing = _growing(strands, about, step)
        small = None if strands.small is None else _values(strands.small, about, growing, step)
        for values in [small] if small is not None else (_values(part, about, growing, step) for part in strands.by_series()):
            near.append(_near(values, _ask(values, about, days, step, asked), first, step))
        parts = about.join(about.filter(summable()).select("strand"), on="strand", how="semi")
        if parts.height:
            dated = [small] if small is not None else (_values(part, about, growing, step) for part in strands.by_days())
            sums, summed = _sums(dated, parts, thresholds, made)
            made += summed.height
            names.append(summed)
            near.append(_near(sums, _ask(sums, summed, days, step, asked), first, step))
    return ByYears(asked, near, pl.concat(names).select("number", *IDENTITY) if names else data.names.select("number", *IDENTITY), days)


def with_ears(parts: list[ByYears], thresholds: ThresholdSettings, step: int) -> Watched:
    """EARS's answers to what the yearly detectors left, beside theirs, for `parts` of different strands. It asks all series of a date
    together, since they share what spread is typical."""
    asked, names, near, above = list[Asked](), list[pl.DataFrame](), list[pl.DataFrame](), 0
    for part in parts:
        number = pl.col("number") + above
        names.append(part.names.with_columns(number))
        near += [rows.with_columns(number) for rows in part.near]
        asked += [Asked(_named(one.rows, part.names), one.tests) for one in part.asked]
        above += part.names.height
    if not near:
        return Watched([], pl.DataFrame())
    known, days = pl.concat(names), pl.concat([part.days for part in parts]).unique()
    mine = pl.concat(near, how="diagonal_relaxed").join(known.select("number", *_STRAND), on="number", how="left", maintain_order="left")
    elsewhere = mine.filter("answered").select(*_KEYS, "day")
    ears = [answers(panel, thresholds.alpha) for panel in panels(mine, _KEYS, None, days, step, elsewhere)]
    growing = mine.filter(pl.col("day").is_in(days.implode())).select("number", "day", *GROWING)
    return Watched(asked + [Asked(_named(one.rows, known), one.tests) for one in ears], _named(growing, known))


def _about(names: pl.DataFrame, thresholds: ThresholdSettings) -> pl.DataFrame:
    """Names with the `floor` under a series' spread (0 for rates) and its `alpha`."""
    about = names.with_columns(floor=pl.col("unit").str.starts_with("{").cast(pl.Float64))
    return with_levels(about, thresholds).drop("q_limit", "minimum_count")


def _growing(strands: Strands, about: pl.DataFrame, step: int) -> pl.DataFrame:
    """What the strands' late values will come to, by number and day."""
    keys, columns = ["strand", "number"], _NO_ISSUES.columns
    # most strands of many are never revised, which neighboring rows tell
    revised = [issues.select(pl.col("strand").filter(_same_cell(1)).unique()).to_series() for issues in strands.by_series()]
    growing = about.filter(pl.col("strand").is_in(pl.concat(revised).implode())) if revised else about.clear()
    if growing.is_empty():
        return nowcasts(_NO_ISSUES, keys, ["strand"], step).drop("strand")

    def issues(of: pl.DataFrame) -> Iterator[pl.DataFrame]:
        return (part.select(columns).join(of.select("number"), on="number", how="semi") for part in strands.by_series())

    due, found = open_dates(issues(growing), keys, ["strand"], step), list[pl.DataFrame]()
    for rates in (False, True):
        mine = growing.filter((pl.col("floor") == 0) == rates)
        found += [nowcasts(part, keys, ["strand"], step, due=due, rates=rates) for part in (issues(mine) if mine.height else ())]
    return pl.concat(found).drop("strand")


_NO_ISSUES = pl.DataFrame(
    schema={"strand": pl.UInt32, "number": pl.UInt32, "day": pl.Date, "value": pl.Float64, "known_at": pl.Datetime("us", "UTC")}
)


def _values(issues: pl.DataFrame, about: pl.DataFrame, growing: pl.DataFrame, step: int) -> pl.DataFrame:
    """Of each cell and day the newest issue, or what it will come to."""
    newest = issues.filter(~_same_cell(-1)).drop("cell", "strand")
    newest = newest.join(about.select("number", "floor", "alpha"), on="number", how="left", maintain_order="left")
    return completed(newest, growing, ["number"], step)


def _same_cell(shift: int) -> pl.Expr:
    """Whether a row is of the same cell and day as the one so far before it."""
    return pl.all_horizontal(pl.col(name) == pl.col(name).shift(shift) for name in ("cell", "day")).fill_null(False)


def _sums(
    dated: Iterable[pl.DataFrame], parts: pl.DataFrame, thresholds: ThresholdSettings, made: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Values of the sums that the issuer does not give, each at the level of its own place; and their names, numbered from `made` on.

    dated: values, all of a date together. parts: the names of all series of the strands that have sums.
    """
    found = []
    for values in dated:
        mine = values.join(parts.select("number", *IDENTITY), on="number")
        found.append(with_nodes(with_sums(mine)[mine.height :]))
    sums = pl.concat(found, how="diagonal_relaxed")
    names = sums.select(IDENTITY).unique().sort(IDENTITY).with_row_index("number", made)
    names = _about(names.with_columns(strand=pl.lit(None, pl.UInt32), cell=pl.lit(None, pl.UInt32)), thresholds)
    values = sums.drop("number", "floor", "alpha").join(names.select("number", *IDENTITY, "floor", "alpha"), on=IDENTITY)
    return values.drop(IDENTITY), names


def _ask(values: pl.DataFrame, about: pl.DataFrame, days: pl.Series, step: int, asked: list[Asked]) -> pl.DataFrame:
    """Ask the yearly detectors, whose answers are added to `asked`; gives the number and day of what they could answer."""
    cells = [values.select("number", "day").clear()]
    for level in values.filter(pl.col("floor") > 0).partition_by("alpha") if step == 7 else []:
        yearly = yearly_answers(level, ["number"], days, level["alpha"][0])
        if yearly.answered.height:
            tests = _stranded(yearly.answered, about).group_by(*_STRAND, "day").agg(tests=pl.len().cast(pl.Int64))
            asked.append(Asked(_stranded(yearly.rows, about), tests.with_columns(series="tests")))
            cells.append(yearly.answered)
    return pl.concat(cells)


def _stranded(rows: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    return rows.join(about.select("number", *_STRAND), on="number", how="left", maintain_order="left") if rows.height else rows


def _near(values: pl.DataFrame, answered: pl.DataFrame, first: object, step: int) -> pl.DataFrame:
    """What EARS looks at, from its baseline before the first date to be tested, with what was `answered` already marked."""
    near = values.filter(pl.col("day") >= pl.lit(first, pl.Date) - pl.duration(days=LOOKBACK * step))
    marks = answered.with_columns(answered=pl.lit(True))
    near = near.join(marks, on=["number", "day"], how="left", maintain_order="left")
    near = near.with_columns(pl.col("answered").fill_null(False), withheld=pl.lit(False))
    columns = ("number", "day", "value", "withheld", "floor", "alpha", "node_low", "node_high", "answered")
    return near.select(*columns, *GROWING)


def _named(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """With what `IDENTITY` names instead of the number."""
    if rows.is_empty() and "number" not in rows.columns:
        return rows
    return rows.drop(_STRAND, strict=False).join(known, on="number", how="left", maintain_order="left").drop("number")
