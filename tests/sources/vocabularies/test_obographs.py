"""Obographs JSON: the same ontology gives the same terms as in OBO; faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.sources.vocabularies.samples import OBO, OBOGRAPHS

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.obo import read_obo
from heedful.sources.vocabularies.obographs import read_obographs
from heedful.sources.vocabularies.reading import read_vocabulary


@pytest.mark.parametrize("below", ["", "X:2"])
def test_both_formats_give_the_same_terms(below: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(OBOGRAPHS))
    file, same = read_vocabulary(path, "symptom", below), read_obo(Path("x.obo"), OBO, "symptom", below)
    assert file.terms.equals(same.terms)
    assert (file.version, file.licence, file.left_out) == (same.version, same.licence, same.left_out)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "not valid JSON"),
        ("{}", "no obographs"),
        ({"graphs": [{"edges": [{"pred": "is_a"}]}]}, "an edge lacks"),
        ({"graphs": [{"nodes": [{"type": "CLASS", "lbl": "a"}]}]}, "node 1"),
        ({"graphs": [{"nodes": [{"id": "a", "type": "CLASS", "lbl": "a", "meta": {"synonyms": [{"val": "b"}]}}]}]}, "node 1"),
        ({"graphs": [{"nodes": []}]}, "no concept in use"),
    ],
)
def test_faults_are_named(document: Any, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read_obographs(Path("x.json"), document if isinstance(document, str) else json.dumps(document), "symptom")
