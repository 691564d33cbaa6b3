"""Times and zones of vendors' documents."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from heedful.core.errors import SourceError
from heedful.sources.wearables.documents import document, instant, named_zone, objects, shown, stamped
from heedful.sources.wearables.parts import Part
from heedful.sources.wearables.sqlite_bytes import opened
from heedful.sources.wearables.xml_elements import is_xml_of, started_and_ended

BERLIN = ZoneInfo("Europe/Berlin")


def part(data: bytes) -> Part:
    return Part("x", "x", len(data), lambda: data)


def test_instants() -> None:
    assert instant(1_700_000_000) == datetime.fromtimestamp(1_700_000_000, UTC)
    assert [instant(wrong) for wrong in (None, "1", True, 1e30, float("nan"))] == [None] * 5
    assert stamped("2024-03-10T10:00:00", BERLIN) == datetime(2024, 3, 10, 9, tzinfo=UTC)
    assert stamped("2024-03-10T10:00:00-05:00", BERLIN) == datetime(2024, 3, 10, 15, tzinfo=UTC)
    assert [stamped(wrong, BERLIN) for wrong in (None, 5, "soon", "")] == [None] * 4


def test_zones() -> None:
    assert named_zone("Asia/Tokyo", "UTC").key == "Asia/Tokyo"
    assert [named_zone(wrong, "Europe/Berlin").key for wrong in (None, "", "Mars/Base", "../etc/passwd", 5)] == ["Europe/Berlin"] * 5


def test_documents_and_their_records() -> None:
    assert list(objects([{"a": 1}, 5])) == [(1, {"a": 1}, {"a": 1}), (2, None, 5)]
    assert list(objects("x")) == []
    assert document(part(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}
    with pytest.raises(SourceError, match="not complete JSON"):
        document(part(b'{"a": '))
    assert shown({"a": 1}) == '{"a":1}'
    assert shown({1, 2}).startswith("{")


def test_xml_is_told_by_its_first_element_and_expands_nothing() -> None:
    assert is_xml_of(b'\xef\xbb\xbf<?xml version="1.0"?><!-- a --><gpx version="1.1">', b"gpx")
    assert not is_xml_of(b"<html><gpx>", b"gpx")
    bomb = b'<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;">]><gpx>&d;</gpx>'
    assert "cccc" not in "".join(element.text or "" for _, _, element in started_and_ended(part(bomb)))
    with pytest.raises(SourceError, match="damaged or cut"):
        list(started_and_ended(part(b"<gpx><trk>")))


def test_databases_are_opened_read_only() -> None:
    for data in (b"", b"hello", b"SQLite format 3\0" + bytes(200)):
        with pytest.raises(SourceError), opened(data, "x") as database:
            database.rows("SELECT 1 FROM nothing")
