"""One run of a small site, as a process that can be killed: `python -m tests.laws.crash_site FOLDER`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from heedful.core.clock import FixedClock
from heedful.core.schemas import TABLES
from heedful.loops.linked_accounts import link_accounts, read_links
from heedful.loops.run import record_consent_files, run_site
from heedful.loops.settings import load_settings
from heedful.loops.site import Site
from heedful.sources import base

SETTINGS = """
[site]
folder = "site"
consents = ["town/consents.csv"]
[decisions]
enabled = true
local_time = "12:00"
[[input]]
path = "town/people.csv"
kind = "records.mapped"
settings = { table = "people", columns = { person = "person", zone = "zone", birth_year = "birth_year", sex = "sex", place = "place", language = "language" } }
[[input]]
path = "town/posts.jsonl"
name = "town"
[[input]]
path = "town/wearables/WATCH"
[[input]]
path = "town/observations.csv"
kind = "records.mapped"
settings = { table = "observations", columns = { person = "person", code = "code", start_at = "start_at", end_at = "end_at", value = "value", unit = "unit", device = "device" } }
[[input]]
path = "town/dispensing.csv"
[[input]]
path = "town/diary.csv"
kind = "records.mapped"
settings = { table = "diary", columns = { person = "person", entry = "entry", written_at = "written_at", text = "text", language = "language" } }
[[input]]
path = "town/official_series.csv"
"""
NOW = datetime(2026, 5, 1, 16, 30, tzinfo=UTC)  # half past noon in New York


def open_site(folder: Path) -> Site:
    return Site(load_settings(folder / "heedful.toml"), folder / "site", FixedClock(NOW))


def run(folder: Path) -> None:
    # Small batches, so that there are many moments to be killed at.
    base.BATCH_ROWS = 400
    site = open_site(folder)
    site.intake.derive_every = 2_000
    record_consent_files(site, folder)
    run_site(site, site.inputs(site.settings.input, folder))
    link_accounts(site, read_links(folder / "town" / "linked_accounts.csv"))
    site.close()


def tables(folder: Path) -> dict[str, pl.DataFrame]:
    """Every table of the site, sorted: what two runs are compared by."""
    site = open_site(folder)
    found: dict[str, pl.DataFrame] = {}
    for name, schema in TABLES.items():
        if schema.kind == "base" and name != "quarantine":
            found[name] = site.lake.scan(name, schema).select(list(schema.columns)).collect().sort(list(schema.columns))
    found |= {name: rows.sort(rows.columns) for name, rows in site.engine.stored().items()}
    for name in ("consents", "decisions", "deliveries", "outcomes"):
        found[name] = site.ledger.rows(name)
    site.close()
    return found


if __name__ == "__main__":
    run(Path(sys.argv[1]))
