"""An ontology in OBO format (1.2 and 1.4): its terms in use, with names, exact synonyms and parents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from heedful.core.errors import SourceError
from heedful.sources.vocabularies.concepts import Concept, VocabularyFile, concept_crosswalks, curie, ontology_terms

_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(EXACT|BROAD|NARROW|RELATED)?\s*([^\[]*)')
_LICENCE = re.compile(r'(?:\S*[:/])?licen[cs]e\s+(?:"(?:[^"\\]|\\.)*"|\S+)')
_ESCAPED = {"n": " ", "W": " ", "t": " "}

Tags = list[tuple[str, str, int]]
"""Tag, value and line of a stanza, in order."""


def read_obo(path: Path, text: str, kind: str, below: str = "") -> VocabularyFile:
    """Terms of the `[Term]` stanzas that are not obsolete; see `ontology_terms`.

    A broken line or stanza is set aside and named by its line. Raises `SourceError` if no concept is left.
    """
    broken, concepts = list[SourceError](), list[Concept]()
    stanzas = _stanzas(path, text, broken)
    _, header = next(stanzas)
    for name, tags in stanzas:
        if name != "Term" or ("is_obsolete", "true") in {tag[:2] for tag in tags}:
            continue
        try:
            concepts.append(_concept(path, tags))
        except SourceError as error:
            broken.append(error)
    if not concepts and broken:
        raise broken[0]
    terms, left_out = ontology_terms(path, concepts, kind, below)
    said = {tag: value for tag, value, _ in header}
    licence = next((found[0] for tag, value, _ in header if tag == "property_value" and (found := _LICENCE.match(value))), "")
    licence = licence.split(None, 1)[-1].strip('"') if licence else ""
    version = said.get("data-version", said.get("date", ""))
    crosswalks, faults = concept_crosswalks(concepts, terms), tuple(str(error) for error in broken)
    return VocabularyFile(terms, said.get("ontology", ""), version, licence, left_out, crosswalks, faults)


def _stanzas(path: Path, text: str, broken: list[SourceError]) -> Iterator[tuple[str, Tags]]:
    """The header (named '') and each stanza."""
    name, tags = "", Tags()
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            yield name, tags
            name, tags = line[1:-1], [("", "", number)]
        elif line and not line.startswith("!"):
            tag, colon, value = line.partition(":")
            if not colon:
                cure = "Correct the line, or download the file again."
                broken.append(SourceError(path, f"{line[:40]!r} is not a tag with a value", cure, number))
                continue
            tags.append((tag, value.strip(), number))
    yield name, tags


def _concept(path: Path, tags: Tags) -> Concept:
    one = {tag: _uncommented(value) for tag, value, _ in tags}
    lost = [tag for tag in ("id", "name") if not one.get(tag)]
    if lost:
        raise SourceError(path, f"a term has no {' and no '.join(lost)}", "Correct it, or mark it as is_obsolete: true.", tags[0][2])
    synonyms, other = list[str](), 0
    for tag, value, line in tags:
        if tag == "synonym":
            found = _SYNONYM.match(value)
            if found is None:
                raise SourceError(path, "a synonym is not in quotes", 'Write: synonym: "the name" EXACT []', line)
            if found[2] == "EXACT" and not re.search("abbreviation|obsolete", found[3]):
                synonyms.append(_plain(found[1]))
            else:
                other += 1
    parents = tuple(_uncommented(value).split()[0] for tag, value, _ in tags if tag == "is_a" and value)
    return Concept(one["id"], _plain(one["name"]), tuple(synonyms), parents, other, tuple(_matches(tags)))


_NEAR = {"exactMatch": "exact", "closeMatch": "close", "broadMatch": "broad", "narrowMatch": "narrow", "relatedMatch": "related"}


def _matches(tags: Tags) -> Iterator[tuple[str, str, str]]:
    """Codes of other systems: `xref`, and SKOS matches as property values."""
    for tag, value, _ in tags:
        near = "xref"
        if tag == "property_value":
            name, _, value = value.partition(" ")
            near = _NEAR.get(re.split("[:/#]", name)[-1], "")
        elif tag != "xref":
            continue
        words = value.replace("\\:", ":").split()
        found = curie(words[0].strip('"')) if words and near else None
        if found:
            yield (*found, near)


def _uncommented(value: str) -> str:
    """Without `! comment` and `{qualifiers}` at its end."""
    return re.sub(r"\s*(?<!\\)\{[^}]*\}\s*$", "", re.split(r"\s!\s?", value, maxsplit=1)[0]).strip()


def _plain(value: str) -> str:
    return " ".join(re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), value).split())
