"""Against the projects' own tables, read by csv alone."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.answers.redcap import STATUS, UNDATED
from heedful.sources.base import SOURCES
from heedful.sources.posts.streams import opening

SOURCE = "answers.redcap"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.mark.real
def test_every_told_cell_of_every_project_is_accounted_for(shared_data: Path, read: Callable[..., Any]) -> None:
    read_projects = 0
    for folder in sorted((shared_data / "interop/redcap").iterdir()):
        if not folder.is_dir() or SOURCES.get(SOURCE).recognise(folder, b"") == 0.0:
            continue
        read_projects += 1
        found = read(SOURCE, folder, asked_on="2024-01-01")
        data = rows(folder / "data.csv")
        record, *others = data[0]
        own = [name for name in others if not name.startswith("redcap_") and not name.endswith("_timestamp")]
        told = sum(bool(row[name].strip()) for row in data for name in own)
        assert found.records == told == found["answers"].height + found["quarantine"].height + found.skipped.total(), folder.name
        assert set(found["answers"]["person"]) <= {row[record] for row in data}
        assert not found["answers"].select("person", "instrument", "item", "asked_at").is_duplicated().any(), folder.name
    assert read_projects == 18


@pytest.mark.real
def test_repeated_instruments_and_their_days(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/redcap/repeating-instruments"
    found = read(SOURCE, folder)
    expected = [(row["record_id"], float(row["bp_systolic"]), row["date_bp"]) for row in rows(folder / "data.csv") if row["bp_systolic"]]
    systolic = found["answers"].filter(pl.col("item") == "bp_systolic")
    assert systolic.select("person", "value", pl.col("day").cast(pl.String)).sort(pl.all()).rows() == sorted(expected)
    # Several of a person's measurements bear the same day: the second and third are those of "bp#2" and "bp#3".
    most = max(Counter((person, day) for person, _, day in expected).values())
    assert set(systolic["instrument"]) == {"bp", *(f"bp#{n}" for n in range(2, most + 1))}
    assert found.skipped[STATUS] == sum(
        bool(row[name]) for row in rows(folder / "data.csv") for name in ("demographics_complete", "bp_complete")
    )


@pytest.mark.real
def test_names_and_contacts_never_come_out(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/redcap/clinical-trial-1"
    found = read(SOURCE, folder, asked_on="2024-01-01")
    words = set(found["answers"]["value_text"].drop_nulls())
    for name in ("name_last", "name_first", "address", "phone", "email", "dob"):
        assert not words & {row[name] for row in rows(folder / "data.csv")}, name
        assert name not in set(found["answers"]["item"])


@pytest.mark.real
def test_decimal_commas_by_the_dictionary(shared_data: Path, read: Callable[..., Any]) -> None:
    answers = read(SOURCE, shared_data / "interop/redcap/decimal-comma-and-dot", asked_on="2024-01-01")["answers"]
    values = {item: answers.filter(pl.col("item") == item).sort("person")["value"].to_list() for item in ("weight_dot", "weight_comma")}
    assert values["weight_dot"] == values["weight_comma"] == [52.3, 92.3, 123.4, 45.9]


@pytest.mark.real
def test_without_any_day_answers_are_counted_with_the_cure(shared_data: Path, read: Callable[..., Any]) -> None:
    found = read(SOURCE, shared_data / "interop/redcap/checkboxes-1")
    assert found["answers"].is_empty()
    assert found.skipped[UNDATED] > 0


DICTIONARY = "field_name,form_name,field_type,select_choices_or_calculations,text_validation_type_or_show_slider_number,identifier"


def project(folder: Path, fields: list[str], data: list[str]) -> Path:
    (folder / "dictionary.csv").write_text("\n".join([DICTIONARY, "id,a,text,,,", *fields, ""]))
    (folder / "data.csv").write_text("\n".join([*data, ""]))
    return folder


def test_choices_checkboxes_and_survey_times(tmp_path: Path, read: Callable[..., Any]) -> None:
    fields = ['mood,a,radio,"0, low | x, high",,', 'pain,a,checkbox,"1, head | 2, back",,', "ok,a,yesno,,,"]
    folder = project(tmp_path, fields, ["id,a_timestamp,mood,pain___1,pain___2,ok,a_complete", "7,2024-03-10 09:30:00,x,1,0,1,2"])
    answers = read(SOURCE, folder, zone="Europe/Berlin", instruments={"a": "phq9"})["answers"].sort("item")
    assert answers.select("instrument", "item", "value", "value_text").rows() == [
        ("phq9", "mood", None, "high"), ("phq9", "ok", 1.0, "Yes"), ("phq9", "pain___1", 1.0, "head"), ("phq9", "pain___2", 0.0, "back"),
    ]  # fmt: skip
    assert set(answers["asked_at"]) == set(answers["answered_at"]) == {datetime(2024, 3, 10, 8, 30, tzinfo=UTC)}


def test_free_text_is_kept_only_when_declared_and_a_second_answer_is_numbered(tmp_path: Path, read: Callable[..., Any]) -> None:
    folder = project(tmp_path, ["on,a,text,,date_ymd,", "words,a,notes,,,"], ["id,on,words", "1,2024-03-10,good", "1,2024-03-10,bad"])
    assert set(read(SOURCE, folder)["answers"]["item"]) == {"on"}
    kept = read(SOURCE, folder, keep=["words"])["answers"].filter(pl.col("item") == "words")
    assert kept.select("instrument", "value_text").rows() == [("a", "good"), ("a#2", "bad")]


def test_what_is_missing_or_wrong_is_said(tmp_path: Path, read: Callable[..., Any]) -> None:
    folder = project(tmp_path, ["n,a,text,,number,"], ["id,n", "1,5"])
    for wrong in ({"dates": {"b": "n"}}, {"keep": ["nobody"]}, {"asked_on": "soon"}, {"colour": 1}, {"dates": 5}):
        with pytest.raises(SettingsError):
            read(SOURCE, folder, **wrong)
    with pytest.raises(SourceError, match="Name the file"):
        read(SOURCE, folder, data="other.csv")
    (folder / "dictionary.csv").unlink()
    with pytest.raises(SourceError, match="0 data dictionaries"):
        read(SOURCE, folder)
    assert SOURCES.get(SOURCE).recognise(folder, b"") == 0.0
    with pytest.raises(SourceError, match="is a folder"):
        read(SOURCE, folder / "data.csv")


@pytest.mark.real
def test_the_projects_xml_says_what_its_tables_say(shared_data: Path, read: Callable[..., Any]) -> None:
    """Of every project that is there in both forms; of metadata-write the dictionary calls the age a text, the XML a calculation."""
    compared = 0
    for folder in sorted(path for path in (shared_data / "interop/redcap").iterdir() if path.is_dir()):
        xml = next(folder.glob("project.xml*"), None)
        if xml is None or SOURCES.get(SOURCE).recognise(folder, b"") == 0.0 or folder.name == "metadata-write":
            continue
        assert SOURCES.get(SOURCE).recognise(xml, opening(xml, xml.read_bytes()[: 1 << 16], 1 << 16)) > 0.5
        whole, tables = read(SOURCE, xml, asked_on="2024-01-01"), read(SOURCE, folder, asked_on="2024-01-01")
        rows_of = [found["answers"].sort(found["answers"].columns) for found in (whole, tables)]
        assert rows_of[0].equals(rows_of[1]), folder.name
        compared += 1
    assert compared == 16


XML = """<?xml version="1.0" encoding="UTF-8" ?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:redcap="https://projectredcap.org" SourceSystem="REDCap"><Study>
<MetaDataVersion OID="m" redcap:RecordIdField="id">
<FormDef OID="Form.visit" redcap:FormName="visit"><ItemGroupRef ItemGroupOID="visit.id"/></FormDef>
<ItemGroupDef OID="visit.id"><ItemRef ItemOID="id"/><ItemRef ItemOID="seen"/><ItemRef ItemOID="mood"/><ItemRef ItemOID="name"/></ItemGroupDef>
<ItemDef OID="id" redcap:Variable="id" redcap:FieldType="text"/>
<ItemDef OID="seen" redcap:Variable="seen" redcap:FieldType="text" redcap:TextValidationType="date_ymd"/>
<ItemDef OID="mood" redcap:Variable="mood" redcap:FieldType="select"><CodeListRef CodeListOID="mood.choices"/></ItemDef>
<ItemDef OID="name" redcap:Variable="name" redcap:FieldType="text" redcap:Identifier="y"/>
<CodeList OID="mood.choices"><CodeListItem CodedValue="0"><Decode><TranslatedText>low</TranslatedText></Decode></CodeListItem></CodeList>
</MetaDataVersion></Study><ClinicalData>
<SubjectData SubjectKey="7"><FormData FormOID="Form.visit" FormRepeatKey="1"><ItemGroupData ItemGroupOID="visit.id">
<ItemData ItemOID="id" Value="7"/><ItemData ItemOID="seen" Value="2024-03-01"/><ItemData ItemOID="mood" Value="0"/><ItemData ItemOID="name" Value="Doe"/>
</ItemGroupData></FormData><FormData FormOID="Form.visit" FormRepeatKey="2"><ItemGroupData ItemGroupOID="visit.id">
<ItemData ItemOID="seen" Value="2024-03-01"/><ItemData ItemOID="mood" Value="9"/></ItemGroupData></FormData></SubjectData>
</ClinicalData></ODM>"""


def test_xml_with_a_choice_that_is_none_and_a_name(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "project.xml"
    path.write_text(XML)
    found = read(SOURCE, path)
    rows = found["answers"].sort("instrument", "item").select("person", "instrument", "item", "value", "value_text").rows()
    assert rows == [
        ("7", "visit", "mood", 0.0, "low"),
        ("7", "visit", "seen", None, "2024-03-01"),
        ("7", "visit#2", "seen", None, "2024-03-01"),
    ]
    assert found["quarantine"].select("line").rows() == [(XML[: XML.index('RepeatKey="2"')].count("\n") + 1,)]
    assert found.skipped == {"answer that identifies a person, by the dictionary": 1}
    path.write_text(XML[:-200])
    with pytest.raises(SourceError, match="damaged or cut"):
        read(SOURCE, path)
