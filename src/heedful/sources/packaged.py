"""The tables that come with heedful: the only place from which package data is read."""

from __future__ import annotations

import functools
import gzip
import io
import itertools
from importlib.resources import files
from typing import Literal

import numpy as np
import polars as pl

from heedful.language.heads.head import Head
from heedful.language.heads.packing import unpack as unpack_head
from heedful.language.places import PlaceNames
from heedful.language.rules import RULE_COLUMNS
from heedful.language.tagger.packing import unpack
from heedful.language.tagger.tagger import Tagger
from heedful.language.vocabulary import Vocabulary, with_figures


@functools.cache
def vocabulary() -> Vocabulary:
    """The packaged vocabulary (HPO, drug names, everyday words, figures of speech) with the English rules; read once a process."""
    return Vocabulary(
        with_figures(_table("vocabulary.tsv.gz"), _table("figures_en.tsv")["term"]),
        _table("rules_en.tsv").with_columns(pl.col("window").cast(pl.Int32)),
    )


@functools.cache
def clinical_rules() -> pl.DataFrame:
    """The English rules for clinical reports, where a negation reaches further: the lay ones and those of `rules_en_clinical.tsv`."""
    clinical = _table("rules_en_clinical.tsv").with_columns(pl.col("window").cast(pl.Int32))
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
    return unpack((files("heedful") / "data" / f"tagger_{name}.bin").read_bytes())


@functools.cache
def head(name: Literal["treatment"]) -> Head:
    """A packaged head (`heedful learn NAME --out src/heedful/data/head_NAME.npz`), to be used with `vocabulary()`; read once a process."""
    with np.load(io.BytesIO((files("heedful") / "data" / f"head_{name}.npz").read_bytes()), allow_pickle=False) as arrays:
        return unpack_head(dict(arrays))


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


def vocabulary_notes() -> list[str]:
    """What the packaged vocabulary's file says of its sources, their versions and licences: a line each."""
    lines = gzip.decompress((files("heedful") / "data" / "vocabulary.tsv.gz").read_bytes()).decode().splitlines()
    return [line.lstrip("# ") for line in itertools.takewhile(lambda line: line.startswith("#"), lines)]


def _table(name: str) -> pl.DataFrame:
    content = (files("heedful") / "data" / name).read_bytes()
    return pl.read_csv(content, separator="\t", comment_prefix="#", quote_char=None, infer_schema=False)
