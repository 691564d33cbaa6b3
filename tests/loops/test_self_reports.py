"""From a table of reports and measurements to calibrated values on the page, explained; who did not agree is in no figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from heedful.core.clock import FixedClock
from heedful.core.labels import Aggregate, Care
from heedful.core.schemas import GroupAgreements, SelfReports
from heedful.loops.explain import explain
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site
from heedful.report.gather import gather
from heedful.report.sections.people import people

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
COLUMNS = {name: name for name in ("person", "code", "start_at", "end_at", "value", "unit", "device", "how")}
AGREED = [f"p{n:02}" for n in range(12)]


def table(folder: Path) -> None:
    """Twelve people with both on twenty days, and one who only reports."""
    rng, rows = np.random.default_rng(6), []
    for person in (*AGREED, "alone"):
        usual = rng.normal(7000, 1500)
        for day in range(20):
            at = datetime(2026, 4, 1, 20, tzinfo=UTC) + timedelta(days=day)
            measured = usual + rng.normal(0, 700)
            told = [("app", "self_reported", 1.2 * measured + rng.normal(0, 300))]
            told += [("Watch", "measured", measured)] if person != "alone" else []
            rows += [
                {"person": person, "code": "steps", "start_at": at.isoformat(), "end_at": (at + timedelta(hours=1)).isoformat(), "value": round(value), "unit": "{steps}", "device": device, "how": how}
                for device, how, value in told
            ]  # fmt: skip
    pl.DataFrame(rows).write_csv(folder / "observations.csv")


def test_from_a_table_to_the_page(tmp_path: Path) -> None:
    table(tmp_path)
    inputs = [InputSettings("observations.csv", kind="records.mapped", settings={"table": "observations", "columns": COLUMNS})]
    site = Site(Settings(input=inputs), tmp_path / "site", FixedClock(NOW))
    everyone = [*AGREED, "alone"]
    consents = {"person": everyone * 2, "purpose": ["care"] * len(everyone) + ["public_health"] * len(everyone)}
    site.record_consents(pl.DataFrame(consents), "test")
    run_site(site, site.inputs(inputs, tmp_path))
    group = site.engine.table(GroupAgreements, Aggregate).data.row(0, named=True)
    assert group["people"] == len(AGREED)
    assert group["slope_low"] <= 1 / 1.2 <= group["slope_high"]
    alone = site.view(SelfReports, Care).data.row(0, named=True)
    assert (alone["person"], alone["days"], alone["pairs"]) == (site.person("alone"), 20, 0)
    page = people(gather(site, "run", "t", "s", person=site.person("alone")))
    assert "20 days without a measurement" in page
    assert "(regression calibration, n = 12 people; SIMEX" in page
    told = explain(site, ["self_report", site.person("alone"), "steps"])
    assert [name for name, _, _ in told.behind] == ["features"]
    assert explain(site, ["group_agreement", "steps"]).behind[0][1] == len(AGREED)
    site.close()
