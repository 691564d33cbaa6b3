"""A small simulated site with watches, symptoms told and dispensings, and all that its lake holds."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from heedful.core.clock import FixedClock
from heedful.core.schemas import TABLES
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings, SiteSettings
from heedful.loops.site import Site

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OBSERVATIONS = {name: name for name in ("person", "code", "start_at", "end_at", "value", "unit", "device")}


def site_of(town: Path, folder: Path, people: list[str], secret: Path | None = None) -> Site:
    if secret is not None:
        folder.mkdir()
        shutil.copy2(secret, folder / "secret.key")
    inputs = [
        *(InputSettings(f"town/wearables/{person}", zone="America/New_York") for person in ("p000", "p001", "p002")),
        InputSettings("town/observations.csv", kind="records.mapped", settings={"table": "observations", "columns": OBSERVATIONS}),
        InputSettings("town/dispensing.csv"),
    ]
    site = Site(Settings(SiteSettings(), input=inputs), folder, FixedClock(NOW))
    site.record_consents(pl.DataFrame({"person": people, "purpose": ["care"] * len(people)}), "test")
    run_site(site, site.inputs(inputs, town))
    return site


def lake_of(site: Site) -> dict[str, pl.DataFrame]:
    base = {
        name: site.lake.read(schema).sort(list(schema.columns))
        for name, schema in TABLES.items()
        if schema.kind == "base" and name != "quarantine"
    }
    return base | {name: rows.sort(rows.columns) for name, rows in site.engine.stored().items()}
