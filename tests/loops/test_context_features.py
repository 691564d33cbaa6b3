"""Places and phone are seen under their own consent only, and nobody needs it for other features."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.labels import Care
from heedful.core.schemas import ContextFeatures, Features
from heedful.loops.settings import InputSettings, Settings, SiteSettings
from heedful.loops.site import Site

COLUMNS = ("person", "code", "start_at", "value", "value_code", "unit")
PLACE, PHONE = "radius_of_gyration", "screen_unlocks"


def lines() -> list[str]:
    found = [",".join(COLUMNS)]
    for hour in range(24):
        at = f"2026-03-01T{hour:02}:00:00Z"
        found += [f"ana,latitude,{at},52.5,,deg", f"ana,longitude,{at},13.4,,deg", f"ana,screen_event,{at},,unlocked,{{event}}"]
        found += [f"ana,steps,{at},60,,{{steps}}"]
    return found


@pytest.mark.parametrize(
    ("kinds", "seen"),
    [("*", {PLACE, PHONE}), ("activity,heart", set()), ("activity,heart,phone", {PHONE}), ("activity,heart,location", {PLACE})],
)
def test_each_kind_is_seen_under_its_own_consent(tmp_path: Path, kinds: str, seen: set[str]) -> None:
    (tmp_path / "rows.csv").write_text("\n".join(lines()) + "\n")
    site = Site(Settings(SiteSettings()), tmp_path / "site", FixedClock(datetime(2026, 3, 29, tzinfo=UTC)))
    site.record_consents(pl.DataFrame({"person": ["ana"], "purpose": ["care"], "kinds": [kinds]}), "test")
    mapping = {"table": "observations", "columns": {name: name for name in COLUMNS}}
    one = InputSettings(str(tmp_path / "rows.csv"), kind="records.mapped", settings=mapping)
    with site.writing():
        for found in site.inputs([one], tmp_path):
            site.read(found)
        site.intake.derive()
    names = set(site.view(ContextFeatures, Care).data["feature"])
    assert names & {PLACE, PHONE} == seen
    assert "steps[sum]" in set(site.view(Features, Care).data["feature"])
    site.close()
