"""FAERS quarters: newest version of a case, deleted and repeated cases once, suspect drugs only, bad files named. No real quarter was at hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import SourceError
from heedful.population.safety.spontaneous import spontaneous_signals
from heedful.sources.faers import is_faers, read_faers

DEMO = "primaryid$caseid$caseversion$i_f_code$event_dt$fda_dt$age$age_cod$sex$occr_country"
DRUG = "primaryid$caseid$drug_seq$role_cod$drugname$prod_ai"
REAC = "primaryid$caseid$pt$drug_rec_act"
NONE = "$$$$"


def case(number: int, version: int = 1, fda: str = "20230105", told: str = NONE) -> str:
    event, age, code, sex, country = told.split("$")
    return f"{number}{version}${number}${version}$I${event}${fda}${age}${code}${sex}${country}"


def quarter(folder: Path, cases: list[str], drugs: list[str], reactions: list[str], name: str = "23Q1", deleted: str = "") -> Path:
    ascii_ = folder / "ASCII"
    ascii_.mkdir(parents=True, exist_ok=True)
    for kind, head, lines in (("DEMO", DEMO, cases), ("DRUG", DRUG, drugs), ("REAC", REAC, reactions)):
        (ascii_ / f"{kind}{name}.txt").write_text("\r\n".join([head, *lines]) + "\r\n", encoding="latin-1")
    if deleted:
        (folder / "Deleted").mkdir(exist_ok=True)
        (folder / "Deleted" / f"ADR{name}DeletedCases.txt").write_text(deleted)
    return folder


def test_pairs_are_of_suspect_drugs_by_their_ingredient(tmp_path: Path) -> None:
    drugs = ["101$10$1$PS$Zoloft 50$SERTRALINE", "101$10$2$C$Aspirin$ASPIRIN", "101$10$3$I$Grapefruit  juice$"]
    path = quarter(tmp_path, [case(10)], drugs, ["101$10$Nausea$", '101$10$"Rash"$'])
    assert is_faers(path)
    read = read_faers(path)
    assert [row[:3] for row in read.rows.rows()] == [
        ("10", "GRAPEFRUIT JUICE", '"RASH"'), ("10", "GRAPEFRUIT JUICE", "NAUSEA"), ("10", "SERTRALINE", '"RASH"'), ("10", "SERTRALINE", "NAUSEA"),
    ]  # fmt: skip
    assert set(read_faers(path, concomitant=True).rows["drug"]) == {"SERTRALINE", "ASPIRIN", "GRAPEFRUIT JUICE"}
    assert set(read.rows["source"]) == {"faers"}


def test_the_version_received_last_stays_over_all_quarters(tmp_path: Path) -> None:
    quarter(tmp_path, [case(10), case(11)], ["101$10$1$PS$x$A", "111$11$1$PS$x$B"], ["101$10$Rash$", "111$11$Rash$"])
    path = quarter(tmp_path, [case(10, 2, "20230501")], ["102$10$1$PS$x$A"], ["102$10$Fever$"], "23Q2")
    read = read_faers(path)
    assert [row[:3] for row in read.rows.rows()] == [("10", "A", "FEVER"), ("11", "B", "RASH")]
    assert (read.reports, read.older) == (2, 1)


def test_deleted_and_repeated_cases_count_once_or_not_at_all(tmp_path: Path) -> None:
    same = "20221201$40$YR$F$US"
    cases = [case(n, told=told) for n, told in ((10, same), (11, same), (12, NONE), (13, NONE), (14, NONE))]
    drugs = [f"{n}1${n}$1$PS$x$A" for n in (10, 11, 12, 13)] + ["141$14$1$C$x$A"]
    read = read_faers(quarter(tmp_path, cases, drugs, [f"{n}1${n}$Rash$" for n in range(10, 15)], deleted="13\n"))
    assert set(read.rows["person"]) == {"10", "12"}  # what is not known is no sign that two are one
    assert (read.reports, read.repeated, read.deleted, read.without_drug) == (3, 1, 1, 1)


def test_a_zip_is_read_as_its_folder(tmp_path: Path) -> None:
    folder = quarter(tmp_path / "q", [case(10)], ["101$10$1$PS$x$A"], ["101$10$Rash$"])
    with zipfile.ZipFile(tmp_path / "faers_ascii_2023q1.zip", "w") as packed:
        for file in folder.rglob("*.txt"):
            packed.write(file, file.relative_to(folder))
    assert read_faers(tmp_path / "faers_ascii_2023q1.zip").rows.equals(read_faers(folder).rows)


def test_a_zip_that_would_explode_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "faers.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("ASCII/DEMO23Q1.txt", DEMO + "\n" + "0" * 20_000_000)
    with pytest.raises(SourceError, match="zip bomb"):
        read_faers(tmp_path / "faers.zip")


def test_what_cannot_be_read_is_named_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="it is not there"):
        read_faers(tmp_path / "nowhere")
    (tmp_path / "DEMO12Q2.TXT").write_text("ISR$CASE\n1$2\n")
    with pytest.raises(SourceError, match=r"DEMO12Q2.TXT.*no column primaryid.*2012Q4 or later"):
        read_faers(tmp_path)
    path = quarter(tmp_path / "b", [case(10)], ["101$10$1$PS$x$A$too$many"], ["101$10$Rash$"])
    with pytest.raises(SourceError, match="DRUG23Q1"):
        read_faers(path)


def test_a_pair_told_of_too_often_stands_first_by_command(tmp_path: Path) -> None:
    cases, drugs, reactions = [], [], []
    for n in range(100, 400):
        drug, effect = f"D{n % 15}", "Rash" if (n % 15 == 3 and n % 2) or n % 20 == 0 else f"E{n % 17}"
        cases.append(case(n))
        drugs.append(f"{n}1${n}$1$PS$x${drug}")
        reactions.append(f"{n}1${n}${effect}$")
    path = quarter(tmp_path, cases, drugs, reactions)
    found = spontaneous_signals(read_faers(path).rows)
    first = found.row(0, named=True)
    assert (first["drug"], first["effect"], first["by_prr"], first["by_ror"]) == ("D3", "RASH", True, True)
    assert first["ic_low"] > 0
    assert 0 < first["eb05"] < first["ebgm"] < first["prr"]
    shown = CliRunner().invoke(app, ["safety", "spontaneous", str(path)])
    assert shown.exit_code == 0
    assert "300 reports; left out 0 older versions, 0 repeated and 0 deleted reports." in " ".join(shown.output.split())
