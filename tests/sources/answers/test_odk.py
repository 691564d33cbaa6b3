"""Forms against pyxform's own pairs of workbook and XForm; submissions written here after the specification of OpenRosa."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.phones.samples import XFORM, submission

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.answers.odk import FREE_TEXT, LEFT, UNDATED
from heedful.sources.answers.odk_form import is_form, xform, xlsform
from heedful.sources.base import SOURCES

SOURCE = "answers.odk"


@pytest.mark.real
@pytest.mark.parametrize(("name", "least"), [("flat_xlsform_test", 25), ("or_other", 3), ("survey_no_name", 1)])
def test_a_workbook_says_what_pyxform_made_of_it(name: str, least: int, shared_data: Path) -> None:
    folder = shared_data / "interop/odk_xlsform"
    theirs = xform((folder / f"test_expected_output/{name}.xml").read_bytes(), name)
    ours = xlsform((folder / f"example_xls/{name}.xlsx").read_bytes(), f"{name}.xlsx")
    last = {path.rsplit("/", 1)[-1]: question for path, question in theirs.questions.items()}  # one of them is flat
    both = [(last[path.rsplit("/", 1)[-1]], question) for path, question in ours.questions.items() if path.rsplit("/", 1)[-1] in last]
    assert len(both) >= least
    for one, other in both:
        assert (one.kind, dict(one.choices)) == (other.kind, dict(other.choices)), one.name
        if not one.name.endswith("_other"):
            assert one.label == other.label, one.name


@pytest.mark.real
def test_every_form_is_read_or_refused_with_a_cure(shared_data: Path) -> None:
    forms, questions = 0, 0
    for path in sorted((shared_data / "interop/odk_xlsform").rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        workbook = path.suffix in (".xlsx", ".xls")
        if workbook or is_form(data):
            form = xlsform(data, path.name) if workbook else xform(data, path.name)
            forms, questions = forms + 1, questions + len(form.questions)
    assert forms >= 77
    assert questions > 400


def test_types_labels_and_codes(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "form.xml").write_text(XFORM)
    (tmp_path / "one.xml").write_text(submission(1, pain="7", mood="2", where="b"))
    found = read(SOURCE, tmp_path, person="who", instruments={"diary": "pain_diary"})
    rows = found["answers"].sort("item")
    assert rows.select("item", "value", "value_text").rows() == [
        ("mood", 2.0, "high"), ("pain", 7.0, None), ("where___a", 0.0, "head"), ("where___b", 1.0, "back"),
    ]  # fmt: skip
    assert set(rows["person"]) == {"ada"}
    assert set(rows["instrument"]) == {"pain_diary"}
    assert rows["asked_at"].dt.hour().unique().to_list() == [7]
    assert found.skipped[FREE_TEXT] == found.skipped[LEFT] == 1
    kept = read(SOURCE, tmp_path, person="who", keep=["words"])["answers"]
    assert kept.filter(pl.col("item") == "words")["value_text"].to_list() == ["Jane came"]


def test_a_central_table_goes_with_the_form_of_its_name(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "form.xml").write_text(XFORM)
    (tmp_path / "diary.csv").write_text("SubmissionDate,pain,mood,KEY\n2024-03-01T23:30:00Z,4,1,k\n,5,1,k2\n2024-03-02,x,9,k3\n")
    found = read(SOURCE, tmp_path, subject="p", zone="Europe/Berlin")
    assert found["answers"].select("item", "value", "value_text").rows() == [("pain", 4.0, None), ("mood", 1.0, "low")]
    assert [str(day) for day in found["answers"]["day"].unique()] == ["2024-03-02"]
    assert found.skipped[UNDATED] == 2
    assert found["quarantine"]["line"].to_list() == [4, 4]


def test_settings_are_checked(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "form.xml").write_text(XFORM)
    with pytest.raises(SettingsError, match="keep is a list"):
        read(SOURCE, tmp_path, keep="words")
    with pytest.raises(SettingsError, match="does not know"):
        read(SOURCE, tmp_path, who="words")


def test_a_workbook_that_is_a_bomb_is_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/_rels/workbook.xml.rels", b" " * 30_000_000)
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(SourceError, match="zip bomb"):
        xlsform(data.getvalue(), "bomb.xlsx")


@settings(deadline=None, max_examples=50)
@given(cut=st.floats(0, 1), data=st.binary(max_size=20))
def test_any_cut_of_a_form_is_a_form_or_a_source_error(cut: float, data: bytes) -> None:
    whole = XFORM.encode()
    place = int(cut * len(whole))
    for damaged in (whole[:place], whole[:place] + data + whole[place:]):
        try:
            assert xform(damaged, "x").name
        except SourceError as error:
            assert "damaged" in error.reason or "no instance" in error.reason  # noqa: PT017


def test_it_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "form.xml").write_text(XFORM)
    source = SOURCES.get(SOURCE)
    assert source.recognise(tmp_path / "form.xml", XFORM.encode()) == 0.7
    assert source.recognise(tmp_path, b"") == 0.85
