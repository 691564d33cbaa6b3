"""OBO: names, exact synonyms and parents of terms in use; escapes, comments and faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sources.vocabularies.samples import OBO

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.obo import read_obo
from heedful.sources.vocabularies.reading import read_vocabulary


def test_names_and_exact_synonyms(tmp_path: Path) -> None:
    path = tmp_path / "small.obo"
    path.write_text(OBO)
    file = read_vocabulary(path, "symptom")
    assert file.terms.select("term", "code").rows() == [
        ("All", "X:1"),
        ("Head pain", "X:2"),
        ("Side {left} ache", "X:3"),
        ("Mild", "X:4"),
        ('head "ache"', "X:2"),
        ("cephalgia", "X:2"),
    ]
    assert set(file.terms["type"]) == {"symptom"}
    assert (file.source, file.version, file.licence) == ("x", "x/releases/2025-01-16", "https://example.org/license")
    assert file.left_out == {"not an exact synonym, or an abbreviation": 2, "named so by an earlier concept": 1}


def test_below_takes_one_branch() -> None:
    file = read_obo(Path("small.obo"), OBO, "symptom", "X:2")
    assert file.terms.rows() == [
        ("Side {left} ache", "X:3", "Side {left} ache", "symptom"),
        ("cephalgia", "X:3", "Side {left} ache", "symptom"),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "below", "said"),
    [
        (OBO, "", "", "--type"),
        (OBO, "drug", "X:9", "no concept X:9"),
        (OBO, "drug", "X:4", "no concept in use"),
        ("format-version: 1.2\n\n[Term]\nid: X:1\n", "drug", "", "line 3: a term has no name"),
        ("format-version: 1.2\n\n[Term]\nid: X:1\nname\n", "drug", "", "line 5: 'name' is not a tag"),
        ("format-version: 1.2\n\n[Term]\nid: X:1\nname: a\nsynonym: b EXACT []\n", "drug", "", "line 6: a synonym is not in quotes"),
    ],
)
def test_faults_are_named(text: str, kind: str, below: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read_obo(Path("small.obo"), text, kind, below)


def test_broken_stanzas_are_named_and_the_rest_is_kept() -> None:
    file = read_obo(Path("small.obo"), OBO.replace("name: Mild", "nome Mild") + "\n[Term]\nid: X:9\nname: Kept\n", "symptom")
    assert "Kept" in file.terms["term"].to_list()
    assert "Mild" not in file.terms["term"].to_list()
    assert ["'nome Mild' is not a tag" in file.broken[0], "a term has no name" in file.broken[1]] == [True, True]


def test_xrefs_and_skos_matches_are_crosswalks() -> None:
    more = 'name: Mild\nxref: UMLS:C1\nxref: http://x.org/1\nxref: MSH:D2 {source="x"} ! two\nproperty_value: skos:closeMatch HP:3\n'
    file = read_obo(Path("small.obo"), OBO.replace("name: Mild\n", more), "symptom")
    assert file.crosswalks.rows() == [
        ("X:4", "UMLS", "C1", "xref"), ("X:4", "MSH", "D2", "xref"), ("X:4", "HP", "3", "close"), ("X:2", "X", "3", "same name"),
    ]  # fmt: skip


def test_an_ontology_may_state_no_licence() -> None:
    assert read_obo(Path("small.obo"), "format-version: 1.2\n\n[Term]\nid: X:1\nname: a b\n", "symptom").licence == ""
