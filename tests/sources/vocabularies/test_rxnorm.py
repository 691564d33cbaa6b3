"""RxNorm: names by source and type, brands under their ingredient, suppressed and broken rows, codes of other sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.reading import read_vocabulary


def name(cui: str, kind: str, words: str, source: str = "RXNORM", code: str = "", suppressed: str = "N", language: str = "ENG") -> str:
    return f"{cui}|{language}||||||A{cui}{kind}||{cui}||{source}|{kind}|{code or cui}|{words}||{suppressed}|4096|"


def relation(first: str, second: str, kind: str, suppressed: str = "") -> str:
    return f"{first}||CUI|RO|{second}||CUI|{kind}|1||RXNORM|RXNORM||||4096|".replace("||||4096", f"|||{suppressed}|4096")


NAMES = [
    name("36437", "IN", "sertraline"), name("155137", "PIN", "sertraline hydrochloride"), name("82728", "BN", "Zoloft"), name("36437", "SY", "sertralin"),
    name("312940", "SCD", "sertraline 50 MG Oral Tablet"), name("9", "IN", "oldcaine", suppressed="O"), name("1", "IN", "amlodipine"),
    name("2", "IN", "benazepril"), name("3", "BN", "Lotrel"), name("36437", "IN", "Sertralin", "RXNORM", language="GER"),
    name("36437", "IN", "Sertraline", "ATC", "N06AB06"), name("36437", "MH", "Sertraline", "MSH", "D020280"), name("36437", "PT", "setraline x", "DRUGBANK", "NOCODE"),
]  # fmt: skip
RELATIONS = [
    relation("36437", "82728", "tradename_of"), relation("155137", "36437", "has_form"), relation("36437", "155137", "form_of"),
    relation("1", "3", "tradename_of"), relation("3", "2", "has_tradename"), relation("2", "82728", "tradename_of", "Y"),
]  # fmt: skip


@pytest.fixture
def release(tmp_path: Path) -> Path:
    (tmp_path / "RXNCONSO.RRF").write_text("\n".join([*NAMES, ""]))
    (tmp_path / "RXNREL.RRF").write_text(
        "\n".join([*RELATIONS[:3], relation("1", "3", "tradename_of"), relation("2", "3", "tradename_of"), ""])
    )
    return tmp_path


def test_brands_and_salts_are_names_of_their_one_ingredient(release: Path) -> None:
    for path in (release, release / "RXNCONSO.RRF"):
        file = read_vocabulary(path)
        named = dict(file.terms.select("term", "code").rows())
        assert named == {
            "sertraline": "RXNORM:36437", "sertralin": "RXNORM:36437", "Zoloft": "RXNORM:36437", "sertraline hydrochloride": "RXNORM:36437",
            "amlodipine": "RXNORM:1", "benazepril": "RXNORM:2", "Lotrel": "RXNORM:3",
        }  # fmt: skip
        assert set(file.terms["type"]) == {"drug"}
        assert dict(file.terms.select("term", "label").rows())["Zoloft"] == "sertraline"
    assert file.left_out["suppressed by NLM"] == 1
    assert file.left_out["in another language than English"] == 1
    assert file.broken == ()


def test_crosswalks_of_brands_and_other_sources(release: Path) -> None:
    rows = set(read_vocabulary(release).crosswalks.rows())
    assert {("RXNORM:82728", "RXNORM", "36437", "ingredient"), ("RXNORM:36437", "RXNORM", "82728", "brand")} <= rows
    assert {("RXNORM:3", "RXNORM", "1", "ingredient"), ("RXNORM:3", "RXNORM", "2", "ingredient")} <= rows
    assert {("RXNORM:36437", "ATC", "N06AB06", "exact"), ("RXNORM:36437", "MSH", "D020280", "exact")} <= rows
    assert not any(system == "DRUGBANK" for _, system, _, _ in rows)


def test_without_relations_a_brand_is_a_concept_of_its_own(release: Path) -> None:
    (release / "RXNREL.RRF").unlink()
    assert dict(read_vocabulary(release).terms.select("term", "code").rows())["Zoloft"] == "RXNORM:82728"


def test_other_sources_may_be_chosen(release: Path) -> None:
    assert read_vocabulary(release, names=("ATC",)).terms.rows() == [("Sertraline", "RXNORM:36437", "Sertraline", "drug")]
    with pytest.raises(SourceError, match="no name is of the sources XYZ"):
        read_vocabulary(release, names=("XYZ",))


def test_broken_rows_are_named_and_the_rest_is_kept(release: Path) -> None:
    path = release / "RXNCONSO.RRF"
    path.write_text("\n".join([NAMES[0], "82728|ENG|broken|", NAMES[6]]))
    file = read_vocabulary(path)
    assert file.terms["term"].to_list() == ["sertraline", "amlodipine"]
    assert len(file.broken) == 1
    assert "RXNCONSO.RRF, line 2: there are 3 fields where 18 should be" in file.broken[0]
    with pytest.raises(SourceError, match="Leave out --type"):
        read_vocabulary(path, "symptom")
