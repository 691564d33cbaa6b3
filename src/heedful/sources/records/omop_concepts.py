"""The concepts that a database in OMOP's common data model refers to: of its vocabulary only those in use are held."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from heedful.sources.csv_columns import Columns, table

SYSTEMS = {
    "SNOMED": "SNOMED CT", "ICD10CM": "ICD-10-CM", "ICD10": "ICD-10", "ICD9CM": "ICD-9-CM", "ICD10PCS": "ICD-10-PCS", "CPT4": "CPT",
}  # fmt: skip
"""Printed names of OMOP's vocabularies where ours differ."""
_COLUMNS = {"concept_id": "concept", "concept_code": "code", "vocabulary_id": "system", "concept_name": "display"}


def lowered(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns in lower case, as the model names them; databases export either."""
    return rows.rename({name: name.lower() for name in rows.columns if name != name.lower()})


def used(tables: Iterable[tuple[Path, tuple[str, ...]]]) -> pl.Series:
    """The distinct concept ids in some columns of tables, read portion by portion."""
    found = pl.Series("concept", [], dtype=pl.String)
    for path, names in tables:
        for cut in Columns(path, {}).portions():
            rows = lowered(table(cut))
            here = [rows[name].drop_nulls().unique().alias("concept") for name in names if name in rows.columns]
            found = pl.concat([found, *here]).unique()
    return found.sort()


def concepts(path: Path | None, wanted: pl.Series) -> pl.DataFrame:
    """Columns concept, code, system and display of the wanted ids; empty without a CONCEPT table."""
    parts = [pl.DataFrame(schema=dict.fromkeys(_COLUMNS.values(), pl.String))]
    for cut in Columns(path, {}).portions() if path else ():
        rows = lowered(table(cut))
        if set(_COLUMNS) <= set(rows.columns):
            parts.append(
                rows.select(pl.col(name).alias(ours) for name, ours in _COLUMNS.items()).filter(pl.col("concept").is_in(wanted.implode()))
            )
    return pl.concat(parts).unique("concept", keep="first").with_columns(pl.col("system").replace(SYSTEMS))
