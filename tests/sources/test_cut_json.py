"""A cut document gives exactly the records that end before the cut, and a fault in the middle gives none."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SourceError
from heedful.core.seals import unseal
from heedful.sources.base import SOURCES, Options
from heedful.sources.cut_json import BrokenOffError, whole_part

KNOWN_AT = datetime(2027, 1, 1, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='ab"\\[]{}é\n,', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"]', max_size=3), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), min_size=1, max_size=6)


@settings(deadline=None, max_examples=300)
@given(RECORDS, st.booleans(), st.floats(0, 1), st.sampled_from([None, 1]))
def test_the_records_before_the_cut_are_those_of_the_whole(records: list[Any], bundle: bool, share: float, indent: int | None) -> None:
    document = {"resourceType": "Bundle", "link": [{"url": "x"}], "entry": records} if bundle else records
    text = json.dumps(document, indent=indent, ensure_ascii=False).encode()
    begin = text.index(b"entry") if bundle else 0
    cut = text[: begin + int(share * (len(text) - begin - 1))]
    whole = whole_part(cut)
    if whole is None:
        return
    found = json.loads(whole.data)
    kept = found.get("entry", []) if bundle else found
    assert kept == records[: len(kept)]
    if not bundle or "entry" in found:
        assert whole.records == len(kept)
        # One more record would have ended behind the cut.
        assert len(kept) == len(records) or len(cut) < len(text)


@given(RECORDS)
def test_what_does_not_break_off_is_no_cut_document(records: list[Any]) -> None:
    text = json.dumps(records).encode()
    assert whole_part(text) is None
    assert whole_part(text + b"}") is None
    assert whole_part(b'{"a": 1, "b": {"c": 2}') is None  # no list of records


def plain(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def read(name: str, path: Path) -> tuple[pl.DataFrame, SourceError | None]:
    rows = list[pl.DataFrame]()
    try:
        for batch in SOURCES.get(name).read(path, Options("x", "p"), KNOWN_AT):
            rows += [unseal(one) for one in batch.rows if one.schema.table == "observations"]
    except SourceError as error:
        return pl.concat(rows), error
    return pl.concat(rows), None


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("wearables.oura", "oura/heartrate.json"), ("wearables.withings", "withings/measurement_list.json.gz"),
        ("wearables.fitbit_api", "vendor_api_openmhealth_shimmer/fitbit/mapper/fitbit-activities-steps-1d-1m-intraday.json"),
    ],
)  # fmt: skip
def test_of_a_cut_answer_the_whole_records_are_read_and_the_rest_is_refused(
    shared_data: Path, tmp_path: Path, name: str, file: str
) -> None:
    source = shared_data / "interop" / file
    data, path = plain(source), tmp_path / source.name.removesuffix(".gz")
    whole, none = read(name, source)
    assert none is None
    path.write_bytes(data[: len(data) * 2 // 3])
    some, error = read(name, path)
    assert isinstance(error, BrokenOffError)
    assert error.line
    assert 0 < some.height < whole.height
    key = ["code", "start_at", "value", "row"]
    assert some.select(key).join(whole.select(key), on=key, how="anti").is_empty()


@pytest.mark.real
def test_of_a_cut_bundle_the_whole_entries_are_read(shared_data: Path, tmp_path: Path, read_records: Callable[..., Any]) -> None:
    source = max((shared_data / "interop/synthea").glob("*.json*"), key=lambda one: one.stat().st_size)
    data, path = plain(source), tmp_path / "bundle.json"
    path.write_bytes(data[: len(data) // 2])
    whole, none = read_records(source)
    some, error = read_records(path)
    assert none is None
    assert isinstance(error, BrokenOffError)
    assert 0 < some.height < whole.height
    assert some.select("resource").join(whole.select("resource"), on="resource", how="anti").is_empty()


@pytest.fixture
def read_records() -> Callable[[Path], tuple[pl.DataFrame, SourceError | None]]:
    def all_of(path: Path) -> tuple[pl.DataFrame, SourceError | None]:
        rows = list[pl.DataFrame]()
        try:
            for batch in SOURCES.get("records.fhir").read(path, Options("x"), KNOWN_AT):
                rows += [unseal(one) for one in batch.rows if one.schema.table == "records"]
        except SourceError as error:
            return pl.concat(rows), error
        return pl.concat(rows), None

    return all_of


def test_half_a_resource_is_no_resource(tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_text('{"resourceType": "Patient", "name": [{"given": ["A"]}], "link": [{"a": 1}, {"b"')
    with pytest.raises(SourceError, match="it is not JSON"):
        list(SOURCES.get("records.fhir").read(path, Options("x"), KNOWN_AT))
