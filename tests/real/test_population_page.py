"""The page over real files of public health: curves of what was expected, nowcasts of dated vintages, shares as found, the safety table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site
from heedful.report.gather import gather
from heedful.report.page import page

pytestmark = pytest.mark.real


def test_the_page_shows_expected_curves_nowcasts_estimates_and_the_safety_table(shared_data: Path, tmp_path: Path) -> None:
    """Read on 1 February 2026: admissions of the weeks before are not final, so that they are nowcast, and tested so."""
    inputs = [
        InputSettings("surveillance/flu_hospital_admissions_vintages.csv.gz", name="admissions"),
        InputSettings("nlp/psytar", name="reviews"),
    ]
    site = Site(Settings(input=inputs), tmp_path / "site", FixedClock(datetime(2026, 2, 1, tzinfo=UTC)))
    run_site(site, site.inputs(inputs, shared_data))
    alarms = site.engine.table(Alarms, Aggregate).data
    coming = alarms.filter(pl.col("nowcast").is_not_null(), pl.col("place") == "US")
    assert coming.height
    assert (coming["nowcast_low"] <= coming["nowcast"]).all()
    shown = page(gather(site, "run", "Public health", "real files"))
    site.close()
    signals, estimates, safety = (shown.split(f'id="{name}"')[1].split("</section>")[0] for name in ("signals", "estimates", "safety"))
    assert signals.count("<svg") >= 3
    assert "nowcast: what a count that is not final will come to" in signals
    assert "expected, up to the detector" in signals
    assert "As found" in estimates
    assert "Not weighted: the site has no population table" in estimates
    for measure in ("PRR (95 %)", "ROR (95 %)", "EBGM"):  # which says how many pairs it needs where they are too few
        assert measure in safety
