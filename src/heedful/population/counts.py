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

import polars as pl

from heedful.core.places import parent_place
from heedful.core.schemas import Counts
from heedful.population.people_mentions import ANY

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
    small = pl.col("people") < minimum
    rows = states.with_columns(parent_place("place").alias("parent"), small.alias("small"), pl.lit(False).alias("extra"))
    while True:
        families = _families(rows)
        chosen = pl.concat([_open_to_subtraction(families, minimum), _adding_up(families)]).unique()
        if chosen.is_empty():
            return _named(_at_least(rows), minimum)
        rows = rows.join(chosen.with_columns(pl.lit(True).alias("now")), on=[*_STATE, "place"], how="left", maintain_order="left")
        rows = rows.with_columns((pl.col("extra") | pl.col("now").fill_null(False)).alias("extra")).drop("now")


def _families(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a place (`parent`) that has places below it: what a reader of the table could subtract from what.

    `total` people of the place; `shown` people and `n_small`, `n_extra` withheld places below it, with `least` people in them; `rest`
    people without a closer place; `victim` the smallest place below it that is still shown, null if there is none.
    """
    rows = _at_least(rows)
    visible = ~(pl.col("small") | pl.col("extra"))
    by_size = [pl.col("people").filter(visible), pl.col("place").filter(visible)]
    below = (
        rows.filter(pl.col("parent").is_not_null())
        .group_by(*_STATE, "parent")
        .agg(
            pl.col("people").sum().alias("below"),
            pl.col("people").filter(visible).sum().alias("shown"),
            pl.col("least").filter(~visible).sum().alias("least"),
            pl.col("small").sum().cast(pl.Int64).alias("n_small"),
            (pl.col("extra") & ~pl.col("small")).sum().cast(pl.Int64).alias("n_extra"),
            pl.col("place").filter(visible).sort_by(by_size).first().alias("victim"),
        )
    )
    above = rows.select(*_STATE, pl.col("place").alias("parent"), pl.col("people").alias("total"), "small", "extra")
    # one person in two places makes the places below add up to more than the place: then nobody is known to be in the rest
    rest = (pl.col("total") - pl.col("below")).clip(lower_bound=0)
    return below.join(above, on=[*_STATE, "parent"]).with_columns(rest.alias("rest"))


def _at_least(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `least`: how many people a place must hold for all a reader sees; one where it is withheld and has none below it."""
    visible = ~(pl.col("small") | pl.col("extra"))
    rows = rows.with_columns(pl.when(visible).then("people").otherwise(1).alias("least"))
    for _level in range(_DEPTH):
        below = rows.group_by(*_STATE, pl.col("parent").alias("place")).agg(pl.col("least").sum().alias("parts"))
        rows = rows.join(below, on=[*_STATE, "place"], how="left", maintain_order="left")
        least = pl.when(visible).then("people").otherwise(pl.max_horizontal(1, "parts"))
        rows = rows.with_columns(least.alias("least")).drop("parts")
    return rows


def _open_to_subtraction(families: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """The next cell to withhold in each family whose place is shown while its withheld places can be worked out, or nearly so."""
    hidden, left = pl.col("n_small") + pl.col("n_extra"), pl.col("total") - pl.col("shown")
    single = hidden + (pl.col("rest") > 0).cast(pl.Int64) < 2
    all_least = left <= pl.col("least")
    all_full = (pl.col("n_extra") == 0) & (pl.col("rest") == 0) & (left >= pl.col("n_small") * (minimum - 1))
    told = single | (left < minimum) | all_least | all_full
    unsafe = families.filter(~(pl.col("small") | pl.col("extra")) & (hidden > 0) & told)
    return unsafe.select(*_STATE, pl.coalesce("victim", "parent").alias("place"))


def _adding_up(families: pl.DataFrame) -> pl.DataFrame:
    """The next cell to withhold below each place that was withheld for its neighbors' sake and is the sum of what is shown below."""
    hidden = pl.col("n_small") + pl.col("n_extra")
    unsafe = families.filter(pl.col("extra") & ~pl.col("small") & (hidden == 0) & (pl.col("rest") == 0))
    return unsafe.select(*_STATE, pl.col("victim").alias("place"))


def _named(rows: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """The reason of each cell: 'complementary' in families where something was withheld for a neighbor's sake, and all below them;
    also where 'minimum' would give the number away."""
    mixed = (pl.col("extra") & ~pl.col("small")).any().over(*_STATE, "parent")
    rows = rows.with_columns((pl.col("small") | pl.col("extra")).alias("hidden"), mixed.alias("mixed"))
    for _level in range(_DEPTH):
        above = rows.filter("hidden", "mixed").select(*_STATE, pl.col("place").alias("parent"), pl.lit(True).alias("below_mixed"))
        rows = rows.join(above, on=[*_STATE, "parent"], how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("mixed") | pl.col("below_mixed").fill_null(False)).drop("below_mixed")
    told = pl.col("mixed") | (pl.col("least") >= minimum - 1)
    reason = pl.when(~pl.col("hidden")).then(pl.lit("")).when(told).then(pl.lit("complementary")).otherwise(pl.lit("minimum"))
    return rows.with_columns(reason.alias("suppressed")).drop("parent", "small", "extra", "hidden", "mixed", "least")
