"""RxNorm as NLM delivers it: names of drugs in RXNCONSO.RRF, and beside it which brand holds which ingredient, in RXNREL.RRF.

A brand of one ingredient is a name of the ingredient, so that people who say Zoloft and people who say sertraline are counted together;
the brand's own code stays in the crosswalks. Columns: RxNorm Technical Documentation, sections 12.4 and 12.9.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from heedful.core.errors import SourceError
from heedful.language.vocabulary import TERM_COLUMNS
from heedful.sources.vocabularies.concepts import CROSSWALK_COLUMNS, VocabularyFile

CONCEPT_COLUMNS, RELATION_COLUMNS = 18, 16
KINDS = ("IN", "PIN", "MIN", "BN")
"""Types of names that are taken: ingredient, precise ingredient (its salt), several ingredients, brand. Doses and forms
("sertraline 50 MG Oral Tablet") are how prescriptions speak, not people."""
SYNONYMS = ("SY", "TMSY", "ET", "PT", "FN", "IN", "PIN", "BN")
"""Other names of the same concept, where a chosen source gives them."""
_TO_INGREDIENT = {"tradename_of", "form_of"}
_FROM_INGREDIENT = {"has_tradename", "has_form"}
_CURE = "Take the line from the release as NLM delivers it: UTF-8, fields parted by |, one | at the end."


def is_rxnorm(text: str) -> bool:
    """Whether a text begins with a row of RXNCONSO.RRF."""
    first = text[:4_096].split("\n", 1)[0].rstrip("\r")
    fields = first.split("|")
    return len(fields) == CONCEPT_COLUMNS + 1 and fields[0].isdigit() and len(fields[1]) == 3 and fields[6] in ("Y", "N", "")


def read_rxnorm(path: Path, text: str, sources: tuple[str, ...] = ("RXNORM",), kinds: tuple[str, ...] = KINDS) -> VocabularyFile:
    """Names of the sources (SAB) `sources` and of the concepts that have a name of the types (TTY) `kinds`; all are drugs.

    Names that NLM suppresses (obsolete, or not for use) are counted and left out. Codes: RXNORM:RXCUI. Crosswalks: brand and salt to
    ingredient (system RXNORM), and the codes that other sources of the file (ATC, MeSH, SNOMED CT, …) give the concept. A broken row is
    set aside and named. Raises `SourceError` if nothing is left.
    """
    broken, left_out = list[str](), Counter[str]()
    rows = list(_rows(path, text, CONCEPT_COLUMNS, broken))
    names, others, chosen = list[tuple[str, str, str]](), list[tuple[str, str, str]](), dict[str, str]()
    for fields, _ in rows:
        cui, language, source, kind, code, name, suppressed = (fields[n] for n in (0, 1, 11, 12, 13, 14, 16))
        if suppressed not in ("N", ""):
            left_out["suppressed by NLM"] += 1
        elif language != "ENG":
            left_out["in another language than English"] += 1
        else:
            if source in sources:
                names.append((cui, kind, name.strip()))
                if kind in kinds and (cui not in chosen or KINDS.index(kind) < KINDS.index(chosen[cui])):
                    chosen[cui] = kind
            if source not in ("RXNORM", "") and code not in ("NOCODE", ""):
                others.append((cui, source, code))
    label = {cui: name for cui, kind, name in reversed(names) if chosen.get(cui) == kind}
    of = _ingredients(path, broken)
    target = {cui: next(iter(of[cui])) if kind in ("BN", "PIN") and len(of.get(cui, ())) == 1 else cui for cui, kind in chosen.items()}
    terms = list[tuple[str, str, str, str]]()
    owner = dict[str, str]()
    for cui, kind, name in sorted(names, key=lambda row: row[1] != chosen.get(row[0])):
        if cui not in chosen:
            left_out[f"not of the types {', '.join(kinds)}"] += 1
            continue
        if kind != chosen[cui] and kind not in SYNONYMS:
            left_out["doses, forms and other descriptions"] += 1
            continue
        concept = target[cui] if target[cui] in label else cui
        if name and owner.setdefault(name.casefold(), concept) == concept:
            terms.append((name, f"RXNORM:{concept}", label[concept], "drug"))
        else:
            left_out["named so by an earlier concept"] += 1
    if not terms:
        raise SourceError(
            path, broken[0] if broken else f"no name is of the sources {', '.join(sources)} and types {', '.join(kinds)}", _CURE
        )
    table = pl.DataFrame(terms, schema=TERM_COLUMNS, orient="row").unique(["term", "code"], keep="first", maintain_order=True)
    walks = [(f"RXNORM:{cui}", "RXNORM", other, "ingredient") for cui in chosen for other in sorted(of.get(cui, ()))]
    walks += [(f"RXNORM:{cui}", "RXNORM", brand, "brand") for brand, goal in target.items() if (cui := goal) != brand]
    walks += [(f"RXNORM:{target[cui]}", source, code, "exact") for cui, source, code in others if cui in chosen and target[cui] == cui]
    crosswalks = pl.DataFrame(walks, schema=CROSSWALK_COLUMNS, orient="row").unique(maintain_order=True)
    return VocabularyFile(table, "RxNorm", "", "UMLS Metathesaurus License", dict(left_out), crosswalks, tuple(broken))


def _ingredients(path: Path, broken: list[str]) -> dict[str, set[str]]:
    """The ingredients of brands and salts, from RXNREL.RRF in the same folder if it is there: RXCUI2 has the relation to RXCUI1."""
    beside = next((one for one in (path.with_name("RXNREL.RRF"), path.with_name("rxnrel.rrf")) if one.exists()), None)
    of = defaultdict[str, set[str]](set)
    if beside is None:
        return of
    try:
        text = beside.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(beside, "it is not UTF-8 text", _CURE) from error
    for fields, _ in _rows(beside, text, RELATION_COLUMNS, broken):
        first, second, relation, suppressed = fields[0], fields[4], fields[7], fields[14]
        if not first or not second or suppressed not in ("N", ""):
            continue
        if relation in _TO_INGREDIENT:
            of[second].add(first)
        elif relation in _FROM_INGREDIENT:
            of[first].add(second)
    return of


def _rows(path: Path, text: str, columns: int, broken: list[str]) -> Iterator[tuple[list[str], int]]:
    for line, row in enumerate(text.split("\n"), start=1):
        fields = row.rstrip("\r").split("|")
        if fields == [""]:
            continue
        if len(fields) != columns + 1 or fields[-1]:
            broken.append(str(SourceError(path, f"there are {len(fields) - 1} fields where {columns} should be", _CURE, line)))
            continue
        yield fields, line
