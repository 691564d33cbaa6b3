"""One series out of a site's archive: as known on a past day, rolled up where the issuer counts parts only, its gaps in sentences."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

import polars as pl

from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.labels import Aggregate
from heedful.core.places import WORLD
from heedful.core.schemas import Counts, Series
from heedful.loops.site import Site
from heedful.population.archive import SERIES, as_known, gaps, roll_up_places, roll_up_strata


def series_history(site: Site, signal: str, place: str, known_on: date | None, roll_up: bool, days: int) -> tuple[pl.DataFrame, list[str]]:
    """Newest rows, and sentences on what is missing. Raises `NotFoundError` if nothing of the signal was known of the place then."""
    instant = end_of_day(known_on)
    issued = as_known(site.lake.read(Series).filter(pl.col("signal") == signal), [*SERIES, "day"], instant)
    if roll_up:
        issued = roll_up_places(roll_up_strata(issued).drop("parts", "missing"))
    issued = issued.filter(pl.col("place") == place)
    if issued.height:
        shown = issued.drop(*(name for name in ("signal", "place", "extra") if name in issued.columns)).sort("day").tail(days)
        said = [f"{source}, {stratum}: {line}" for (source, stratum), one in issued.group_by("source", "stratum", maintain_order=True)
                for line in gaps(one)]  # fmt: skip
        return shown, [*said, *_unknown(place)]
    counts = site.engine.table(Counts, Aggregate).data.filter(pl.col("signal") == signal, pl.col("place") == place)
    rows = as_known(counts, ["stratum", "day"], instant)
    if rows.is_empty():
        raise NotFoundError(f"Nothing of {signal} in {place} was known{'' if known_on is None else f' on {known_on}'}. See: heedful tables")
    withheld = rows.filter(pl.col("suppressed") != "").height
    said = [f"{withheld} of {rows.height} days are withheld: too few people wrote."] if withheld else []
    return rows.drop("signal", "place").tail(days), [
        *said,
        "A day without a row is a zero where anybody was seen to post that day, else missing.",
    ]


def end_of_day(day: date | None) -> datetime | None:
    """The last instant of a UTC day; None for now."""
    return None if day is None else datetime.combine(day, time.max, UTC)


def _unknown(place: str) -> list[str]:
    """What it means that a place is the issuer's own."""
    if place == WORLD or re.fullmatch(r"[A-Z]{2}(/.+)?", place):
        return []
    cure = f'places = {{"{place}" = "XX/YY"}}'
    return [f"{place} is no place code: it is tested alone and stands in no sum. Map it in the input's settings: {cure}"]


def one_series(rows: pl.DataFrame, signal: str, stratum: str, source: str) -> pl.DataFrame:
    """Of a signal's rows those of a stratum and one source, which need not be named where there is one.

    Errors: `SettingsError` that names what there is.
    """
    found = rows.filter(pl.col("stratum") == stratum)
    if found.is_empty():
        there = ", ".join(rows["stratum"].unique().sort().to_list()[:20])
        raise SettingsError(f"{signal} has no stratum {stratum!r}; it has {there}. Name one with --stratum.")
    sources = found["source"].unique().sort().to_list()
    if source and source not in sources:
        raise SettingsError(f"{signal} does not come from {source!r}; it comes from {', '.join(sources)}.")
    if not source and len(sources) > 1:
        raise SettingsError(f"{signal} comes from {', '.join(sources)}: different figures. Name one with --source.")
    return found.filter(pl.col("source") == (source or sources[0]))
