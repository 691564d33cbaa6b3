"""The vocabularies of a site: those that its settings name, those that were added to its folder, and the packaged one after them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from heedful.core.errors import SettingsError
from heedful.language.matching import find
from heedful.language.vocabulary import FIGURE, TERM_COLUMNS, Vocabulary
from heedful.language.word_order import other_orders
from heedful.loops.settings import Settings
from heedful.sources import packaged
from heedful.sources.vocabularies.concepts import CROSSWALK_COLUMNS, SAME_NAME, VocabularyFile, same_name
from heedful.sources.vocabularies.reading import read_vocabulary
from heedful.sources.vocabularies.table import table_text

FOLDER = "vocabularies"
"""Of a site's folder: each table in it counts, in the order of their names."""
CROSSWALKS = "crosswalks"
"""Of that folder: the codes of other systems, a table a vocabulary under its name."""


@dataclass(frozen=True)
class Held:
    """A vocabulary of a site: its name, where it lies, and what was read."""

    name: str
    path: Path
    file: VocabularyFile


def site_vocabulary(settings: Settings, folder: Path | None) -> Vocabulary:
    """The site's own terms, which win over equal packaged ones in every language, with the packaged terms and rules; its fingerprint tells
    them apart. In English their other safe orders are read, too (`heedful.language.word_order`)."""
    own = [held.file.terms.select(list(TERM_COLUMNS)) for held in held_vocabularies(settings, folder)]
    known = packaged.vocabulary()
    if not own:
        return known

    def with_own(vocabulary: Vocabulary, terms: list[pl.DataFrame]) -> Vocabulary:
        return replace(vocabulary, terms=pl.concat([*terms, vocabulary.terms.select(list(TERM_COLUMNS))]))

    others = {language: with_own(other, own) for language, other in known.others.items()}
    return replace(with_own(known, [*own, other_orders(pl.concat(own))]), others=others)


def has_own(settings: Settings, folder: Path | None) -> bool:
    """Whether the site has a vocabulary beside the packaged one."""
    return bool(settings.language.vocabularies) or (folder is not None and any((folder / FOLDER).glob("*.tsv")))


def held_vocabularies(settings: Settings, folder: Path | None) -> list[Held]:
    """Vocabularies in the order in which they count. Raises `SourceError` with file and line of one that cannot be read, whole."""
    paths = [Path(path) for path in settings.language.vocabularies]
    if folder is not None:
        paths += sorted((folder / FOLDER).glob("*.tsv"))
    held = [Held(path.stem, path, read_vocabulary(path)) for path in paths]
    for one in held:
        if one.file.broken:
            raise SettingsError(
                f"{one.file.broken[0]} Until then the vocabulary {one.name} does not count; {len(one.file.broken):,} such lines."
            )
    return held


def site_crosswalks(settings: Settings, folder: Path | None) -> pl.DataFrame:
    """Codes of other systems for the concepts of all vocabularies: columns vocabulary, code, system, other, match; own ones first.

    Where vocabularies share a term, the code that counts has the others beside it (match `SAME_NAME`), so that both can be joined. A table
    of mentions joins on `code` = `concept`.
    """
    parts, own = [], held_vocabularies(settings, folder)
    for held in own:
        beside = held.path.parent / CROSSWALKS / held.path.name
        rows = _crosswalk_table(beside) if beside.exists() else held.file.crosswalks
        parts.append(rows.with_columns(vocabulary=pl.lit(held.name)))
    parts += [_same_names(own), packaged.crosswalks().with_columns(vocabulary=pl.lit("packaged"))]
    return pl.concat([part.select("vocabulary", *CROSSWALK_COLUMNS) for part in parts]).unique(maintain_order=True)


def taken_over(file: VocabularyFile) -> int:
    """How many of its terms are packaged ones with another code: mentions of these count under the new code."""
    both = _by_name(file.terms).join(_by_name(packaged.vocabulary().terms), on="name", suffix="_other")
    return both.filter(pl.col("code") != pl.col("code_other"))["name"].n_unique()


def _same_names(own: list[Held]) -> pl.DataFrame:
    """The codes that lose a term to the first vocabulary that holds it: columns vocabulary, code, system, other, match."""
    columns = {"vocabulary": pl.String, **CROSSWALK_COLUMNS}
    if not own:
        return pl.DataFrame(schema=columns)
    named = [_by_name(held.file.terms).with_columns(vocabulary=pl.lit(held.name)) for held in own]
    theirs = packaged.vocabulary().terms.filter(pl.col("code") != FIGURE)
    every = pl.concat([*named, _by_name(theirs).with_columns(vocabulary=pl.lit("packaged"))])
    first = every.unique("name", keep="first", maintain_order=True).filter(pl.col("vocabulary") != "packaged")
    lost = first.join(every.select("name", other="code"), on="name", maintain_order="left").filter(pl.col("code") != pl.col("other"))
    rows = [(vocabulary, *same_name(code, other)) for vocabulary, code, other in lost.select("vocabulary", "code", "other").iter_rows()]
    return pl.DataFrame(rows, schema=columns, orient="row").unique(maintain_order=True)


def _by_name(terms: pl.DataFrame) -> pl.DataFrame:
    return terms.select("code", name=pl.col("term").str.to_lowercase())


def crosswalk(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    """The rows of `site_crosswalks` for a code of ours, or for a code of another system as SYSTEM:CODE; with those of codes that share a
    name with it."""
    found = _of(rows, code)
    joined = found.filter(pl.col("match") == SAME_NAME, pl.col("code") == code).select(pl.concat_str("system", pl.lit(":"), "other"))
    further = [rows.filter(pl.col("code") == other) for other in joined.to_series()]
    return pl.concat([found, *further]).unique(maintain_order=True)


def _of(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    system, _, other = code.partition(":")
    theirs = (pl.col("system").str.to_lowercase() == system.lower()) & (pl.col("other") == other)
    plain = (pl.col("system") == "code") & (pl.col("other") == code)
    return rows.filter((pl.col("code") == code) | theirs | plain)


def remove(settings: Settings, folder: Path, name: str) -> list[Path]:
    """Take a vocabulary out of the site's folder, with its crosswalks; the files that are gone.

    Raises `SettingsError` if it is not there.
    """
    path = folder / FOLDER / f"{name}.tsv"
    if not re.fullmatch(r"[\w][\w.-]*", name) or not path.exists():
        named = [one for one in settings.language.vocabularies if Path(one).stem == name]
        if named:
            raise SettingsError(f"The vocabulary {name} is named by the settings; take {named[0]} out of language.vocabularies.")
        known = sorted(one.stem for one in (folder / FOLDER).glob("*.tsv"))
        raise SettingsError(f"There is no vocabulary {name} here. {'Known: ' + ', '.join(known) if known else 'None was added'}.")
    gone = [one for one in (path, path.parent / CROSSWALKS / path.name) if one.exists()]
    for one in gone:
        one.unlink()
    return gone


def _crosswalk_table(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, separator="\t", quote_char=None, infer_schema=False, schema=CROSSWALK_COLUMNS)


def keep(file: VocabularyFile, name: str, folder: Path, *, replacing: bool = False) -> Path:
    """Write the terms as a table into the site's folder, whole or not at all. Raises `SettingsError` if the name is taken or unusable."""
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise SettingsError(f"{name!r} cannot be the name of a vocabulary; write letters, digits, '-', '_' and '.'.")
    path = folder / FOLDER / f"{name}.tsv"
    if path.exists() and not replacing:
        raise SettingsError(f"There is a vocabulary {name} already ({path}). Add --replace, or give this one another --name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / CROSSWALKS / path.name
    if file.crosswalks.height:
        beside.parent.mkdir(exist_ok=True)
        plain = file.crosswalks.with_columns(pl.all().str.replace_all(r"[\t\r\n]", " "))
        _write(beside, plain.write_csv(separator="\t", quote_style="never"))
    else:
        beside.unlink(missing_ok=True)
    _write(path, table_text(file))
    return path


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(text.encode())
    part.replace(path)


def findable(file: VocabularyFile) -> tuple[VocabularyFile, list[str]]:
    """The terms that are found in a text that holds nothing else, and the others (too long, or with a bracket, comma or sentence end)."""
    terms = file.terms
    found = find(terms["term"], Vocabulary(terms, packaged.vocabulary().rules.clear()).index)
    length = terms["term"].str.len_bytes()
    whole = found.filter(pl.col("start") == 0, pl.col("end") == pl.lit(length).gather(pl.col("post")))
    rows = pl.int_range(terms.height, eager=True).is_in(whole["post"].cast(pl.Int64).implode())
    return replace(file, terms=terms.filter(rows)), terms.filter(~rows)["term"].to_list()
