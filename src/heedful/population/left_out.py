"""Who is left out of counts of people because of a flagged voice, counted as carefully as those who stay."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from heedful.core.schemas import LeftOut
from heedful.population.counts import count_people


def gone_days(voices: pl.DataFrame, exclude: Iterable[str]) -> pl.DataFrame:
    """Authors' days with a flag of `exclude`: day, author, gone_at (when the first of them was known), flags (ascending).

    voices: rows of `Voices`. `exclude` empty: nobody.
    """
    flagged = voices.filter(pl.col("flag").is_in(list(exclude)))
    return flagged.group_by("day", "author").agg(gone_at=pl.col("known_at").min(), flags=pl.col("flag").sort()).sort("day", "author")


def count_left_out(people: pl.DataFrame, gone: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows of `LeftOut` from rows of `PeopleMentions` (whole days) and `gone_days`; withheld by the same rules as `Counts`.

    `flags` are those known by then; of a withheld cell none is named.
    """
    left = people.join(gone, on=["day", "author"]).with_columns(known_at=pl.max_horizontal("known_at", "gone_at"))
    counted = count_people(left.select(people.columns), minimum)
    named = left.select(
        "day", pl.col("concept").alias("signal"), "place", "author", "flags", known_on=pl.col("known_at").dt.date()
    ).explode("flags", empty_as_null=False, keep_nulls=False)
    cells = counted.select("signal", "place", "day", "known_at", known_on=pl.col("known_at").dt.date())
    so_far = (
        cells.join(named, on=["signal", "place", "day"])
        .filter(pl.col("known_on") >= pl.col("known_on_right"))
        .group_by("signal", "place", "day", "known_at", "flags").agg(n=pl.len())
        .sort("n", "flags", descending=[True, False])
        .group_by("signal", "place", "day", "known_at", maintain_order=True).agg(pl.col("flags").str.join(", "))
    )  # fmt: skip
    rows = counted.join(so_far, on=["signal", "place", "day", "known_at"], how="left")
    flags = pl.when(pl.col("suppressed") == "").then(pl.col("flags").fill_null("")).otherwise(pl.lit(""))
    return LeftOut.check(rows.with_columns(flags=flags).select(*LeftOut.columns)).sort(LeftOut.key)


def once_a_campaign(rows: pl.DataFrame, voices: pl.DataFrame) -> pl.DataFrame:
    """Rows by author and day (experiences, for safety signals) in which a copy-paste campaign speaks once: of its members' days only
    the first author's of the campaign's first day remain."""
    copies = voices.filter(pl.col("flag") == "copy_paste").select("day", "author", "campaign")
    first = copies.sort("day", "author").unique("campaign", keep="first")
    gone = copies.join(first, on=["day", "author", "campaign"], how="anti")
    return rows.join(gone, on=["day", "author"], how="anti", maintain_order="left")
