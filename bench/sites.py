"""A site in a temporary folder whose people have agreed to care, filled through the ordinary intake."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from bench.minutes import month, raw_id
from heedful.core.clock import FixedClock
from heedful.core.schemas import Observations, People, Schema
from heedful.core.seals import raw
from heedful.engine.intake import Accounts
from heedful.loops.run import _compact as compact
from heedful.loops.settings import Settings
from heedful.loops.site import Site
from heedful.sources.base import BATCH_ROWS, Batch

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def open_site(folder: Path, now: datetime = NOW) -> Site:
    return Site(Settings(), folder, FixedClock(now))


def agree(site: Site, people: range) -> None:
    """Everybody agrees to care, from the beginning."""
    names = [raw_id(person) for person in people]
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    acts = pl.DataFrame({"person": names, "purpose": "care", "kinds": "*", "from_at": begun, "recorded_at": begun}).with_columns(
        pl.col("from_at", "recorded_at").cast(pl.Datetime("us", "UTC"))
    )
    site.record_consents(acts, "bench")
    zones = ("Europe/Berlin", "America/New_York", "UTC")
    known = site.clock.now()
    rows = pl.DataFrame({"person": names, "zone": [zones[person % 3] for person in people], "birth_year": 1980, "known_at": known})
    take(site, "people", People, rows.with_columns(pl.col("known_at").cast(pl.Datetime("us", "UTC"))), Accounts())


def take(site: Site, name: str, schema: type[Schema], rows: pl.DataFrame, accounts: Accounts) -> None:
    """One batch through its door into the lake."""
    cursor: dict[str, Any] = {"at": accounts.records + rows.height}
    site.intake.take(name, Batch((raw(schema.check(rows), schema),), cursor, 0, 0, rows.height), accounts)


def fill(site: Site, people: range, parts: Iterable[pl.DataFrame], derive: bool = True) -> None:
    """Take minute data in batches of the size that sources cut, derive, and compact as a run does at its end."""
    agree(site, people)
    accounts = Accounts()
    if not derive:
        site.intake.derive_every = 10**12
    for part in parts:
        for start in range(0, part.height, BATCH_ROWS):
            take(site, "history", Observations, part[start : start + BATCH_ROWS], accounts)
    if derive:
        site.intake.derive()
        compact(site)


def month_site(folder: Path, people: int) -> Path:
    """A site with a month of minute data of so many people, made once for each size and kept beside `folder`; a copy that may be changed.

    Data files are never rewritten in place, so hard links suffice for the lake.
    """
    kept = folder / f"month-of-{people}"
    if not (kept / "ready").exists():
        shutil.rmtree(kept, ignore_errors=True)
        site = open_site(kept)
        with site.writing():
            fill(site, range(people), (month(range(first, min(first + 10, people))) for first in range(0, people, 10)))
        site.close()
        (kept / "ready").touch()
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(kept / "lake", copy / "lake", copy_function=_link)
    for file in kept.iterdir():
        if file.is_file():
            shutil.copy2(file, copy / file.name)
    return copy


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
