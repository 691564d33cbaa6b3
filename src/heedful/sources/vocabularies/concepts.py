"""What every vocabulary file comes to: terms with their source, and how an ontology's concepts become terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from heedful.core.errors import SourceError
from heedful.language.vocabulary import TERM_COLUMNS

CROSSWALK_COLUMNS = {"code": pl.String, "system": pl.String, "other": pl.String, "match": pl.String}
"""A code of a vocabulary, the name of another system, its code there, and how near they are: exact, close, broad, narrow, related, xref
where the file does not say, or `SAME_NAME`."""

SAME_NAME = "same name"
"""Two codes of which one term is a name: the first counts, the other is kept as its crosswalk."""

TERM_TYPES = ("symptom", "condition", "drug")
"""What a term of a site may be."""


@dataclass(frozen=True, eq=False)
class VocabularyFile:
    """A vocabulary as read: terms (term, code, label, type), what the file says of itself ('' where it does not), how many names were left
    out, by reason, the codes of other systems (`CROSSWALK_COLUMNS`) of its concepts, and what was set aside because it was broken: a line
    each, with the place, the reason and the cure."""

    terms: pl.DataFrame
    source: str = ""
    version: str = ""
    licence: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    crosswalks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CROSSWALK_COLUMNS))
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Concept:
    """A concept of an ontology that is in use.

    synonyms: those that mean exactly the same. parents: codes of the concepts that it is a kind of. other: number of its names that
    mean something wider, narrower or only related, or are abbreviations. matches: codes of other systems (system, code, how near).
    """

    code: str
    label: str
    synonyms: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    other: int = 0
    matches: tuple[tuple[str, str, str], ...] = ()


def ontology_terms(path: Path, concepts: Sequence[Concept], kind: str, below: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """Labels, then exact synonyms, as terms of type `kind`: of all concepts, or of those below the concept `below`.

    Of names that two concepts share the first counts, labels before synonyms; the others are counted, and `concept_crosswalks` keeps
    their codes. Raises `SourceError` if `kind`
    is not given, if there is no concept `below`, or if nothing is left.
    """
    if not kind:
        raise SourceError(
            path, "an ontology does not say what its terms are", f"Use heedful vocabulary add with --type, one of {', '.join(TERM_TYPES)}."
        )
    chosen = _descendants(path, concepts, below) if below else list(concepts)
    labels = [(concept.label, concept.code, concept.label, kind) for concept in chosen]
    synonyms = [(name, concept.code, concept.label, kind) for concept in chosen for name in concept.synonyms]
    left_out = Counter[str]({"not an exact synonym, or an abbreviation": sum(concept.other for concept in chosen)})
    owner: dict[str, str] = {}
    kept = []
    for row in (row for row in labels + synonyms if row[0]):
        first = owner.setdefault(row[0].casefold(), row[1])
        if first == row[1]:
            kept.append(row)
        else:
            left_out["named so by an earlier concept"] += 1
    if not kept:
        raise SourceError(path, "it holds no concept in use that has a name", "Choose another file, or another --below.")
    terms = pl.DataFrame(kept, schema=TERM_COLUMNS, orient="row").unique(["term", "code"], keep="first", maintain_order=True)
    return terms, {reason: count for reason, count in left_out.items() if count}


def concept_crosswalks(concepts: Sequence[Concept], terms: pl.DataFrame) -> pl.DataFrame:
    """The codes of other systems of the concepts that `terms` names, and the codes of concepts that share a name with one of these."""
    kept = set(terms["code"])
    rows = [(concept.code, *match) for concept in concepts if concept.code in kept for match in concept.matches]
    owner = dict(terms.select(pl.col("term").str.to_lowercase(), "code").reverse().iter_rows())
    for concept in concepts:
        owners = (owner.get(name.lower(), concept.code) for name in (concept.label, *concept.synonyms))
        rows += [same_name(code, concept.code) for code in owners if code != concept.code]
    return pl.DataFrame(rows, schema=CROSSWALK_COLUMNS, orient="row").unique(maintain_order=True)


def same_name(code: str, other: str) -> tuple[str, str, str, str]:
    """The crosswalk from a code that counts to another of the same name.

    >>> same_name("my:2", "HP:0002315"), same_name("my:2", "plain")
    (('my:2', 'HP', '0002315', 'same name'), ('my:2', 'code', 'plain', 'same name'))
    """
    system, name = curie(other) or ("code", other)
    return code, system, name, SAME_NAME


def curie(code: str) -> tuple[str, str] | None:
    """System and code of a short code ("UMLS:C0018681"), or None if it is an address or no code.

    >>> curie("SNOMEDCT_US:25064002"), curie("http://x.org/1"), curie("plain")
    (('SNOMEDCT_US', '25064002'), None, None)
    """
    system, colon, rest = code.partition(":")
    if not colon or not rest or rest.startswith("//") or any(mark.isspace() for mark in code) or not system:
        return None
    return system, rest


def _descendants(path: Path, concepts: Sequence[Concept], below: str) -> list[Concept]:
    if all(concept.code != below for concept in concepts):
        raise SourceError(
            path, f"it holds no concept {below} in use", "Correct --below; write the code as the file does, such as HP:0000118."
        )
    children: dict[str, list[str]] = {}
    for concept in concepts:
        for parent in concept.parents:
            children.setdefault(parent, []).append(concept.code)
    found, waiting = set[str](), [below]
    while waiting:
        for code in children.get(waiting.pop(), []):
            if code not in found:
                found.add(code)
                waiting.append(code)
    return [concept for concept in concepts if concept.code in found and concept.code != below]
