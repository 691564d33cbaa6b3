"""The tables that come with heedful: the only place from which package data is read."""

from __future__ import annotations

import functools
from importlib.resources import files

import polars as pl

from heedful.language.places import PlaceNames
from heedful.language.vocabulary import Vocabulary


@functools.cache
def vocabulary() -> Vocabulary:
    """The packaged vocabulary (HPO, drug names, everyday words) with the English rules; read once a process."""
    return Vocabulary(_table("vocabulary.tsv.gz"), _table("rules_en.tsv").with_columns(pl.col("window").cast(pl.Int32)))


@functools.cache
def gazetteer() -> PlaceNames:
    """The packaged places (GeoNames, towns of 15,000 people and more); read once a process."""
    return PlaceNames(_table("gazetteer.tsv.gz").with_columns(pl.col("place").fill_null(""), pl.col("population").cast(pl.Int64)))


def _table(name: str) -> pl.DataFrame:
    content = (files("heedful") / "data" / name).read_bytes()
    return pl.read_csv(content, separator="\t", comment_prefix="#", quote_char=None, infer_schema=False)
