"""VAERS public use files (CDC/FDA): spontaneous reports of vaccines and what was told after them; kept apart from public posts.

A folder holds `*VAERSVAX.csv` and `*VAERSSYMPTOMS.csv` (or .gz) of any years; a report's number joins them. MedDRA terms stand as given.
Age and sex stand in `*VAERSDATA.csv`, where that is there, too.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.text_table import text_table

SOURCE = "vaers"
_CURE = "Give the folder of a VAERS download with a VAERSVAX and a VAERSSYMPTOMS file."


def read_vaers(folder: Path) -> pl.DataFrame:
    """Distinct rows person (the report), drug, effect, source for `heedful.population.safety.accounts`; an empty effect where none is told;
    age (years) and sex (F, M) where a VAERSDATA file says them, else null and empty.

    Errors: `SourceError` for an absent or unreadable file, or one without its columns.
    """
    vaccines = _tables(folder, "VAERSVAX", ["VAERS_ID", "VAX_TYPE", "VAX_NAME"])
    symptoms = _tables(folder, "VAERSSYMPTOMS", ["VAERS_ID", *(f"SYMPTOM{n}" for n in range(1, 6))])
    named = pl.when(pl.col("VAX_NAME").fill_null("") == "").then("VAX_TYPE").otherwise("VAX_NAME")
    given = vaccines.select("VAERS_ID", drug=named.str.strip_chars()).filter(pl.col("drug") != "").unique()
    told = symptoms.unpivot(index="VAERS_ID", value_name="effect").select("VAERS_ID", pl.col("effect").str.strip_chars())
    told = told.filter(pl.col("effect").fill_null("") != "").unique()
    joined = given.join(told, on="VAERS_ID", how="left")
    return joined.select(
        person="VAERS_ID", drug="drug", effect=pl.col("effect").fill_null(""), source=pl.lit(SOURCE)
    ).join(_people(folder), on="person", how="left").with_columns(pl.col("sex").fill_null("")).sort("person", "drug", "effect")  # fmt: skip


def _people(folder: Path) -> pl.DataFrame:
    """person, age, sex of the VAERSDATA files, one row a report; none without such a file."""
    columns = ["VAERS_ID", "AGE_YRS", "SEX"]
    found = _tables(folder, "VAERSDATA", columns) if _files(folder, "VAERSDATA") else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    age, sex = pl.col("AGE_YRS").cast(pl.Float64, strict=False), pl.col("SEX").str.to_uppercase()
    known_sex = pl.when(sex.is_in(["F", "M"])).then(sex).otherwise(pl.lit(""))
    return found.unique("VAERS_ID", keep="first", maintain_order=True).select(person="VAERS_ID", age=age, sex=known_sex)


def _files(folder: Path, kind: str) -> list[Path]:
    return sorted(path for pattern in (f"*{kind}.csv", f"*{kind}.csv.gz") for path in folder.glob(pattern))


def _tables(folder: Path, kind: str, columns: list[str]) -> pl.DataFrame:
    files = _files(folder, kind)
    if not files:
        raise SourceError(folder, f"there is no {kind} file in it", _CURE)
    read = (text_table(path, columns, _CURE, encoding="utf8-lossy") for path in files)
    return pl.concat([rows.select(pl.col(columns).str.strip_chars()) for rows in read])
