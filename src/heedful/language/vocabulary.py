"""The words that are looked for, the concepts that they mean, and the rules for the words around them."""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from heedful.core.errors import SettingsError
from heedful.language.matching import TYPES, build_index
from heedful.language.rules import RULE_COLUMNS

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

    Raises `SettingsError` on a missing column, a missing value, an unknown type, or a rule that cannot be used.
    """

    terms: pl.DataFrame
    rules: pl.DataFrame

    def __post_init__(self) -> None:
        for table, columns, what in ((self.terms, TERM_COLUMNS, "vocabulary"), (self.rules, RULE_COLUMNS, "rules table")):
            lost = [name for name in columns if name not in table.columns or table[name].null_count()]
            if lost:
                raise SettingsError(f"The {what} lacks {', '.join(lost)}, in whole or in some rows. Its columns are {', '.join(columns)}.")
        strange = sorted(set(self.terms["type"].unique()) - set(TYPES))
        if strange:
            raise SettingsError(f"The vocabulary holds terms of type {', '.join(strange)}; a type is one of {', '.join(TYPES)}.")

    @functools.cached_property
    def index(self) -> Index:
        """The terms and rules as the kernels read them; made on first use (about 0.3 s for 60,000 terms)."""
        return build_index(self.terms["term"], self.terms["type"], self.rules)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Changes with any term or rule, and with the Unicode version that folds them."""
        digest = hashlib.blake2b(unicodedata.unidata_version.encode(), digest_size=16)
        for table, columns in ((self.terms, TERM_COLUMNS), (self.rules, RULE_COLUMNS)):
            digest.update(table.select(pl.col(list(columns)).cast(pl.String)).write_csv().encode())
        return digest.hexdigest()
