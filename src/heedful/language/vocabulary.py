"""The words that are looked for, the concepts that they mean, and the rules for the words around them."""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from heedful.core.errors import SettingsError
from heedful.language.languages import SmallWords
from heedful.language.matching import TYPES, build_index
from heedful.language.rules import RULE_COLUMNS
from heedful.language.spelling import SPELLING_COLUMNS

if TYPE_CHECKING:
    from heedful.language.kernels.index import Index

TERM_COLUMNS = {"term": pl.String, "code": pl.String, "label": pl.String, "type": pl.String}


FIGURE = "figure:speech"
"""Code of a figure of speech: it takes its words, by the longest match, and is no finding itself."""


def with_figures(terms: pl.DataFrame, figures: pl.Series) -> pl.DataFrame:
    """Terms with figures of speech beside them; a figure that is a term of its own stays that term."""
    known = set(terms["term"].str.to_lowercase())
    new = [figure for figure in figures if figure.lower() not in known]
    columns = {"term": new, "code": [FIGURE] * len(new), "label": ["Figure of speech"] * len(new), "type": ["condition"] * len(new)}
    return pl.concat([terms.select(list(columns)), pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))])


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Terms and rules, fixed; a derivation that needs it is computed again when its `fingerprint` changes.

    Parameters
    ----------
    terms: columns term (as written; case, accents and plain plurals do not matter), code (HP:0002315, drug:sertraline), label
        (the concept's preferred name), type (symptom, condition or drug). Of equal terms the first counts.
    rules: columns phrase, kind, side, window; see `heedful.language.rules.rule_table`.
    spelling: columns written, word: forms that are read as a word of the terms, and flagged; see `heedful.language.spelling`.
    language: in which terms and rules are; "fr": an apostrophe after an elided word parts words ("l'insomnie").
    others: vocabularies of other languages, by code; a text is read with that of its language.
    small_words: by which the language of a text is told that declares none; None: such a text is read with this vocabulary.

    Raises `SettingsError` on a missing column, a missing value, an unknown type, or a rule that cannot be used.
    """

    terms: pl.DataFrame
    rules: pl.DataFrame
    spelling: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SPELLING_COLUMNS))
    language: str = "en"
    others: Mapping[str, Vocabulary] = field(default_factory=dict)
    small_words: SmallWords | None = None

    def __post_init__(self) -> None:
        tables = (
            (self.terms, TERM_COLUMNS, "vocabulary"), (self.rules, RULE_COLUMNS, "rules table"),
            (self.spelling, SPELLING_COLUMNS, "table of misspellings"),
        )  # fmt: skip
        for table, columns, what in tables:
            lost = [name for name in columns if name not in table.columns or table[name].null_count()]
            if lost:
                raise SettingsError(f"The {what} lacks {', '.join(lost)}, in whole or in some rows. Its columns are {', '.join(columns)}.")
        strange = sorted(set(self.terms["type"].unique()) - set(TYPES))
        if strange:
            raise SettingsError(f"The vocabulary holds terms of type {', '.join(strange)}; a type is one of {', '.join(TYPES)}.")

    @functools.cached_property
    def index(self) -> Index:
        """The terms and rules as the kernels read them; made on first use (about 0.3 s for 60,000 terms)."""
        rules = self.rules.with_columns(phrase=parted(self.rules["phrase"].cast(pl.String), self.language))
        return build_index(parted(self.terms["term"].cast(pl.String), self.language), self.terms["type"], rules, self.spelling)

    @functools.cached_property
    def written(self) -> frozenset[str]:
        """The misspelled forms."""
        return frozenset(self.spelling["written"])

    @functools.cached_property
    def fingerprint(self) -> str:
        """Changes with any term or rule, and with the Unicode version that folds them."""
        digest = hashlib.blake2b(unicodedata.unidata_version.encode(), digest_size=16)
        for table, columns in ((self.terms, TERM_COLUMNS), (self.rules, RULE_COLUMNS), (self.spelling, SPELLING_COLUMNS)):
            digest.update(table.select(pl.col(list(columns)).cast(pl.String)).write_csv().encode())
        told = self.small_words.fingerprint if self.small_words else ""
        digest.update(
            " ".join([self.language, told, *(f"{code} {other.fingerprint}" for code, other in sorted(self.others.items()))]).encode()
        )
        return digest.hexdigest()


_ELIDED = r"(?i)\b(c|d|j|l|m|n|s|t|qu|quelqu|jusqu|lorsqu|puisqu)"


def parted(texts: pl.Series, language: str) -> pl.Series:
    """Texts in which an elided word stands for itself, byte for byte as long as before: "l'insomnie" is "l insomnie" in French.

    >>> parted(pl.Series(["J'ai d’insomnie, aujourd'hui", None]), "fr").str.replace("\u2003", "_").to_list()
    ["J ai d_insomnie, aujourd'hui", None]
    """
    if language != "fr":
        return texts
    return texts.str.replace_all(_ELIDED + r"'(\w)", "${1} ${2}").str.replace_all(_ELIDED + r"’(\w)", "${1}\u2003${2}")
