"""PharmCAT's own example report: every annotation, and what is no report."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SourceError
from heedful.sources.recognise import recognise

EXAMPLE = "interop/pharmgx/pharmcat.example.report.json.gz"


def test_the_example_report(shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    report = json.loads(gzip.decompress((shared_data / EXAMPLE).read_bytes()))
    rows = read("records.pharmcat", shared_data / EXAMPLE, subject="me")["records"]
    told = sum(len(one["annotations"]) for drugs in report["drugs"].values() for drug in drugs.values() for one in drug["guidelines"])
    assert rows.height == told == 181
    clopidogrel = rows.filter(pl.col("code") == "clopidogrel").row(0, named=True)
    assert "CYP2C19 *38/*38 (Normal Metabolizer)" in clopidogrel["display"]
    assert str(clopidogrel["day"]) == "2025-11-14"
    document = json.loads(clopidogrel["json"])
    assert document["valueString"].startswith("If considering clopidogrel, use at standard dose (75 mg/day) Other Considerations")
    assert document["heedful"]["version"] == "2025-11-05"


@pytest.mark.parametrize("kind", ["match", "phenotype"])
def test_matches_and_phenotypes_are_a_record_a_gene(kind: str, shared_data: Path, read: Callable[..., Any]) -> None:
    path = shared_data / f"interop/pharmgx/pharmcat.example.{kind}.json.gz"
    assert [hit.source for hit in recognise(path)] == ["records.pharmcat"]
    answer = json.loads(gzip.decompress(path.read_bytes()))
    found = read("records.pharmcat", path, subject="me")
    told = found["records"]
    genes = [one["gene"] for one in answer["results"]] if kind == "match" else list(answer["geneReports"])
    assert told["code"].to_list() == genes
    assert found["quarantine"].is_empty()
    cyp = told.filter(pl.col("code") == "CYP2C19").row(0, named=True)
    assert cyp["display"] == ("CYP2C19 *38/*38" if kind == "match" else "CYP2C19 *38/*38 (Normal Metabolizer)")
    assert str(cyp["day"]) == "2025-11-14"
    assert "88131171" not in " ".join(told["json"])  # no position of the genome


def test_it_is_known_by_its_content_and_not_by_its_name(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(gzip.decompress((shared_data / EXAMPLE).read_bytes()))
    assert [hit.source for hit in recognise(tmp_path / "x.json")] == ["records.pharmcat"]


@pytest.mark.parametrize(
    ("text", "why"), [("{", "not complete JSON"), ('{"pharmcatVersion": "3"}', "has no drugs"), ("[]", "has no drugs")]
)
def test_what_is_no_report_is_refused(text: str, why: str, tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "report.json").write_text(text, "utf-8")
    with pytest.raises(SourceError, match=why):
        read("records.pharmcat", tmp_path / "report.json", subject="me")
