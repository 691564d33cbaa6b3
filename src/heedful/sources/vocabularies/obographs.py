"""An ontology as an obographs JSON document: its classes in use, with labels, exact synonyms and parents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import orjson

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.concepts import Concept, VocabularyFile, concept_crosswalks, curie, ontology_terms

_AGAIN = "Download it again, or export it as obographs JSON (robot convert --format json)."


def read_obographs(path: Path, text: str, kind: str, below: str = "") -> VocabularyFile:
    """Terms of the classes that are not deprecated; see `ontology_terms`. Raises `SourceError` naming the node that is broken.

    A class of a graph that has no label belongs to another ontology, and is not read.
    """
    graphs = _graphs(path, text)
    concepts = [concept for graph in graphs for concept in _concepts(path, graph)]
    terms, left_out = ontology_terms(path, concepts, kind, below)
    about = graphs[0].get("meta") or {}
    said = {entry.get("pred", "").rsplit("/", 1)[-1]: str(entry.get("val", "")) for entry in about.get("basicPropertyValues", [])}
    crosswalks = concept_crosswalks(concepts, terms)
    return VocabularyFile(terms, str(graphs[0].get("id", "")), str(about.get("version", "")), said.get("license", ""), left_out, crosswalks)


def code_of(iri: str) -> str:
    """The short code of an IRI of the OBO library; any other IRI stays as it is.

    >>> code_of("http://purl.obolibrary.org/obo/HP_0002315")
    'HP:0002315'
    """
    found = re.search(r"/obo/([A-Za-z][A-Za-z_]*?)_(\w+)$", iri)
    return f"{found[1]}:{found[2]}" if found else iri


def _graphs(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise SourceError(path, f"it is not valid JSON ({error})", _AGAIN, line) from error
    graphs = document.get("graphs") if isinstance(document, dict) else None
    if not isinstance(graphs, list) or not graphs or not all(isinstance(graph, dict) for graph in graphs):
        raise SourceError(path, "it is JSON without a list of graphs, so it is no obographs document", _AGAIN)
    return graphs


def _concepts(path: Path, graph: dict[str, Any]) -> list[Concept]:
    parents: dict[str, list[str]] = {}
    try:
        for edge in graph.get("edges", []):
            if edge["pred"] == "is_a":
                parents.setdefault(edge["sub"], []).append(code_of(edge["obj"]))
    except (KeyError, TypeError) as error:
        raise SourceError(path, "an edge lacks sub, pred or obj", _AGAIN) from error
    found = []
    for number, node in enumerate(graph.get("nodes", []), start=1):
        try:
            if node.get("type") == "CLASS" and node.get("lbl") and not (node.get("meta") or {}).get("deprecated"):
                found.append(_concept(node, parents.get(node["id"], [])))
        except (KeyError, TypeError, AttributeError) as error:
            raise SourceError(path, f"node {number} has no id, or a synonym without pred and val", _AGAIN) from error
    return found


def _concept(node: dict[str, Any], parents: list[str]) -> Concept:
    synonyms = (node.get("meta") or {}).get("synonyms", [])
    exact = [_plain(one["val"]) for one in synonyms if one["pred"] == "hasExactSynonym" and not _abbreviated(one)]
    other = [curie(code_of(str(one["val"]))) for one in (node.get("meta") or {}).get("xrefs", [])]
    matches = tuple((*found, "xref") for found in other if found)
    return Concept(code_of(node["id"]), _plain(node["lbl"]), tuple(exact), tuple(parents), len(synonyms) - len(exact), matches)


def _abbreviated(synonym: dict[str, Any]) -> bool:
    return re.search("abbreviation|obsolete", str(synonym.get("synonymType", ""))) is not None


def _plain(value: str) -> str:
    return " ".join(value.split())
