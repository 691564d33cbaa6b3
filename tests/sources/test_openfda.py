"""openFDA drug events: suspect drugs, one version a report, repeated reports once, bad files named; into the ratios of spontaneous reports."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from heedful.core.errors import SourceError
from heedful.population.safety.spontaneous import spontaneous_signals
from heedful.sources.openfda import read_openfda

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "interop" / "openfda"


def event(number: str, drugs: str = "A", effects: str = "RASH", **changed: Any) -> dict[str, Any]:
    """Drugs and reactions are separated by spaces; a drug that begins with '-' is concomitant."""
    told = [{"medicinalproduct": one.lstrip("-"), "drugcharacterization": "2" if one[0] == "-" else "1"} for one in drugs.split()]
    patient = {"drug": told, "reaction": [{"reactionmeddrapt": one} for one in effects.split()]}
    return {"safetyreportid": number, "patient": patient} | changed


def write(folder: Path, *events: Any) -> Path:
    path = folder / "events.json"
    path.write_text(json.dumps({"meta": {}, "results": list(events)}))
    return path


def test_pairs_are_of_suspect_drugs(tmp_path: Path) -> None:
    path = write(tmp_path, event("1", "a -b", "Rash Fever"), event("2", "C", ""))
    assert [row[:3] for row in read_openfda(path).rows.rows()] == [("1", "A", "FEVER"), ("1", "A", "RASH"), ("2", "C", "")]
    assert set(read_openfda(path, concomitant=True).rows["drug"]) == {"A", "B", "C"}


def test_a_drug_is_its_generic_name_where_there_is_one(tmp_path: Path) -> None:
    known = {"medicinalproduct": "ZOLOFT 50", "drugcharacterization": "1", "openfda": {"generic_name": ["Sertraline hydrochloride"]}}
    many = {"medicinalproduct": "ADVIL", "drugcharacterization": "1", "openfda": {"generic_name": ["A", "B"]}}
    substance = {"medicinalproduct": "X", "activesubstance": {"activesubstancename": "METFORMIN"}}
    told = event("1")
    told["patient"]["drug"] = [known, many, substance]
    assert read_openfda(write(tmp_path, told)).rows["drug"].to_list() == ["ADVIL", "METFORMIN", "SERTRALINE HYDROCHLORIDE"]


def test_the_newest_version_of_a_report_stays(tmp_path: Path) -> None:
    path = write(
        tmp_path, event("7-2", "A"), event("7-1", "B"), event("8", "C", safetyreportversion="1"), event("8", "D", safetyreportversion="3")
    )
    read = read_openfda(path)
    assert (read.reports, read.older, read.rows["drug"].to_list()) == (2, 2, ["A", "D"])


def test_a_report_that_came_twice_counts_once(tmp_path: Path) -> None:
    known = {"occurcountry": "US", "receivedate": "20260301"}
    same = [event(number, **known) for number in ("1", "2")]
    for one in same:
        one["patient"] |= {"patientsex": "2", "patientonsetage": "61", "patientonsetageunit": "801"}
    company = [event(number, "B", companynumb="US-X-1") for number in ("3", "4")]
    unknown = [event(number, "C", **known) for number in ("5", "6")]  # age and sex unknown: two people as far as anybody can say
    read = read_openfda(write(tmp_path, *same, *company, *unknown))
    assert (read.reports, read.repeated, read.rows["drug"].to_list()) == (4, 2, ["A", "B", "C", "C"])


def test_packed_files_and_folders(tmp_path: Path) -> None:
    data = json.dumps({"results": [event("1")]}).encode()
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(data))
    with zipfile.ZipFile(tmp_path / "b.json.zip", "w") as packed:
        packed.writestr("b.json", json.dumps(event("2")))
    assert read_openfda(tmp_path).rows["person"].to_list() == ["1", "2"]


def test_bombs_and_members_that_point_outside_are_refused(tmp_path: Path) -> None:
    for name, member, content, says in (
        ("a.json.zip", "../a.json", b"{}", "points outside the archive"),
        ("b.json.zip", "b.json", b" " * 20_000_000, "zip bomb"),
        ("c.json.zip", "c.txt", b"", "no JSON file in the zip"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(member, content)
        with pytest.raises(SourceError, match=says):
            read_openfda(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"results": [', "cannot be read as JSON"), ('{"results": 3}', "no list"), ('{"results": [3]}', "event 1 is no object"),
        ('{"results": [{"patient": {"drug": [], "reaction": []}}]}', "event 1 has no safetyreportid"),
        ('{"results": [{"safetyreportid": "1", "patient": {"drug": []}}]}', "no list patient.reaction"),
        ('{"results": [{"safetyreportid": "1", "patient": null}]}', "no list patient.drug"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_with_its_place(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(SourceError, match=said):
        read_openfda(path)
    with pytest.raises(SourceError, match="not there"):
        read_openfda(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no JSON file"):
        read_openfda(tmp_path / "empty")


def test_they_flow_into_the_ratios_as_spontaneous_reports(tmp_path: Path) -> None:
    told = [event(f"{n}", "A", "RASH" if n < 6 else "FEVER") for n in range(10)]
    told += [event(f"{n}", "B", "RASH" if n == 10 else "FEVER") for n in range(10, 30)]
    found = spontaneous_signals(read_openfda(write(tmp_path, *told)).rows)
    row = found.row(0, named=True)
    assert (row["drug"], row["effect"], row["reports"], row["prr"]) == ("A", "RASH", 6, pytest.approx((6 / 10) / (1 / 20)))


@pytest.mark.real
def test_fda_s_own_example() -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"{FOLDER} is not there")
    read = read_openfda(FOLDER / "event.postannotation.json")
    assert (read.reports, set(read.rows["drug"]), set(read.rows["person"])) == (1, {"VIOXX"}, {"4562564"})
    assert "AMAUROSIS FUGAX" in set(read.rows["effect"])
