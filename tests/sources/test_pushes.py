"""The reader of a whole export takes it in small pushes as well: one file at a time gives the same rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Options

KNOWN = datetime(2026, 3, 29, tzinfo=UTC)
FOLDERS = {
    "oura": "wearables.oura", "withings": "wearables.withings", "google_fit_takeout": "wearables.google_fit",
    "vendor_api_openmhealth_shimmer": "wearables.shimmer", "fit": "wearables.fit", "actigraphy": "wearables.actigraphy",
    "beiwe_aware_radar/beiwe": "phones.beiwe", "beiwe_aware_radar/aware": "phones.aware", "beiwe_aware_radar/radar": "phones.radar",
    "fitbit/fitabase": "wearables.fitabase",
}  # fmt: skip
WHAT = ("code", "start_at", "end_at", "value", "value_code", "instrument", "item", "asked_at", "value_text")


def rows(kind: str, path: Path, zone: str = "UTC") -> list[pl.DataFrame]:
    batches = SOURCES.get(kind).read(path, Options("test", "self", zone, {}), KNOWN)
    return [unseal(frame) for batch in batches for frame in batch.rows if frame.schema.table in ("observations", "answers")]


def told(frames: list[pl.DataFrame], table: str) -> pl.DataFrame:
    mine = [frame for frame in frames if ("code" if table == "observations" else "instrument") in frame.columns]
    return pl.concat([frame.select(name for name in WHAT if name in frame.columns) for frame in mine]).unique() if mine else pl.DataFrame()


@pytest.mark.real
@pytest.mark.parametrize("folder", FOLDERS)
def test_pushes_say_what_the_whole_export_says(shared_data: Path, folder: str) -> None:
    kind, path, pushed = FOLDERS[folder], shared_data / "interop" / folder, list[pl.DataFrame]()
    files = [file for file in sorted(path.rglob("*")) if file.is_file()]
    for file in files:
        try:
            pushed += rows(kind, file)
        except SourceError:
            continue  # notes beside the export, and files that the whole reading sets aside, too
    whole = rows(kind, path)
    for table in ("observations", "answers"):
        a, b = told(whole, table), told(pushed, table)
        assert a.height == b.height
        if a.height:
            assert a.join(b, on=a.columns, how="anti", nulls_equal=True).is_empty()
