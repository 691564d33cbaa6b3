"""Who is not in the counts of people because of a flagged voice: never silently."""

from __future__ import annotations

import polars as pl

from heedful.population.people_mentions import ANY
from heedful.report.html import Html, fold, table
from heedful.report.wording import counted, day

FLAG_NAMES = {
    "copy_paste": "the same long text under several names", "co_sharing": "accounts that act together beyond chance", "news": "news",
    "advert": "adverts", "automation": "automation",
}  # fmt: skip


def left_out_note(left_out: pl.DataFrame) -> Html | None:
    """How many people's days are left out, and why, with the days as a table; nothing if nobody is."""
    newest = left_out.sort("known_at").unique(["signal", "place", "stratum", "day"], keep="last", maintain_order=True)
    days = newest.filter((pl.col("signal") == ANY) & (pl.col("place") == "world")).sort("day", descending=True)
    if days.is_empty():
        return None
    total, withheld = int(days["people"].sum()), days["people"].null_count()
    names = sorted({flag for flags in days["flags"].to_list() for flag in flags.split(", ") if flag})
    why = "; ".join(str(FLAG_NAMES.get(name, name)) for name in names)
    few = f" and, on {counted(withheld, 'day')}, too few to show" if withheld else ""
    said = f"Not counted as people: {counted(total, 'poster-day')}{few}{f' ({why})' if why else ''}. The setting [voices] exclude decides."
    shown = days.select(
        pl.col("day").map_elements(lambda at: day(at, year=True), return_dtype=pl.String).alias("Day"),
        pl.coalesce(pl.col("people").cast(pl.String), pl.lit("withheld")).alias("People left out"),
        pl.col("flags").alias("Flags"),
    )
    return fold(said, table(shown, "People left out of the counts, newest day first", numeric=["People left out"], limit=60))
