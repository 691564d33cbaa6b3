"""Dispensing tables: AdhereR's data, dates in other forms, and rows that supply nothing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import SOURCES

Read = Callable[..., Any]
CSV = Callable[..., Path]
DISPENSING = "records.dispensing"
HEAD = "PATIENT_ID,DATE,PERDAY,CATEGORY,DURATION"


def rows_of(path: Path) -> pl.DataFrame:
    return pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema_length=None)


@pytest.mark.real
def test_adherer_events(shared_data: Path, read: Read) -> None:
    """1,080 events of 100 patients (as AdhereR documents med.events), every day and supply as polars reads them."""
    path = shared_data / "behavior/dispensing/med_events.csv.gz"
    got, plain = read(DISPENSING, path), rows_of(path)
    rows = got["dispensings"]
    assert (rows.height, rows["person"].n_unique(), got["quarantine"].height) == (1080, 100, 0)
    assert rows["dispensed_on"].to_list() == plain["DATE"].str.to_date().to_list()
    assert rows["days_supplied"].to_list() == plain["DURATION"].to_list()
    assert rows["daily_dose"].to_list() == plain["PERDAY"].to_list()
    assert set(rows["drug_system"]) == {"local"}
    assert rows.select("person", "drug", "dispensed_on", "row").is_duplicated().sum() == 0


@pytest.mark.real
def test_adherer_events_in_its_own_date_form(shared_data: Path, tmp_path: Path, read: Read) -> None:
    """AdhereR writes month/day/year: the same rows come out, the order of day and month found from the rows together."""
    path = shared_data / "behavior/dispensing/med_events.csv.gz"
    slashed = rows_of(path).with_columns(pl.col("DATE").str.to_date().dt.strftime("%m/%d/%Y"))
    slashed.write_csv(tmp_path / "us.csv")
    assert read(DISPENSING, tmp_path / "us.csv")["dispensings"].equals(read(DISPENSING, path)["dispensings"])
    assert SOURCES.get(DISPENSING).recognise(tmp_path / "us.csv", (tmp_path / "us.csv").read_bytes()) == 0.9


@pytest.mark.real
def test_adherer_atc_and_durcomp(shared_data: Path, read: Read) -> None:
    folder = shared_data / "behavior/dispensing"
    atc, durcomp = read(DISPENSING, folder / "med_events_atc.csv.gz"), read(DISPENSING, folder / "durcomp_dispensing.csv.gz")
    assert (atc["dispensings"].height, durcomp["dispensings"].height) == (1564, 1794)
    assert set(atc["dispensings"]["drug_system"]) == {"ATC"} == set(durcomp["dispensings"]["drug_system"])
    assert durcomp["dispensings"]["days_supplied"].null_count() == 1794
    assert durcomp["dispensings"]["quantity"].sum() == rows_of(folder / "durcomp_dispensing.csv.gz")["TOTAL.DOSE"].sum()
    assert '"UNIT":"MG"' in durcomp["dispensings"]["extra"][0]
    for other in ("durcomp_prescribing", "durcomp_hospitalisation"):
        with pytest.raises(SourceError, match="dispensed_on"):
            read(DISPENSING, folder / f"{other}.csv.gz")


def test_rows_that_supply_nothing_are_set_aside(csv: CSV, read: Read) -> None:
    bad = ["1,2024-01-13,1,a,0", "1,2024-01-13,1,a,-3", "1,2024-01-13,1,a,thirty", "1,2024-13-13,1,a,30", "1,,1,a,30", ",2024-01-13,1,a,30"]
    got = read(DISPENSING, csv(HEAD, "1,2024-01-13,1,a,30", *bad, "1,2024-01-14,1,a,"))
    assert got["dispensings"]["days_supplied"].to_list() == [30, None]
    assert got["quarantine"]["line"].to_list() == [3, 4, 5, 6, 7, 8]
    assert "zero or negative" in got["quarantine"]["reason"][0]
    assert got["quarantine"]["content"][2] == "1,2024-01-13,1,a,thirty"


def test_two_packs_on_a_day_are_two_rows(csv: CSV, read: Read) -> None:
    got = read(DISPENSING, csv(HEAD, "1,2024-01-13,1,a,30", "1,2024-01-13,1,b,30", "1,2024-01-13,1,a,30"))
    assert got["dispensings"].select("drug", "row").rows() == [("a", 0), ("b", 0), ("a", 1)]


def test_a_declared_mapping(csv: CSV, read: Read) -> None:
    path = csv("wer;was;wann;wieviel;Name", "7;11289;05.02.2024;30,5;Jane Doe")
    columns = {"person": "wer", "drug": "was", "dispensed_on": "wann", "days_supplied": "wieviel"}
    got = read(DISPENSING, path, columns=columns, decimal=",", drug_system="PZN")
    row = got["dispensings"].row(0, named=True)
    assert (row["person"], row["drug_system"], row["dispensed_on"], row["days_supplied"]) == ("7", "PZN", date(2024, 2, 5), 30.5)
    assert "Jane" not in str(row)


def test_dates_that_could_be_either_way_round_are_refused(csv: CSV, read: Read) -> None:
    path = csv(HEAD, "1,01/02/2024,1,a,30", "1,03/04/2024,1,a,30")
    with pytest.raises(SourceError, match="which number is the month"):
        read(DISPENSING, path)
    assert read(DISPENSING, path, date_format="%d/%m/%Y")["dispensings"]["day"].to_list() == [date(2024, 2, 1), date(2024, 4, 3)]


@pytest.mark.parametrize(
    "settings", [{"colums": {}}, {"columns": {"pill": "CATEGORY"}}, {"columns": "x"}, {"date_format": "iso"}, {"decimal": ";"}]
)
def test_wrong_settings_name_the_cure(csv: CSV, read: Read, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        read(DISPENSING, csv(HEAD, "1,2024-01-13,1,a,30"), **settings)


@pytest.mark.parametrize("head", ["id,text,date", "Id,ActivityDate,TotalSteps", "PATIENT_ID,DATE,CATEGORY", HEAD])
def test_other_tables_are_not_recognised(head: str) -> None:
    assert SOURCES.get(DISPENSING).recognise(Path("dispensing.csv"), f"{head}\n1,yesterday,3,x,y\n".encode()) == 0.0
