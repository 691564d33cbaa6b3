"""MeSH descriptors as NLM delivers them: desc20xx.xml, or d20xx.bin in ASCII. What a term is follows from its place in the trees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from lxml import etree

from heedful.core.errors import SourceError
from heedful.language.vocabulary import TERM_COLUMNS
from heedful.sources.vocabularies.concepts import Concept, VocabularyFile, concept_crosswalks, ontology_terms
from heedful.sources.vocabularies.triples import safe_elements

KIND_OF_TREE: Mapping[str, str] = {"C23.888": "symptom", "C": "condition", "F03": "condition", "D": "drug"}
"""What descriptors below a tree number are, the longest one first; others (anatomy, places, techniques) are no terms."""
_CURE = "Download the descriptors again from nlm.nih.gov/mesh, as XML or ASCII."
_LICENCE = "MeSH, National Library of Medicine: free to use; name the source and its year"


@dataclass
class _Record:
    code: str = ""
    name: str = ""
    names: list[str] = field(default_factory=list[str])
    trees: list[str] = field(default_factory=list[str])
    matches: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    other: int = 0


def is_mesh_xml(text: str) -> bool:
    """Whether a text begins like desc20xx.xml."""
    return re.search(r"<DescriptorRecord(Set)?[\s>]", text[:4_096]) is not None


def is_mesh_ascii(text: str) -> bool:
    """Whether a text begins like d20xx.bin."""
    return text.lstrip().startswith("*NEWRECORD")


def read_mesh(path: Path, text: str, kind: str = "", below: str = "") -> VocabularyFile:
    """Terms of the descriptors: the heading, then the entry terms of its preferred concept.

    kind: type of all terms; '' takes it from the tree (C23.888 symptoms, other C and F03 conditions, D drugs) and leaves other trees out.
    below: a tree number ("C23.888") or a descriptor ("D012816"): only what is below it. Names of narrower concepts are counted as left out.
    Codes: MESH:D…; crosswalks: tree numbers (MESH_TREE), UNII and CAS numbers. A broken record is set aside and named.
    """
    broken = list[str]()
    records = list(_xml(path, text, broken) if is_mesh_xml(text) else _ascii(path, text, broken))
    year = re.search(r'LanguageCode="\w+"[^>]*|<!DOCTYPE[^>]*?(\d{4})', text[:4_096])
    found = re.search(r"(?:desc|d)(20\d\d)", path.name) or (re.search(r"nlmdescriptorrecordset_(20\d\d)", text[:4_096]) if year else None)
    version = found[1] if found else ""
    concepts = _concepts(records)
    if not concepts:
        raise SourceError(path, broken[0] if broken else "it holds no descriptor", _CURE)
    if kind:
        terms, left_out = ontology_terms(path, concepts, kind, _descriptor(below, records, path))
    else:
        terms, left_out = _typed(path, concepts, records, below)
    return VocabularyFile(terms, "MeSH", version, _LICENCE, left_out, concept_crosswalks(concepts, terms), tuple(broken))


def _typed(path: Path, concepts: list[Concept], records: list[_Record], below: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """Terms with the type that their tree gives them."""
    trees = {f"MESH:{record.code}": record.trees for record in records}
    root = _trees_of(below, records, path) if below else []
    chosen, elsewhere = dict[str, list[Concept]](), 0
    for concept in concepts:
        own = [tree for tree in trees[concept.code] if not root or any(tree.startswith(top + ".") for top in root)]
        kinds = {kind_of_tree(tree) for tree in own} - {""}
        if own and kinds:
            first = next(one for one in ("symptom", "condition", "drug") if one in kinds)
            chosen.setdefault(first, []).append(concept)
        else:
            elsewhere += 1
    if not chosen:
        raise SourceError(path, "none of its descriptors is a symptom, condition or drug by its tree", "Say --type, or another --below.")
    parts = [ontology_terms(path, concepts, kind, "") for kind, concepts in sorted(chosen.items(), key=lambda one: one[0], reverse=True)]
    terms = pl.concat([part for part, _ in parts]).unique("term", keep="first", maintain_order=True)
    left_out = {"in trees of other things than symptoms, conditions and drugs": elsewhere} if elsewhere else {}
    for _, counts in parts:
        for reason, count in counts.items():
            left_out[reason] = left_out.get(reason, 0) + count
    return terms.select(list(TERM_COLUMNS)), left_out


def kind_of_tree(tree: str) -> str:
    """The type of a descriptor at a tree number, '' if it is none of ours.

    >>> kind_of_tree("C23.888.592.612.441"), kind_of_tree("C23.550"), kind_of_tree("D02.092"), kind_of_tree("Z01.058")
    ('symptom', 'condition', 'drug', '')
    """
    for top, kind in KIND_OF_TREE.items():
        if tree == top or tree.startswith(top + ".") or (len(top) == 1 and tree.startswith(top)):
            return kind
    return ""


def _concepts(records: list[_Record]) -> list[Concept]:
    at = {tree: record.code for record in records for tree in record.trees}
    concepts = []
    for record in records:
        parents = tuple(f"MESH:{at[top]}" for tree in record.trees if (top := tree.rpartition(".")[0]) in at)
        matches = (*(("MESH_TREE", tree, "exact") for tree in record.trees), *record.matches)
        concepts.append(Concept(f"MESH:{record.code}", record.name, tuple(record.names), parents, record.other, matches))
    return concepts


def _trees_of(below: str, records: list[_Record], path: Path) -> list[str]:
    code = below.removeprefix("MESH:")
    for record in records:
        if code == record.code:
            return record.trees
    if any(tree == below or tree.startswith(below + ".") for record in records for tree in record.trees):
        return [below]
    raise SourceError(path, f"it holds no descriptor or tree number {below}", "Correct --below, such as C23.888 or D012816.")


def _descriptor(below: str, records: list[_Record], path: Path) -> str:
    if not below:
        return ""
    top = _trees_of(below, records, path)
    code = next((record.code for record in records if set(top) & set(record.trees)), "")
    if not code:
        raise SourceError(path, f"no descriptor stands at the tree number {below}", "Give a descriptor, such as D012816.")
    return f"MESH:{code}"


def _xml(path: Path, text: str, broken: list[str]) -> Iterator[_Record]:
    for event, element in safe_elements(path, text.encode()):
        if event == "end" and element.tag == "DescriptorRecord":
            record = _of_element(element)
            fault = _fault(record)
            if fault:
                broken.append(str(SourceError(path, fault, _CURE, element.sourceline or None)))
            else:
                yield record
            element.clear()
            while element.getprevious() is not None and element.getparent() is not None:
                del element.getparent()[0]


def _of_element(element: etree._Element) -> _Record:
    record = _Record(_text(element, "DescriptorUI"), _text(element, "DescriptorName/String"))
    record.trees = [tree.text.strip() for tree in element.iterfind("TreeNumberList/TreeNumber") if tree.text]
    for concept in element.iterfind("ConceptList/Concept"):
        names = [_text(term, "String") for term in concept.iterfind("TermList/Term")]
        if concept.get("PreferredConceptYN") == "Y":
            record.names += [name for name in names if name and name != record.name]
            for tag in ("RegistryNumber", "RegistryNumberList/RegistryNumber"):
                record.matches += [one for number in concept.iterfind(tag) for one in _registered(number.text or "")]
        else:
            record.other += len(names)
    return record


def _text(element: etree._Element, where: str) -> str:
    return " ".join((element.findtext(where) or "").split())


def _ascii(path: Path, text: str, broken: list[str]) -> Iterator[_Record]:
    record, begin, first = _Record(), 0, True
    for line, row in enumerate([*text.split("\n"), "*NEWRECORD"], start=1):
        row = row.strip()
        if row == "*NEWRECORD":
            if not first:
                fault = _fault(record)
                if fault:
                    broken.append(str(SourceError(path, fault, _CURE, begin)))
                else:
                    yield record
            record, begin, first = _Record(), line, False
            continue
        if not row:
            continue
        name, equals, value = row.partition(" = ")
        if not equals:
            broken.append(str(SourceError(path, f"{row[:40]!r} is no element with a value", _CURE, line)))
            continue
        _element(record, name.strip(), value.strip())


def _element(record: _Record, name: str, value: str) -> None:
    if name == "UI":
        record.code = value
    elif name == "MH":
        record.name = value
    elif name == "MN":
        record.trees.append(value)
    elif name in ("ENTRY", "PRINT ENTRY"):
        parts = value.split("|")
        # The last field says what the parts are; EQV: the same concept, else narrower, broader or related. Older files do not say it.
        if len(parts) > 1 and any(part in ("NRW", "BRD", "REL") for part in parts[1:]):
            record.other += 1
        else:
            record.names.append(parts[0])
    elif name == "RN":
        record.matches += _registered(value)


def _registered(number: str) -> list[tuple[str, str, str]]:
    """A registry number as a code elsewhere: CAS has hyphens, UNII ten letters and digits."""
    number = number.strip()
    if re.fullmatch(r"\d{2,7}-\d{2}-\d", number):
        return [("CAS", number, "exact")]
    return [("UNII", number, "exact")] if re.fullmatch(r"[0-9A-Z]{10}", number) else []


def _fault(record: _Record) -> str:
    lost = [what for what, value in (("UI", record.code), ("heading", record.name)) if not value]
    return f"a record has no {' and no '.join(lost)}" if lost else ""
