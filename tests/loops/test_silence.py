"""What stopped delivering, on a site: under consent, as known then, and on the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from heedful.core.clock import FixedClock
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.silence import sources_now
from heedful.loops.site import Site
from heedful.report.gather import gather
from heedful.report.sections.quality import quality

FIRST, DAYS, STOPS_AFTER = date(2026, 2, 1), 60, 30
NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)


def site_with_a_dead_watch(folder: Path, people: list[str]) -> Site:
    rows = [
        f"{person},{code},{FIRST + timedelta(days=n)}T10:00:00Z,{value},{device}"
        for person in ("p1", "p2")
        for code, device, value, until in (("steps", "Phone", 5000, DAYS), ("heart_rate", "Watch", 60, STOPS_AFTER))
        for n in range(until)
    ]
    (folder / "days.csv").write_text("person,code,start_at,value,device\n" + "\n".join(rows) + "\n", "utf-8")
    columns = {name: name for name in ("person", "code", "start_at", "value", "device")}
    inputs = [InputSettings("days.csv", kind="records.mapped", settings={"table": "observations", "columns": columns})]
    site = Site(Settings(input=inputs), folder / "site", FixedClock(NOW))
    site.record_consents(pl.DataFrame({"person": people, "purpose": ["care"] * len(people)}), "test")
    run_site(site, site.inputs(inputs, folder))
    return site


def test_watch_that_stopped_is_said_on_the_page_and_phone_is_not(tmp_path: Path) -> None:
    site = site_with_a_dead_watch(tmp_path, ["p1"])
    states = sources_now(site, NOW)
    assert states["person"].n_unique() == 1
    assert dict(states.select("device", "state").iter_rows()) == {"Phone": "delivering", "Watch": "stopped"}
    assert states.filter(pl.col("device") == "Watch")["silent_days"].item() == DAYS - STOPS_AFTER
    page = str(quality(gather(site, "run", "t", "s")))
    assert "heart rate of Watch: nothing for 30 days" in page
    assert "steps of Phone" not in page


def test_as_known_while_the_watch_was_on_everything_delivers(tmp_path: Path) -> None:
    site = site_with_a_dead_watch(tmp_path, ["p1"])
    early = sources_now(site, datetime(2026, 3, 1, tzinfo=UTC))
    assert early.is_empty()  # the file came in April: in March nothing of it was known
