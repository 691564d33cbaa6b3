"""Against the verdicts that openmhealth/schemas itself gives: its folders shouldPass and shouldFail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heedful.core.errors import SettingsError
from heedful.sources.base import SOURCES
from heedful.sources.wearables.open_mhealth.measures import STATISTIC
from heedful.sources.wearables.open_mhealth.verdict import Schemas, is_stamp

SOURCE = "wearables.open_mhealth"


@pytest.mark.real
@pytest.mark.parametrize(("space", "count"), [("omh", 460), ("granola", 33), ("ieee", 7)])
def test_every_verdict_is_that_of_the_schemas_own_tests(space: str, count: int, shared_data: Path) -> None:
    folder = shared_data / "interop/open_mhealth"
    schemas = Schemas(folder / "schemas")
    documents = [path for path in sorted((folder / space).rglob("*.json")) if "should" in path.parent.name]
    assert len(documents) == count
    wrong = []
    for path in documents:
        name, version, expected = path.relative_to(folder / space).parts[:3]
        faults = schemas.faults(json.loads(path.read_bytes()), schemas.get(space, name, version))
        if bool(faults) != (expected == "shouldFail"):
            wrong.append((path.name, faults))
    assert wrong == []


@pytest.mark.real
def test_an_exchange_s_examples_keep_their_schemas_and_are_read(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/open_mhealth"
    points = [json.loads(path.read_bytes()) for path in sorted((folder / "examples_exchange/data-points").glob("*.json"))]
    found = read(SOURCE, folder / "examples_exchange", schemas=str(folder / "schemas"))
    rows = found["observations"]
    assert SOURCES.get(SOURCE).recognise(folder / "examples_exchange", b"") == 0.85
    said = {name: one["value"] for point in points for name, one in point["body"].items() if isinstance(one, dict) and "value" in one}
    ours = dict(rows.select("code", "value").rows())
    assert ours["glucose"] == said["blood_glucose"] == 129
    assert (ours["systolic_blood_pressure"], ours["diastolic_blood_pressure"]) == (
        said["systolic_blood_pressure"],
        said["diastolic_blood_pressure"],
    )
    assert ours["heart_rate"] == said["heart_rate"]
    assert ours["body_temperature"] == pytest.approx((said["body_temperature"] - 32) / 1.8)
    assert set(rows["offset_minutes"]) == {-480}
    assert found["quarantine"]["reason"].str.contains("rr_interval: the value 30.0 ms is outside what is plausible").to_list() == [True]
    assert found.aside.total() == 0


@pytest.mark.real
def test_what_should_fail_is_set_aside_with_the_fault(shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/open_mhealth"
    bodies = {"shouldPass": 0, "shouldFail": 0}
    lines = []
    for version in ("1.0", "2.0"):
        for path in sorted((folder / "omh/body-weight" / version).rglob("*.json")):
            bodies[path.parent.name] += 1
            header = {"schema_id": {"namespace": "omh", "name": "body-weight", "version": version}}
            lines.append(json.dumps({"header": header, "body": json.loads(path.read_bytes())}))
    path = tmp_path / "points.jsonl"
    path.write_text("\n".join(lines))
    found = read(SOURCE, path, schemas=str(folder / "schemas"))
    aside = found["quarantine"]["reason"]
    assert aside.str.contains("does not keep its schema body-weight").sum() == bodies["shouldFail"] > 0
    # One that keeps its schema bears no time, which the schema allows and an observation needs.
    assert aside.str.contains("start time cannot be read").sum() == 1
    assert found["observations"].height + found.skipped.total() == bodies["shouldPass"] - 1 > 0


def test_an_rr_interval_ends_at_its_time_and_a_mean_of_many_is_none(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "points.jsonl"
    beat = {"rr_interval": {"value": 812, "unit": "ms"}}
    path.write_text("\n".join([body(**beat), body(**beat, descriptive_statistic="average")]))
    found = read(SOURCE, path)
    row = found["observations"].row(0, named=True)
    at = datetime(2024, 3, 10, 15, tzinfo=UTC)
    assert (row["code"], row["value"], row["start_at"], row["end_at"]) == ("rr_interval", 812.0, at - timedelta(milliseconds=812), at)
    assert found.skipped == {STATISTIC: 1}


def body(**members: Any) -> str:
    return json.dumps({"effective_time_frame": {"date_time": "2024-03-10T10:00:00-05:00"}} | members)


def test_units_become_ours(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.jsonl"
    told = [({"body_weight": {"value": 100, "unit": "lb"}}, 45.359237), ({"blood_glucose": {"value": 5, "unit": "mmol/L"}}, 90.08),
            ({"body_height": {"value": 6, "unit": "ft"}}, 182.88), ({"sleep_duration": {"value": 8, "unit": "h"}}, 480),
            ({"body_temperature": {"value": 98.6, "unit": "F"}}, 37.0), ({"step_count": 60}, 60),
            ({"step_count": {"value": 60, "unit": "steps"}}, 60)]  # fmt: skip
    for members, expected in told:
        path.write_text(body(**members) + "\n" + body(unknown=1))
        (row,) = read(SOURCE, path)["observations"].rows(named=True)
        assert row["value"] == pytest.approx(expected), members


def test_time_frames_in_all_their_forms(tmp_path: Path, read: Callable[..., Any]) -> None:
    start, end, length = "2024-03-10T10:00:00+01:00", "2024-03-10T11:00:00+01:00", {"value": 60, "unit": "min"}
    frames = [{"start_date_time": start, "end_date_time": end}, {"start_date_time": start, "duration": length},
              {"end_date_time": end, "duration": length}]  # fmt: skip
    path = tmp_path / "x.json"
    for frame in frames:
        path.write_text(json.dumps({"step_count": 5, "effective_time_frame": {"time_interval": frame}}))
        (row,) = read(SOURCE, path)["observations"].rows(named=True)
        assert (row["start_at"], row["end_at"]) == (datetime(2024, 3, 10, 9, tzinfo=UTC), datetime(2024, 3, 10, 10, tzinfo=UTC))
    path.write_text(
        json.dumps({"step_count": 5, "effective_time_frame": {"time_interval": {"date": "2024-03-10", "part_of_day": "morning"}}})
    )
    (row,) = read(SOURCE, path, zone="Asia/Tokyo")["observations"].rows(named=True)
    assert (row["start_at"], row["end_at"] - row["start_at"]) == (datetime(2024, 3, 9, 21, tzinfo=UTC), timedelta(hours=6))


def test_statistics_and_self_reports(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.json"
    measure = {"heart_rate": {"value": 60, "unit": "beats/min"}}
    header = {"user_id": "p9", "acquisition_provenance": {"source_name": "Band", "modality": "self-reported"}}
    plain = json.loads(body(**measure))
    path.write_text(
        json.dumps([plain | {"descriptive_statistic": "minimum"}, {"header": header, "body": plain | {"descriptive_statistic": "average"}}])
    )
    found = read(SOURCE, path)
    assert found["observations"].select("person", "device", "how").rows() == [("p9", "Band", "self_reported")]
    assert found.skipped == {STATISTIC: 1}


def test_stamps_without_an_offset_are_no_instants(tmp_path: Path, read: Callable[..., Any]) -> None:
    assert not is_stamp("2024-03-10 10:00")
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"step_count": 5, "effective_time_frame": {"date_time": "2024-03-10T10:00:00"}}))
    found = read(SOURCE, path)
    assert found["observations"].is_empty()
    assert "start time cannot be read" in found["quarantine"]["reason"][0]


def test_what_a_schema_asks_and_we_do_not_know_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "omh"
    folder.mkdir()
    (folder / "x-1.0.json").write_text('{"if": {"type": "object"}}')
    (folder / "y-1.0.json").write_text('{"$ref": "z-1.x.json"}')
    schemas = Schemas(tmp_path)
    for name in ("x", "y"):
        with pytest.raises(SettingsError):
            schemas.faults({}, schemas.get("omh", name, "1.0"))
    with pytest.raises(SettingsError, match=r"no schema omh/x-2\.0"):
        schemas.get("omh", "x", "2.0")


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 5, 5.5), ({"type": ["string", "null"]}, None, 5), ({"enum": [1, "a"]}, 1, True), ({"const": 0}, 0, False),
        ({"pattern": "^a"}, "ab", "b"), ({"minItems": 1, "items": {"type": "string"}}, ["a"], []), ({"items": {"type": "string"}}, [], [1]),
        ({"not": {"type": "string"}}, 1, "a"), ({"oneOf": [{"type": "integer"}, {"minimum": 3}]}, 1, 4), ({"anyOf": [{"minimum": 3}]}, 3, 2),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1}, {"b": 1}), ({"required": ["a"]}, {"a": 1}, {}),
        ({"maximum": 3, "maxLength": 2, "minLength": 1, "maxItems": 1}, "ab", "abc"), ({"format": "uuid"}, "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "x"),
    ],
)  # fmt: skip
def test_keywords(schema: dict[str, Any], good: Any, bad: Any, tmp_path: Path) -> None:
    (tmp_path / "omh").mkdir()
    (tmp_path / "omh/x-1.0.json").write_text(json.dumps(schema))
    schemas = Schemas(tmp_path)
    assert schemas.faults(good, schemas.get("omh", "x", "1.0")) == []
    assert schemas.faults(bad, schemas.get("omh", "x", "1.0")) != []


def test_settings_are_checked(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "x.json"
    path.write_text(body(step_count=5))
    for wrong in ({"schemas": str(tmp_path / "nowhere")}, {"schema": "x"}, {"schemas": str(tmp_path)}):
        with pytest.raises(SettingsError):
            read(SOURCE, path, **wrong)
    assert read(SOURCE, path)["observations"]["value"].to_list() == [5]
