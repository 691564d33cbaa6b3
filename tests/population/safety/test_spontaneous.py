"""Spontaneous reports: VAERS as downloaded, by the same measures as public telling, apart from it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.population.safety.spontaneous import spontaneous_signals
from heedful.sources.vaers import read_vaers

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "interop" / "vaers"


def write(folder: Path) -> None:
    (folder / "2021VAERSVAX.csv").write_text("VAERS_ID,VAX_TYPE,VAX_NAME\n1,FLU,FLU (A)\n1,FLU,FLU (A)\n2,FLU,FLU (A)\n3,HPV,\n")
    (folder / "2021VAERSSYMPTOMS.csv").write_text(
        "VAERS_ID,SYMPTOM1,SYMPTOM2,SYMPTOM3,SYMPTOM4,SYMPTOM5\n1,Rash,Fever,,,\n1,Rash,,,,\n3,Fever,,,,\n"
    )


def test_a_report_counts_once_for_each_vaccine_and_term(tmp_path: Path) -> None:
    write(tmp_path)
    rows = read_vaers(tmp_path).select("person", "drug", "effect").rows()
    assert rows == [("1", "FLU (A)", "Fever"), ("1", "FLU (A)", "Rash"), ("2", "FLU (A)", ""), ("3", "HPV", "Fever")]


def test_files_that_are_not_there_or_not_those(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no VAERSVAX file"):
        read_vaers(tmp_path)
    write(tmp_path)
    (tmp_path / "2021VAERSVAX.csv").write_text("ID,NAME\n1,x\n")
    with pytest.raises(SourceError, match="no column VAERS_ID"):
        read_vaers(tmp_path)


@pytest.mark.real
def test_the_download_of_2021() -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"no VAERS download in {FOLDER}")
    reports = read_vaers(FOLDER)
    found = spontaneous_signals(reports)
    assert found.height > 50
    pair = found.row(0, named=True)
    drug, effect = reports.filter(pl.col("drug") == pair["drug"]), reports.filter(pl.col("effect") == pair["effect"])
    both = drug.join(effect.select("person"), on="person", how="semi").filter(pl.col("effect") == pair["effect"])["person"].n_unique()
    drugs, others = drug["person"].n_unique(), reports.select("person", "drug").n_unique() - drug["person"].n_unique()
    elsewhere = effect.filter(pl.col("drug") != pair["drug"]).select("person", "drug").n_unique()
    assert pair["reports"] == both
    if elsewhere:
        assert pair["prr"] == pytest.approx((both / drugs) / (elsewhere / others))


def test_a_drug_that_floods_an_effect_masks_another_and_is_named() -> None:
    """90 of 100 reports of X and 4 of 10 of Y tell of it, 6 of 890 others do: without X, 0.1 of Y's would be expected."""
    told = [("X", "rash" if n < 90 else "") for n in range(100)] + [("Y", "rash" if n < 4 else "") for n in range(10)]
    told += [("Z", "rash" if n < 6 else "") for n in range(890)]
    rows = [(str(n), drug, effect, "vaers") for n, (drug, effect) in enumerate(told)]
    found = spontaneous_signals(pl.DataFrame(rows, schema=["person", "drug", "effect", "source"], orient="row"))
    masked = found.row(by_predicate=pl.col("drug") == "Y", named=True)
    assert masked["masked_by"] == "X"
    assert masked["expected_without"] == pytest.approx(10 * 10 / 900)
    assert found.row(by_predicate=pl.col("drug") == "X", named=True)["masked_by"] == ""
    assert masked["ic_low"] < masked["ic"]
    assert masked["ebgm"] is None  # three pairs teach nothing
