"""Counts of people as known on each day, with cells withheld that are too small or could be worked out from their neighbors.

Pure arithmetic: people of the public space go in, rows of `Counts` come out. The label changes from `Public` to `Aggregate` only
when the disclosure door (heedful.trust) calls this.

A cell is (signal, place, day) as known at the end of a UTC day. Withholding, for each signal, day and known day by itself:
- a cell of fewer than `minimum` people (never a zero: zero cells are not rows);
- where places below a shown place are withheld, so many more of them (the smallest first) that the withheld ones cannot be worked
  out by subtraction, with or without knowing that somebody gave no closer place; if none is left to withhold, the place above;
- below a place withheld for that reason, one place more if the places below would add up to it.
Where that happened every withheld cell of the family of places, and all below it, says 'complementary', small ones too: to know
which of them is small would itself narrow the range. So does a small place with so many places below it that their mere presence,
one person each, would give its number away. Not guarded against: differences between two known days of one cell (they show
how many were added), and the number of people without a closer place, which is not a cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.places import parent_place
from heedful.core.schemas import Counts
from heedful.population.people_mentions import ANY

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_CELL = ["day", "signal", "place"]
_STATE = ["day", "signal", "known_on"]
_DEPTH = 3
"""Levels below the world: country, region, town."""


def count_people(people: pl.DataFrame, minimum: int, gone: pl.DataFrame | None = None) -> pl.DataFrame:
    """Rows of `Counts` from rows of `PeopleMentions` (whole days); sorted by key.

    Parameters
    ----------
    people: rows of `PeopleMentions`, concept 'any' included: it gives the denominators, and rows of its own under the signal 'any'.
    minimum: smallest number of people that may be shown; 1 or less shows everything.
    gone: authors' days that do not count (`heedful.population.left_out.gone_days`): day, author, gone_at. They count until `gone_at` was
        known, as they did then; a cell that they leave empty is withheld as a small one.

    Returns
    -------
    One row a known day at which what is shown of a cell changed; `known_at` is the last microsecond of that UTC day. `posts` counts
    an author's posts of the day from the day on which the first of them was known. `denominator` is null where it is withheld or
    nobody was seen to post.
    """
    states = withhold(_states(people, gone), minimum)
    shown = pl.col("suppressed") == ""
    states = states.with_columns(pl.when(shown).then("people").alias("people"), pl.when(shown).then("posts").alias("posts"))
    posted = states.filter(pl.col("signal") == ANY).select("day", "place", "known_on", pl.col("people").alias("denominator"))
    states = states.join(posted, on=["day", "place", "known_on"], how="left")
    what = ["people", "posts", "denominator", "suppressed"]
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1).over(_CELL, order_by="known_on")) for name in what)
    first = pl.col("known_on") == pl.col("known_on").min().over(_CELL)
    end_of_day = pl.col("known_on").cast(pl.Datetime("us", "UTC")).dt.offset_by("1d") - pl.duration(microseconds=1)
    rows = states.filter(changed | first).with_columns(pl.lit("all").alias("stratum"), end_of_day.alias("known_at"))
    return Counts.check(rows.select(*Counts.columns)).sort(Counts.key)


def _states(people: pl.DataFrame, gone: pl.DataFrame | None = None) -> pl.DataFrame:
    """People and posts of every cell at every known day of its signal and day, from the first on which the cell was not empty."""
    came = people.select("day", pl.col("concept").alias("signal"), "place", "author", "posts", "known_at", sign=pl.lit(1))
    moves = came
    if gone is not None and gone.height:
        left = came.join(gone, on=["day", "author"]).with_columns(known_at=pl.max_horizontal("known_at", "gone_at"), sign=pl.lit(-1))
        moves = pl.concat([came, left.select(came.columns)])
    added = (
        moves.group_by(*_CELL, known_on=pl.col("known_at").dt.date())
        .agg(people=pl.col("sign").sum().cast(pl.Int64), posts=(pl.col("sign") * pl.col("posts")).sum().cast(pl.Int64))
        .filter((pl.col("people") != 0) | (pl.col("posts") != 0))
    )
    # a change of the denominator is a change of every signal of the day
    dates = added.select("day", "known_on").unique()
    cells = added.group_by(_CELL).agg(pl.col("known_on").min().alias("since"))
    grid = cells.join(dates, on="day").filter(pl.col("known_on") >= pl.col("since")).drop("since")
    totals = [pl.col(name).fill_null(0).cum_sum().over(_CELL, order_by="known_on") for name in ("people", "posts")]
    return grid.join(added, on=[*_CELL, "known_on"], how="left").with_columns(totals).sort(*_STATE, "place")


def withhold(states: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """`states` (day, signal, known_on, place, people, …) with the column `suppressed`: '', 'minimum' or 'complementary'.

    Passes over all families of places at once until nothing more has to be withheld; a pass withholds at most one cell a family.
    """
    cells = _cells(states, minimum)
    while True:
        chosen = _open_to_subtraction(cells, minimum)
        if not len(chosen):
            return states.with_columns(suppressed=_reasons(cells, minimum))
        cells.extra[chosen] = True


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells as arrays, one row each, and what is withheld so far.

    place: its rank among the places. above: the row of the place one level up in the same state; -1 if there is none.
    family: the same number for all cells of a state below one place, whether or not that place has a row.
    small: fewer people than the minimum. extra: withheld for a neighbor's sake; filled in as the passes go.
    """

    people: Integers
    place: Integers
    above: Integers
    family: Integers
    small: Booleans
    extra: Booleans

    @property
    def visible(self) -> Booleans:
        return ~(self.small | self.extra)

    def below(self, values: Integers | Booleans) -> Integers:
        """The sum of `values` over the cells right below each cell."""
        inside = self.above >= 0
        return np.bincount(self.above[inside], values[inside], minlength=len(self.people)).astype(np.int64)


def _cells(states: pl.DataFrame, minimum: int) -> _Cells:
    rows = states.select(*_STATE, "place", parent=parent_place("place"), at=pl.int_range(pl.len()))
    places = rows.select(*_STATE, pl.col("place").alias("parent"), above="at")
    rows = rows.join(places, on=[*_STATE, "parent"], how="left", maintain_order="left").select(
        pl.col("above").fill_null(-1),
        place=pl.col("place").rank("dense").cast(pl.Int64),
        family=pl.col("at").first().over(*_STATE, "parent"),
    )
    people = states["people"].cast(pl.Int64).to_numpy()
    place, above, family = (rows[name].to_numpy() for name in ("place", "above", "family"))
    return _Cells(people, place, above, family, people < minimum, np.zeros(len(people), np.bool_))


def _at_least(cells: _Cells) -> Integers:
    """How many people each place must hold for all a reader sees; one where it is withheld and has none below it."""
    least = np.where(cells.visible, cells.people, 1)
    for _level in range(_DEPTH):
        least = np.where(cells.visible, cells.people, np.maximum(1, cells.below(least)))
    return least


def _open_to_subtraction(cells: _Cells, minimum: int) -> Integers:
    """The next cell to withhold, by row, in each family that a reader of the table could subtract something from.

    That is a family whose place is shown while its withheld places can be worked out, or nearly so; and one whose place was withheld for
    its neighbors' sake and is the sum of what is shown below. It is the smallest place still shown; if there is none, the place above.
    """
    visible, none = cells.visible, len(cells.people)
    small, extra = cells.below(cells.small), cells.below(cells.extra & ~cells.small)
    hidden, families = small + extra, cells.below(np.ones(none, np.bool_)) > 0
    # one person in two places makes the places below add up to more than the place: then nobody is known to be in the rest
    rest = np.maximum(cells.people - cells.below(cells.people), 0)
    left = cells.people - cells.below(np.where(visible, cells.people, 0))
    single = hidden + (rest > 0) < 2
    all_least = left <= cells.below(np.where(visible, 0, _at_least(cells)))
    all_full = (extra == 0) & (rest == 0) & (left >= small * (minimum - 1))
    subtracted = visible & (hidden > 0) & (single | (left < minimum) | all_least | all_full)
    added_up = cells.extra & ~cells.small & (hidden == 0) & (rest == 0)
    unsafe = np.flatnonzero(families & (subtracted | added_up))
    if not len(unsafe):
        return unsafe
    order = np.lexsort((cells.place, cells.people))
    order = order[visible[order] & (cells.above[order] >= 0)]
    smallest = np.full(none, -1)
    smallest[cells.above[order][::-1]] = order[::-1]
    return np.where(smallest[unsafe] >= 0, smallest[unsafe], unsafe)


def _reasons(cells: _Cells, minimum: int) -> pl.Series:
    """The reason of each cell: 'complementary' in families where something was withheld for a neighbor's sake, and all below them;
    also where 'minimum' would give the number away."""
    told = np.zeros(len(cells.people) + 1, np.bool_)
    told[cells.family[cells.extra & ~cells.small]] = True
    mixed, hidden = told[cells.family], cells.small | cells.extra
    for _level in range(_DEPTH):
        mixed |= (cells.above >= 0) & (hidden & mixed)[cells.above]
    told = mixed | (_at_least(cells) >= minimum - 1)
    return pl.select(
        pl.when(~pl.lit(pl.Series(hidden))).then(pl.lit("")).when(pl.lit(pl.Series(told))).then(pl.lit("complementary"))
        .otherwise(pl.lit("minimum")).alias("suppressed")
    ).to_series()  # fmt: skip
