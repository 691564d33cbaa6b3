"""The main job on real files: `heedful run` over posts, exports, records and series; rows in = out + quarantined + refused, with reasons."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.labels import Care, Public
from heedful.core.schemas import Dispensings, Features, Mentions, Observations, Posts, Series
from heedful.loops.rights import erase_person
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings, SiteSettings
from heedful.loops.site import Site
from heedful.report.gather import accounting, gather
from heedful.report.page import write_page

pytestmark = pytest.mark.real
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
APPLE, FITABASE = "interop/apple_health/hkimport_export.xml.gz", "behavior/fitbit_fitabase"
TAKEOUT = "interop/fitbit_takeout"
WATCHES = (TAKEOUT, "interop/fit", "interop/withings", "interop/oura", "interop/gadgetbridge")
PUBLIC = (
    "nlp/psytar", "nlp/rhmd", "interop/reddit/RC_2005-12.zst", "interop/reddit/comments.jsonl.zst", "interop/bluesky/jetstream_golden_v1.jsonl",
    "surveillance/fluview_ilinet_1997_2016.csv.gz",
)  # fmt: skip
PERSONAL = (FITABASE, "behavior/dispensing/med_events.csv.gz", "interop/synthea")


@pytest.fixture(scope="module")
def site(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    inputs = [InputSettings(path) for path in (*PUBLIC, *PERSONAL)] + [
        InputSettings(APPLE, subject="ada"),
        InputSettings(TAKEOUT, subject="eve"),
    ]
    site = Site(Settings(SiteSettings(), input=inputs), tmp_path_factory.mktemp("site"), FixedClock(NOW))
    patients = [str(n) for n in range(1, 101)]
    agreed = ["ada", "eve", "2022484408", "5553957443", *patients]
    site.record_consents(pl.DataFrame({"person": agreed, "purpose": ["care"] * len(agreed)}), "test")
    first = site.inputs([one for one in inputs if one.path != FITABASE], shared_data)
    run_site(site, first)
    # Patient 2 withdraws half way: before the second half of the inputs is read.
    assert isinstance(site.clock, FixedClock)
    site.clock.instant = NOW + timedelta(hours=1)
    site.record_consents(pl.DataFrame({"person": ["2"], "purpose": ["care"], "act": ["withdraw"]}), "test")
    result = run_site(site, site.inputs([InputSettings(FITABASE)], shared_data))
    assert not result.refused
    return site


def test_rows_in_are_rows_out_and_what_was_set_aside(site: Site) -> None:
    rows = accounting(site)
    assert rows.height >= 12
    apart = rows.select(pl.sum_horizontal("rows_out", "quarantined", "refused", "skipped", "superseded")).to_series()
    assert rows["rows_in"].to_list() == apart.to_list()
    for row in rows.filter(pl.col("quarantined") + pl.col("refused") + pl.col("skipped") > 0).iter_rows(named=True):
        assert row["reasons"], row


def test_what_the_lake_holds_is_what_was_counted(site: Site) -> None:
    stored: dict[str, int] = {}
    for known in site.ledger.inputs().values():
        for part in ("stored", "corrected"):
            for table, count in known["accounts"][part].items():
                stored[table] = stored.get(table, 0) + count
    for schema in (Posts, Observations, Dispensings, Series):
        assert site.lake.scan(schema.table, schema).select(pl.len()).collect().item() == stored[schema.table], schema.table


def test_numbers_that_others_counted(site: Site) -> None:
    by_input = {row["input"]: row for row in accounting(site).iter_rows(named=True)}
    assert by_input["RC_2005-12.zst"]["rows_in"] == 1_075
    assert by_input["posts.jsonl.gz"]["rows_out"] == 9_355
    dispensed = by_input["med_events.csv.gz"]
    assert dispensed["rows_in"] == 1_080
    assert dispensed["refused"] == 0


def test_people_without_consent_are_refused_and_who_withdrew_is_not_shown(site: Site) -> None:
    fitabase = next(row for row in accounting(site).iter_rows(named=True) if row["input"] == "fitbit_fitabase")
    assert fitabase["refused"] > 0
    assert "no consent in force" in fitabase["reasons"]
    seen = set(site.view(Dispensings, Care).data["person"])
    assert site.participant_key.name("1") in seen
    assert site.participant_key.name("2") not in seen


def test_posts_are_understood_and_people_have_features(site: Site) -> None:
    mentions = site.engine.table(Mentions, Public).data
    assert mentions["concept"].n_unique() > 300
    features = site.view(Features, Care).data
    ada = features.filter(pl.col("person") == site.participant_key.name("ada"))
    assert {"steps[sum]", "sleep_minutes[stages]"} <= set(ada["feature"])
    eve = features.filter(pl.col("person") == site.participant_key.name("eve"))
    assert {"steps[sum]", "heart_rate_mean"} <= set(eve["feature"])


def test_the_page_of_it_all_and_an_erasure(site: Site, tmp_path: Path) -> None:
    write_page(gather(site, "run", "Real files", "as shared"), tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 50_000
    ada = site.participant_key.name("ada")
    before = accounting(site).height
    assert sum(erase_person(site, ada)["rows"].values()) > 10_000
    assert site.lake.read(Observations, pl.DataFrame({"person": [ada]})).height == 0
    assert accounting(site).height == before


@pytest.mark.parametrize(
    "path", [*PUBLIC[2:], *PERSONAL[1:], APPLE, "interop/fitbit/fitabase", "interop/apple_health/alxdrcirilo_export.zip", *WATCHES]
)
def test_a_look_at_each_alone_gives_a_page(path: str, shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    command = [sys.executable, "-m", "heedful.cli.main", "look", str(shared_data / path), "--out", str(out), "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert json.loads(run.stdout)["inputs"]
    assert "<html" in out.read_text("utf-8")


def test_a_look_at_a_hostile_folder_says_why(shared_data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "heedful.cli.main", "look", str(shared_data / "hostile" / "xml"), "--out", str(tmp_path / "page.html")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
