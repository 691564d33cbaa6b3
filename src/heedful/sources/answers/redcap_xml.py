"""A REDCap project's XML (CDISC ODM with REDCap's own attributes): its dictionary, and its data as rows like those of the CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from lxml import etree

from heedful.core.errors import SourceError
from heedful.sources.answers.redcap_dictionary import Field, described
from heedful.sources.csv_columns import AT, LINE
from heedful.sources.wearables.parts import opened
from heedful.sources.wearables.xml_elements import is_xml_of, started_and_ended

_OWN = "{https://projectredcap.org}"
_KINDS = {"select": "dropdown", "textarea": "notes"}
_VALIDATIONS = {"int": "integer", "float": "number"}
_CURE = "Export it again: Project Setup, Other Functionality, Download metadata & data (XML)."
_INSTANCE = "redcap_repeat_instance"
MOST_ROWS = 5_000_000

Key = tuple[str, str, str]
"""Event, its repetition, and the form's repetition: one row of the CSV."""


@dataclass
class ProjectXml:
    """`fields`: as the dictionary has them, the record's id first. `rows`: text columns of all items beside `LINE` and `AT`."""

    fields: list[Field]
    rows: pl.DataFrame


@dataclass
class _Held:
    """What was read so far."""

    record_id: str = "record_id"
    forms: dict[str, str] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    items: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: list[dict[str, str | int]] = field(default_factory=list)


def is_project(head: bytes) -> bool:
    """Whether a file begins as REDCap writes its projects."""
    return is_xml_of(head, b"ODM") and (b"projectredcap.org" in head[:4_096] or b'SourceSystem="REDCap"' in head[:4_096])


def project_xml(path: Path) -> ProjectXml:
    """The project in a file (also .gz, or alone in a zip). Raises `SourceError` if it is none, is cut, or holds no data."""
    with opened(path, lambda name: name.endswith(".xml")) as parts:
        if len(parts) != 1:
            raise SourceError(path, f"it holds {len(parts)} XML files", "Give one project's XML.")
        held = _Held()
        for event, name, element in started_and_ended(parts[0]):
            if event == "end":
                _ended(name, element, held, path)
    if not held.items:
        raise SourceError(path, "it is no XML of a REDCap project: it describes no field", _CURE)
    if not held.rows:
        raise SourceError(path, "the project's XML holds no data, only its metadata", "Download metadata & data (XML), or the data as CSV.")
    return ProjectXml(_fields(held), _table(held))


def _ended(name: str, element: etree._Element, held: _Held, path: Path) -> None:
    if name == "MetaDataVersion":
        held.record_id = element.get(_OWN + "RecordIdField") or held.record_id
    elif name == "FormDef":
        form = element.get(_OWN + "FormName") or element.get("Name") or ""
        held.forms |= {str(child.get("ItemGroupOID")): form for child in element if child.get("ItemGroupOID")}
    elif name == "ItemGroupDef":
        form = held.forms.get(str(element.get("OID")), str(element.get("OID")).partition(".")[0])
        for child in element:
            if child.get("ItemOID"):
                held.items.setdefault(str(child.get("ItemOID")), {})["form"] = form
    elif name == "ItemDef":
        listed = next((str(child.get("CodeListOID")) for child in element if child.get("CodeListOID")), "")
        held.items.setdefault(str(element.get("OID")), {}).update(
            name=str(element.get(_OWN + "Variable") or element.get("OID")), kind=str(element.get(_OWN + "FieldType") or ""), listed=listed,
            validation=str(element.get(_OWN + "TextValidationType") or ""), identifier=str(element.get(_OWN + "Identifier") or ""),
        )  # fmt: skip
    elif name == "CodeList":
        held.choices[str(element.get("OID"))] = element.get(_OWN + "CheckboxChoices") or _choices(element)
    elif name == "SubjectData":
        held.rows += _subject(element, held.record_id)
        if len(held.rows) > MOST_ROWS:
            raise SourceError(path, f"it holds more than {MOST_ROWS:,} rows", "Export the data as CSV, which is read in portions.")
        element.clear()


def _choices(element: etree._Element) -> str:
    """`1, one | 2, two`, as the data dictionary writes choices."""
    pairs = [(item.get("CodedValue"), "".join(str(text) for text in item.itertext()).strip()) for item in element if item.get("CodedValue")]
    return " | ".join(f"{code}, {label}" for code, label in pairs)


def _subject(element: etree._Element, record_id: str) -> Iterator[dict[str, str | int]]:
    """A row for each event and repetition in which the subject has data."""
    rows: dict[Key, dict[str, str | int]] = {}
    subject = str(element.get("SubjectKey") or "")
    for form in element.iter("{*}FormData"):
        event = form.getparent()
        about = {} if event is None else event.attrib
        key = (
            str(about.get("StudyEventOID") or ""), str(about.get("StudyEventRepeatKey") or "1"), str(form.get("FormRepeatKey") or "1"),
        )  # fmt: skip
        row = rows.setdefault(key, {LINE: form.sourceline or 1, record_id: subject, _INSTANCE: key[2]})
        for item in form.iter("{*}ItemData"):
            row[str(item.get("ItemOID"))] = str(item.get("Value") or "")
    yield from rows.values()


def _fields(held: _Held) -> list[Field]:
    fields: dict[str, Field] = {}
    for item, about in held.items.items():
        kind = about.get("kind", "")
        if not kind or about["name"] in fields or item.endswith("_complete"):
            continue
        fields[about["name"]] = described(
            about["name"], about.get("form", ""), _KINDS.get(kind, kind), held.choices.get(about["listed"], ""),
            _VALIDATIONS.get(about["validation"], about["validation"]), about["identifier"],
        )  # fmt: skip
    first = fields.pop(held.record_id, described(held.record_id, "", "text", "", "", ""))
    return [first, *fields.values()]


def _table(held: _Held) -> pl.DataFrame:
    count = Counter(name for row in held.rows for name in row if name != LINE)
    names = [held.record_id, _INSTANCE, *(name for name in held.items if name in count and name != held.record_id)]
    schema = {LINE: pl.Int64, **dict.fromkeys(names, pl.String)}
    return pl.DataFrame(held.rows, schema=schema).with_columns(pl.int_range(len(held.rows), dtype=pl.Int64).alias(AT))
