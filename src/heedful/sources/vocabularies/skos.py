"""A SKOS vocabulary in RDF/XML, Turtle or N-Triples: concepts with labels, hierarchy and matches."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.concepts import Concept, VocabularyFile, concept_crosswalks, curie, ontology_terms
from heedful.sources.vocabularies.obographs import code_of
from heedful.sources.vocabularies.triples import RDF, Statement, Text

SKOS = "http://www.w3.org/2004/02/skos/core#"
_XL_FORM = "http://www.w3.org/2008/05/skos-xl#literalForm"
_NEAR = {f"{SKOS}{name}Match": name for name in ("exact", "close", "broad", "narrow", "related")}
_ABOUT = {
    "licence": ("http://purl.org/dc/terms/license", "http://purl.org/dc/terms/rights", "http://purl.org/dc/elements/1.1/rights"),
    "version": ("http://www.w3.org/2002/07/owl#versionInfo", "http://purl.org/dc/terms/modified", "http://purl.org/dc/terms/issued"),
    "source": ("http://purl.org/dc/terms/title", "http://purl.org/dc/elements/1.1/title", f"{SKOS}prefLabel"),
}


@dataclass
class _Found:
    """What is said of one subject."""

    line: int = 0
    is_concept: bool = False
    deprecated: bool = False
    preferred: list[Text] = field(default_factory=list[Text])
    alternative: list[Text] = field(default_factory=list[Text])
    hidden: int = 0
    notation: str = ""
    parents: list[str] = field(default_factory=list[str])
    matches: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def read_skos(path: Path, statements: Iterable[Statement], kind: str, below: str = "", language: str = "en") -> VocabularyFile:
    """Terms of the concepts: preferred labels, then alternative ones, in `language` (or without one).

    A concept's code is its notation, else the short form of its address. `broader`, `broaderTransitive` and the inverse of `narrower` make
    the hierarchy. A concept without a label in the language is counted as left out. Raises `SourceError` if there is no concept.
    """
    found = defaultdict[str, _Found](_Found)
    about = defaultdict[str, list[tuple[str, str]]](list)
    schemes, forms = list[str](), dict[str, Text]()
    for subject, predicate, value, line in statements:
        if predicate == RDF + "type" and value == SKOS + "ConceptScheme":
            schemes.append(subject)
        elif isinstance(value, Text) and predicate == _XL_FORM:
            forms[subject] = value
        else:
            _take(found, subject, predicate, value, line)
        about[subject].append((predicate, value.value if isinstance(value, Text) else value))
    concepts, unnamed = _concepts(found, forms, language)
    if not concepts:
        raise SourceError(
            path,
            "it is RDF without a SKOS concept"
            if not unnamed
            else f"none of its {unnamed:,} concepts has a label in the language {language!r}",
            "Give a SKOS vocabulary, with skos:prefLabel." if not unnamed else "Choose another file, or --language.",
        )
    terms, left_out = ontology_terms(path, concepts, kind, below)
    said = {what: _first(about, schemes, names) for what, names in _ABOUT.items()}
    left_out |= {f"without a label in the language {language!r}": unnamed} if unnamed else {}
    return VocabularyFile(terms, said["source"], said["version"], said["licence"], left_out, concept_crosswalks(concepts, terms))


def _take(found: dict[str, _Found], subject: str, predicate: str, value: str | Text, line: int) -> None:
    name = predicate.removeprefix(SKOS) if predicate.startswith(SKOS) else predicate.rsplit("#", 1)[-1].rsplit("/", 1)[-1]
    skos = predicate.startswith((SKOS, "http://www.w3.org/2008/05/skos-xl#"))
    if isinstance(value, Text):
        if skos and name in ("prefLabel", "altLabel"):
            one = found[subject]
            one.line = one.line or line
            (one.preferred if name == "prefLabel" else one.alternative).append(value)
        elif skos and name == "hiddenLabel":
            found[subject].hidden += 1
        elif skos and name == "notation":
            found[subject].notation = found[subject].notation or value.value.strip()
        elif name == "deprecated" and value.value == "true":
            found[subject].deprecated = True
    elif predicate == RDF + "type":
        found[subject].is_concept |= value == SKOS + "Concept"
    elif predicate in _NEAR:
        found[subject].matches.append((value, _NEAR[predicate]))
    elif skos and name in ("broader", "broaderTransitive", "broaderGeneric"):
        found[subject].parents.append(value)
    elif skos and name == "narrower":
        found[value].parents.append(subject)
    elif skos and name in ("prefLabel", "altLabel"):  # SKOS-XL: the label is a node of its own
        (found[subject].preferred if name == "prefLabel" else found[subject].alternative).append(Text("\0" + value))


def _concepts(found: dict[str, _Found], forms: dict[str, Text], language: str) -> tuple[list[Concept], int]:
    """Concepts in use that have a label, and how many have none."""

    def spoken(labels: list[Text]) -> list[str]:
        whole = [forms.get(label.value[1:], Text("")) if label.value.startswith("\0") else label for label in labels]
        own = [one for one in whole if one.language.lower().split("-")[0] == language] or [one for one in whole if not one.language]
        return [" ".join(one.value.split()) for one in own if one.value.strip()]

    codes = {subject: one.notation or code_of_address(subject) for subject, one in found.items()}
    concepts, unnamed = list[Concept](), 0
    for subject, one in found.items():
        if one.deprecated or not (one.is_concept or one.preferred):
            continue
        labels = spoken(one.preferred)
        if not labels:
            unnamed += 1
            continue
        names = tuple(labels[1:] + spoken(one.alternative))
        parents = tuple(codes.get(parent) or code_of_address(parent) for parent in one.parents)
        matches = tuple((*system_of(other), near) for other, near in one.matches)
        concepts.append(Concept(codes[subject], labels[0], names, parents, one.hidden, matches))
    return concepts, unnamed


def code_of_address(address: str) -> str:
    """The short form of a concept's address: an OBO code, else its last part; a blank node keeps its name.

    >>> [code_of_address(one) for one in ("http://purl.obolibrary.org/obo/HP_0002315", "https://x.org/voc/c_42", "urn:uuid:7")]
    ['HP:0002315', 'c_42', 'urn:uuid:7']
    """
    short = code_of(address)
    if short != address:
        return short
    last = re.split("[/#]", address.rstrip("/#"))[-1]
    return last or address


_SYSTEMS = (
    (r"id\.nlm\.nih\.gov/mesh/(?:\d{4}/)?", "MESH"), (r"snomed\.info/(?:id|sct/\w+/id)/", "SNOMEDCT"), (r"/obo/mondo[_/]", "MONDO"),
    (r"uts\.nlm\.nih\.gov/.*?/", "UMLS"), (r"wikidata\.org/(?:entity|wiki)/", "WIKIDATA"), (r"purl\.bioontology\.org/ontology/", ""),
    (r"identifiers\.org/", ""), (r"eurovoc\.europa\.eu/", "EUROVOC"), (r"aims\.fao\.org/aos/agrovoc/", "AGROVOC"),
)  # fmt: skip


def system_of(address: str) -> tuple[str, str]:
    """System and code of a concept elsewhere, as far as its address tells; else its site and the whole address.

    >>> system_of("http://id.nlm.nih.gov/mesh/D006261"), system_of("http://purl.obolibrary.org/obo/HP_0002315")
    (('MESH', 'D006261'), ('HP', '0002315'))
    >>> system_of("http://purl.bioontology.org/ontology/ATC/N06AB06"), system_of("https://x.org/a/7")
    (('ATC', 'N06AB06'), ('x.org', 'https://x.org/a/7'))
    """
    short = curie(code_of(address))
    if short:
        return short
    for pattern, system in _SYSTEMS:
        found = re.search(pattern + r"(.+)$", address)
        if found and system:
            return system, found[1]
        if found:
            parts = re.split("[/:]", found[1], maxsplit=1)
            if len(parts) == 2 and parts[0]:
                return parts[0].upper(), parts[1]
    site = re.match(r"\w+://([^/]+)/", address)
    return (site[1] if site else "address"), address


def _first(about: dict[str, list[tuple[str, str]]], schemes: list[str], names: tuple[str, ...]) -> str:
    said = [(names.index(name), value) for scheme in schemes for name, value in about[scheme] if name in names]
    return " ".join(min(said, key=lambda one: one[0])[1].split()) if said else ""
