"""What `heedful clocks` lists, on a site: under consent, over weeks, and nothing is moved."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.schemas import Observations
from heedful.loops.clock_drift import clock_gains
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIRST = int(datetime(2026, 2, 8, tzinfo=UTC).timestamp())


def lines(person: str, gain: float) -> list[str]:
    """Three weeks of a phone, and of a watch whose clock gains."""
    rng, out = np.random.default_rng(5), []
    walks = [d * 86_400 + rng.uniform(7, 22) * 3_600 + np.cumsum(rng.normal(0.55, 0.08, 400)) for d in range(21) for _ in range(9)]
    body = np.concatenate(walks)
    for device, at in (("phone", body), ("watch", body * (1 + gain / 86_400))):
        for minute, count in zip(*np.unique(at // 60, return_counts=True), strict=True):
            start = datetime.fromtimestamp(FIRST + 60 * minute, UTC)
            end = datetime.fromtimestamp(FIRST + 60 * (minute + 1), UTC)
            out.append(f"{person},steps,{start:%Y-%m-%dT%H:%M:%SZ},{end:%Y-%m-%dT%H:%M:%SZ},{count},{device}")
    return out


def test_a_watch_that_gains_is_listed_for_those_who_agreed_and_no_row_is_moved(tmp_path: Path) -> None:
    header = ("person", "code", "start_at", "end_at", "value", "device")
    (tmp_path / "steps.csv").write_text("\n".join([",".join(header), *lines("p1", 3.0), *lines("p2", 3.0)]) + "\n")
    settings = {"table": "observations", "columns": {name: name for name in header}}
    inputs = [InputSettings("steps.csv", kind="records.mapped", settings=settings)]
    site = Site(Settings(input=inputs), tmp_path / "site", FixedClock(NOW))
    site.record_consents(pl.DataFrame({"person": ["p1"], "purpose": ["care"]}), "test")
    run_site(site, site.inputs(inputs, tmp_path))
    before = site.lake.read(Observations)
    found = clock_gains(site)
    assert found.select("person", "device", "other", "told").rows() == [(site.participant_key.name("p1"), "watch", "phone", True)]
    row = found.row(0, named=True)
    assert row["gain_seconds"] == pytest.approx(3.0, abs=0.2)
    assert row["low"] <= 3.0 <= row["high"]
    assert site.lake.read(Observations).equals(before)
