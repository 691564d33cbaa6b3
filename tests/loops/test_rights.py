"""Consent, withdrawal, erasure, export, explanation on a small simulated site."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.loops.small_site import lake_of, site_of

from heedful.core.clock import FixedClock
from heedful.core.errors import ConsentError, NotFoundError
from heedful.core.labels import Care, Consented, Held, Research
from heedful.core.row_ids import row_ids
from heedful.core.schemas import Changes, Features, Observations
from heedful.loops.explain import explain
from heedful.loops.rights import erase_person, export_person
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings
from heedful.simulate.town import Size
from heedful.simulate.write import write_town
from heedful.trust.audit import verify_chain


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    write_town(folder / "town", seed=5, size=Size(posters=60, days=28, participants=6, watches=3, posts=600))
    return folder


def test_after_an_erasure_the_lake_is_one_that_never_held_the_person(town: Path, tmp_path: Path) -> None:
    site = site_of(town, tmp_path / "a", ["p000", "p001", "p002"])
    person = site.person("p000")
    held = sum(rows.filter(pl.col("person") == person).height for rows in lake_of(site).values() if "person" in rows.columns)
    receipt = erase_person(site, person)
    assert sum(receipt["rows"].values()) >= held > 0
    never = site_of(town, tmp_path / "b", ["p001", "p002"], tmp_path / "a" / "secret.key")
    left, right = lake_of(site), lake_of(never)
    assert left.keys() == right.keys()
    for name, rows in right.items():
        assert_frame_equal(left[name], rows, rel_tol=1e-9)
    for file in (site.folder / "lake").rglob("*"):
        assert not file.is_file() or person.encode() not in file.read_bytes(), file
    assert "p000" not in site.people()
    # The same files again: nobody comes back.
    site.record_consents(pl.DataFrame({"person": ["p000"], "purpose": ["care"]}), "test")
    run_site(site, site.inputs([InputSettings("town/dispensing.csv", name="again")], town))
    assert lake_of(site)["dispensings"].height == right["dispensings"].height
    assert verify_chain(site.ledger.rows("audit")) is None


def test_a_purpose_sees_only_what_was_agreed_to(town: Path, tmp_path: Path) -> None:
    site = site_of(town, tmp_path / "site", ["p000"])
    assert site.view(Features, Care).data.height > 0
    assert site.view(Features, Research).data.height == 0
    only = site.participant_key.name("p000")
    assert set(site.view(Observations, Care).data["person"]) == {only}
    assert isinstance(site.clock, FixedClock)
    site.clock.instant += timedelta(hours=1)
    site.record_consents(pl.DataFrame({"person": ["p000"], "purpose": ["care"], "act": ["withdraw"]}), "test")
    assert site.view(Features, Care).data.height == 0
    assert site.engine.table(Features, Consented[Held]).data.height > 0


def test_every_record_is_accounted_for(town: Path, tmp_path: Path) -> None:
    site = site_of(town, tmp_path / "site", ["p000"])
    for name, known in site.ledger.inputs().items():
        accounts = known["accounts"]
        kept = sum(sum(accounts[part].values()) for part in ("stored", "corrected", "repeated", "refused"))
        assert sum(accounts["yielded"].values()) == kept, name
    refused = {reason for known in site.ledger.inputs().values() for reason in known["accounts"]["refused"]}
    assert "observations: no consent in force" in refused


def test_a_number_is_explained_down_to_its_rows(town: Path, tmp_path: Path) -> None:
    site = site_of(town, tmp_path / "site", ["p000"])
    steps = site.view(Features, Care).data.filter((pl.col("feature") == "steps[sum]") & pl.col("value").is_not_null()).head(1)
    found = explain(site, [row_ids(steps, Features)[0]])
    table, count, rows = found.behind[0]
    assert table == "observations"
    assert count > 0
    assert set(rows["day"]) == {steps["day"][0]}
    words = ["feature", *[str(steps[name][0]) for name in Features.key]]
    assert explain(site, words).row == found.row
    change = site.view(Changes, Care).data.head(1)
    assert explain(site, [row_ids(change, Changes)[0]]).said
    with pytest.raises(NotFoundError, match="no feature:000"):
        explain(site, ["feature:000"])
    assert isinstance(site.clock, FixedClock)
    site.clock.instant += timedelta(hours=1)
    site.record_consents(pl.DataFrame({"person": ["p000"], "purpose": ["care"], "act": ["withdraw"]}), "test")
    with pytest.raises(ConsentError):
        explain(site, words)


def test_an_export_holds_every_table_of_the_person(town: Path, tmp_path: Path) -> None:
    site = site_of(town, tmp_path / "site", ["p000", "p001"])
    written = export_person(site, site.person("p000"), tmp_path / "out")
    assert {"observations.csv", "features.csv", "timeline.csv", "consents.csv", "fhir_bundle.json"} <= written.keys()
    assert (tmp_path / "out" / "README.txt").read_text().count("rows") == len(written)
    other = site.participant_key.name("p001")
    for file in (tmp_path / "out").iterdir():
        assert other not in file.read_text()
