"""The vocabularies of a site: those that its settings name, those that were added to its folder, and the packaged one after them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from heedful.core.errors import SettingsError
from heedful.language.matching import find
from heedful.language.vocabulary import TERM_COLUMNS, Vocabulary
from heedful.loops.settings import Settings
from heedful.sources import packaged
from heedful.sources.vocabularies.concepts import VocabularyFile
from heedful.sources.vocabularies.reading import read_vocabulary
from heedful.sources.vocabularies.table import table_text

FOLDER = "vocabularies"
"""Of a site's folder: each table in it counts, in the order of their names."""


@dataclass(frozen=True)
class Held:
    """A vocabulary of a site: its name, where it lies, and what was read."""

    name: str
    path: Path
    file: VocabularyFile


def site_vocabulary(settings: Settings, folder: Path | None) -> Vocabulary:
    """The site's own terms, which win over equal packaged ones, with the packaged terms and rules; its fingerprint tells them apart."""
    own = [held.file.terms.select(list(TERM_COLUMNS)) for held in held_vocabularies(settings, folder)]
    known = packaged.vocabulary()
    return Vocabulary(pl.concat([*own, known.terms.select(list(TERM_COLUMNS))]), known.rules) if own else known


def held_vocabularies(settings: Settings, folder: Path | None) -> list[Held]:
    """Vocabularies in the order in which they count. Raises `SourceError` with file and line of one that cannot be read."""
    paths = [Path(path) for path in settings.language.vocabularies]
    if folder is not None:
        paths += sorted((folder / FOLDER).glob("*.tsv"))
    return [Held(path.stem, path, read_vocabulary(path)) for path in paths]


def keep(file: VocabularyFile, name: str, folder: Path, *, replacing: bool = False) -> Path:
    """Write the terms as a table into the site's folder, whole or not at all. Raises `SettingsError` if the name is taken or unusable."""
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise SettingsError(f"{name!r} cannot be the name of a vocabulary; write letters, digits, '-', '_' and '.'.")
    path = folder / FOLDER / f"{name}.tsv"
    if path.exists() and not replacing:
        raise SettingsError(f"There is a vocabulary {name} already ({path}). Add --replace, or give this one another --name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(table_text(file).encode())
    part.replace(path)
    return path


def findable(file: VocabularyFile) -> tuple[VocabularyFile, list[str]]:
    """The terms that are found in a text that holds nothing else, and the others (too long, or with a bracket, comma or sentence end)."""
    terms = file.terms
    found = find(terms["term"], Vocabulary(terms, packaged.vocabulary().rules.clear()).index)
    length = terms["term"].str.len_bytes()
    whole = found.filter(pl.col("start") == 0, pl.col("end") == pl.lit(length).gather(pl.col("post")))
    rows = pl.int_range(terms.height, eager=True).is_in(whole["post"].cast(pl.Int64).implode())
    return replace(file, terms=terms.filter(rows)), terms.filter(~rows)["term"].to_list()
