"""The tables that come with heedful: the only place from which package data is read."""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import itertools
import re
from importlib.resources import files
from typing import Literal

import numpy as np
import polars as pl

from heedful import __version__
from heedful.language.heads.head import Head
from heedful.language.heads.packing import unpack as unpack_head
from heedful.language.heads.running import HeadReader
from heedful.language.languages import SmallWords
from heedful.language.places import PlaceNames
from heedful.language.rules import RULE_COLUMNS
from heedful.language.tagger.beside import Taggers
from heedful.language.tagger.packing import unpack
from heedful.language.tagger.tagger import Tagger
from heedful.language.text_labels import Heads
from heedful.language.vocabulary import Vocabulary, with_figures


@functools.cache
def vocabulary() -> Vocabulary:
    """The packaged vocabulary (HPO, drug names, everyday words, SYMP, the lay grammar's terms, figures of speech) with the English
    rules, and those of the other languages beside it; read once a process."""
    terms = pl.concat([_table("vocabulary.tsv.gz"), _table("symp.tsv.gz"), _table("grammar_en.tsv.gz")])
    return Vocabulary(
        with_figures(terms, _table("figures_en.tsv")["term"]),
        _rules("rules_en.tsv"),
        spelling=_table("misspellings_en.tsv.gz"),
        others={language: _of_language(language) for language in OTHER_LANGUAGES},
        small_words=SmallWords(_table("function_words.tsv")),
    )


OTHER_LANGUAGES = ("es", "de", "fr")
"""Languages with everyday words and rules of their own; their concepts are those of the English vocabulary."""


def _of_language(language: str) -> Vocabulary:
    """Everyday words of a language with its rules, the emoji, and the drug names that are the same everywhere."""
    lay, known = _table(f"lay_{language}.tsv"), _table("vocabulary.tsv.gz")
    emoji = known.filter(~pl.col("term").str.contains(r"[\p{L}\p{N}]"))
    substances = known.filter(
        (pl.col("type") == "drug") & (pl.col("term") == pl.col("label")) & pl.col("term").str.contains(r"^[a-z]{7,}$")
    )  # what a drug is called is the same in most languages, or nearly
    terms = pl.concat([lay, emoji, substances])
    if language == "de":
        wide = lay.filter(pl.col("term").str.contains("[äöüÄÖÜ]"))
        apart = pl.col("term").str.replace_many(["ä", "ö", "ü", "Ä", "Ö", "Ü"], ["ae", "oe", "ue", "Ae", "Oe", "Ue"])
        terms = pl.concat([terms, wide.with_columns(term=apart)])
    return Vocabulary(terms, _rules(f"rules_{language}.tsv"), language=language)


def crosswalks() -> pl.DataFrame:
    """Codes of other systems for the packaged concepts: columns code, system, other, match."""
    return _table("crosswalks.tsv.gz")


@functools.cache
def clinical_rules() -> pl.DataFrame:
    """The English rules for clinical reports, where a negation reaches further: the lay ones and those of `rules_en_clinical.tsv`."""
    clinical = _rules("rules_en_clinical.tsv")
    lay = vocabulary().rules.join(clinical, on="phrase", how="anti", maintain_order="left")
    reaching = pl.col("kind").str.starts_with("absent") & (pl.col("side") == "before")
    lay = lay.with_columns(
        kind=pl.when(reaching).then(pl.lit("absent_throughout")).otherwise("kind"),
        window=pl.when(reaching).then(pl.lit(8, pl.Int32)).otherwise("window"),
    )
    return pl.concat([lay, clinical.filter(pl.col("kind") != "none")])


@functools.cache
def tagger(name: Literal["side_effects", "diseases_es", "locations"]) -> Tagger:
    """A packaged tagger (`scripts/build_taggers.py`); read once a process.

    `side_effects` is used with `vocabulary()`, `diseases_es` without, `locations` with `place_terms()`.
    """
    return unpack(_packed_tagger(name))


def _packed_tagger(name: str) -> bytes:
    return (files("heedful") / "data" / f"tagger_{name}.bin").read_bytes()


@functools.cache
def taggers() -> Taggers:
    """The packaged taggers of findings, by the language in which they read; read once a process."""
    packed = b"".join(_packed_tagger(name) for name in ("side_effects", "diseases_es"))
    return Taggers(
        {"en": lambda: tagger("side_effects"), "es": lambda: tagger("diseases_es")}, hashlib.blake2b(packed, digest_size=16).hexdigest()
    )


@functools.cache
def head(name: Literal["treatment"]) -> Head:
    """A packaged head (`heedful learn NAME --out src/heedful/data/head_NAME.npz`), to be used with `vocabulary()`; read once a process."""
    with np.load(io.BytesIO((files("heedful") / "data" / f"head_{name}.npz").read_bytes()), allow_pickle=False) as arrays:
        return unpack_head(dict(arrays))


@functools.cache
def heads() -> Heads:
    """The packaged heads that run on posts; their weights are read when the first post is."""
    packed = (files("heedful") / "data" / "head_treatment.npz").read_bytes()
    return Heads(hashlib.blake2b(packed, digest_size=16).hexdigest(), _reader)


@functools.lru_cache(2)
def _reader(vocabulary: Vocabulary) -> HeadReader:
    return HeadReader((head("treatment"),), vocabulary)


LARGE = 200_000
"""People of a place whose bare name is likely to mean it."""


@functools.cache
def place_terms() -> Vocabulary:
    """The packaged gazetteer's names as terms, without rules; each type is one kind of name, since a tagger only asks which differ."""
    large = pl.when(pl.col("population") >= LARGE).then(pl.lit("place")).otherwise(pl.lit("condition"))
    kind = pl.when(pl.col("kind") == "code").then(pl.lit("drug")).when(pl.col("kind") == "weak").then(pl.lit("symptom")).otherwise(large)
    names = gazetteer().names.sort("population", descending=True, maintain_order=True).unique("name", keep="first", maintain_order=True)
    return Vocabulary(names.select(term="name", code="place", label="name", type=kind), pl.DataFrame(schema=RULE_COLUMNS))


@functools.cache
def gazetteer() -> PlaceNames:
    """The packaged places (GeoNames, towns of 15,000 people and more); read once a process."""
    return PlaceNames(_table("gazetteer.tsv.gz").with_columns(pl.col("place").fill_null(""), pl.col("population").cast(pl.Int64)))


@functools.cache
def device_families() -> pl.DataFrame:
    """The packaged families of devices (`behavior.device_registry`), a row each."""
    return _table("devices.tsv").fill_null("")


def tables() -> pl.DataFrame:
    """The packaged vocabularies by source: table, language, source, version, licence and number of terms."""
    known = _table("vocabulary.tsv.gz")
    everyday = _table("lay_en.tsv")["term"].str.to_lowercase()
    lay, emoji = pl.col("term").str.to_lowercase().is_in(everyday.implode()), ~pl.col("term").str.contains(r"[\p{L}\p{N}]")
    apart = known.group_by(
        part=pl.when(emoji).then(pl.lit("emoji")).when(lay).then(pl.lit("everyday words"))
        .when(pl.col("type") == "drug").then(pl.lit("drug names"))
        .otherwise(pl.lit("HPO")), maintain_order=True,
    ).len()  # fmt: skip
    count = dict(apart.iter_rows())
    notes = " ".join(notes_of("vocabulary.tsv.gz"))
    hpo, drugs = re.search(r"Ontology (\d{4}-\d\d-\d\d)", notes), re.search(r"recognition (\d[\d.]*\d)", notes)
    symp = re.search(r"Ontology (\d{4}-\d\d-\d\d)", " ".join(notes_of("symp.tsv.gz")))
    ours = ("heedful", __version__, "Apache-2.0")
    rows = [
        ("HPO", "en", "Human Phenotype Ontology", hpo[1] if hpo else "", "HPO licence", count["HPO"]),
        ("drug names", "en", "drug-named-entity-recognition", drugs[1] if drugs else "", "MIT", count["drug names"]),
        ("SYMP", "en", "Symptom Ontology", symp[1] if symp else "", "CC0 1.0", _table("symp.tsv.gz").height),
        ("everyday words", "en", *ours, count["everyday words"]),
        ("lay grammar, other orders", "en", *ours, _table("grammar_en.tsv.gz").height),
        ("emoji", "all", *ours, count["emoji"]),
        ("figures of speech", "en", *ours, _table("figures_en.tsv").height),
        ("misspellings", "en", *ours, _table("misspellings_en.tsv.gz").height),
        *(("everyday words", language, *ours, _table(f"lay_{language}.tsv").height) for language in OTHER_LANGUAGES),
    ]
    return pl.DataFrame(rows, schema=["table", "language", "source", "version", "licence", "terms"], orient="row")


def vocabulary_notes() -> list[str]:
    """What the packaged vocabulary's files say of their sources, versions and licences: a line each."""
    return [
        note
        for name in ("vocabulary.tsv.gz", "symp.tsv.gz", "grammar_en.tsv.gz", *(f"lay_{language}.tsv" for language in OTHER_LANGUAGES))
        for note in notes_of(name)
    ]


def notes_of(name: str) -> list[str]:
    """What a packaged table says of itself, a line each."""
    content = (files("heedful") / "data" / name).read_bytes()
    lines = (gzip.decompress(content) if name.endswith(".gz") else content).decode().splitlines()
    return [line.lstrip("# ") for line in itertools.takewhile(lambda line: line.startswith("#"), lines)]


def _rules(name: str) -> pl.DataFrame:
    return _table(name).with_columns(pl.col("window").cast(pl.Int32))


def _table(name: str) -> pl.DataFrame:
    content = (files("heedful") / "data" / name).read_bytes()
    return pl.read_csv(content, separator="\t", comment_prefix="#", quote_char=None, infer_schema=False)
