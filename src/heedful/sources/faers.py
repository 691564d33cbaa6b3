"""FAERS quarterly files of the FDA (ASCII): spontaneous reports of medicines and reactions; kept apart from public posts.

A folder (with its subfolders), or a zip as it is downloaded, holds DEMO, DRUG and REAC files of one or more quarters, fields divided by
'$', and lists of deleted cases where there are any. Suspect drugs (role PS, SS) and interacting ones (I) make pairs; concomitant ones (C)
are left out unless asked for. A drug is its active ingredient (prod_ai) where it is given, else the name as reported; reactions are MedDRA
terms.

De-duplication, as the files' notes ask: of the versions of one case (caseid) the one that the FDA received last stays (fda_dt, then
primaryid); deleted cases go. Two cases are one where they agree in day of the event, country, sex and age, all known, and in all drugs and
reactions.

Reference: FDA, "ASC_NTS" notes of the FAERS quarterly data extract (fields, roles, versions). Tested on files made after those notes only:
no real quarter was at hand. Files before 2012Q4 (legacy AERS: ISR, CASE) have other columns and are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.openfda import SOURCE, SpontaneousReports
from heedful.sources.wearables.archives import DECODING, is_zip, opened_zip

_CURE = "Give the folder or zip of a FAERS quarter (ASCII, 2012Q4 or later) with its DEMO, DRUG and REAC files."
_ROLES = ("PS", "SS", "I")
_CONCOMITANT = "C"
_YEARS = {"DEC": 10.0, "YR": 1.0, "MON": 1 / 12, "WK": 7 / 365.25, "DY": 1 / 365.25, "HR": 1 / 8766}
_TOLD = ("event_dt", "occr_country", "sex", "age", "age_cod")
"""What two cases must agree in, beside all drugs and reactions, to be one."""


def is_faers(path: Path) -> bool:
    """Whether a folder or zip holds a DEMO file of a quarter."""
    return (path.is_dir() or is_zip(path)) and any(_kind(name) == "DEMO" for name in _names(path))


def read_faers(path: Path, *, concomitant: bool = False) -> SpontaneousReports:
    """Reports of a folder or zip. Errors: `SourceError` that names the file: absent, unreadable, or without its columns."""
    cases = _tables(path, "DEMO", ("primaryid", "caseid", "fda_dt", *_TOLD))
    drugs = _tables(path, "DRUG", ("primaryid", "role_cod", "drugname", "prod_ai"))
    reactions = _tables(path, "REAC", ("primaryid", "pt"))
    received = [pl.col("fda_dt").fill_null(""), pl.col("primaryid").cast(pl.Int64, strict=False).fill_null(-1)]
    newest = cases.sort("caseid", *received).unique("caseid", keep="last", maintain_order=True)
    kept = newest.filter(~pl.col("caseid").is_in(_deleted(path).implode()))
    roles = [*_ROLES, *([_CONCOMITANT] if concomitant else [])]
    named = pl.coalesce(pl.col("prod_ai").replace("", None), "drugname").str.to_uppercase().str.replace_all(r"\s+", " ").str.strip_chars()
    taken = drugs.filter(pl.col("role_cod").is_in(roles)).select("primaryid", drug=named).filter(pl.col("drug") != "").unique()
    told = reactions.select("primaryid", effect=pl.col("pt").str.to_uppercase()).filter(pl.col("effect") != "").unique()
    whole = kept.join(_all(taken, "drug"), on="primaryid", how="left").join(_all(told, "effect"), on="primaryid", how="left")
    known = pl.all_horizontal(pl.col(name).fill_null("") != "" for name in (*_TOLD, "drug", "effect"))
    alike = pl.when(known).then(pl.concat_str(*_TOLD, "drug", "effect", separator="\x1f")).otherwise("caseid")
    once = whole.with_columns(alike=alike).unique("alike", keep="first", maintain_order=True)
    people = once.select("primaryid", person="caseid", age=_age(), sex=_sex())
    pairs = people.join(taken, on="primaryid").join(told, on="primaryid", how="left")
    rows = pairs.select("person", "drug", pl.col("effect").fill_null(""), pl.lit(SOURCE).alias("source"), "age", "sex").sort(
        "person", "drug", "effect"
    )
    return SpontaneousReports(
        rows, once.height, cases.height - newest.height, whole.height - once.height, int(once["drug"].is_null().sum()),
        newest.height - kept.height,
    )  # fmt: skip


def _age() -> pl.Expr:
    """Years; null where number or unit is not there."""
    return pl.col("age").cast(pl.Float64, strict=False) * pl.col("age_cod").replace_strict(_YEARS, default=None, return_dtype=pl.Float64)


def _sex() -> pl.Expr:
    return pl.when(pl.col("sex").is_in(["F", "M"])).then("sex").otherwise(pl.lit(""))


def _all(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """All values of a report in one text."""
    return rows.sort("primaryid", column).group_by("primaryid", maintain_order=True).agg(pl.col(column).str.join("\x1e"))


def _tables(path: Path, kind: str, columns: Sequence[str]) -> pl.DataFrame:
    tables = [_table(path / name, data, columns) for name, data in _members(path, lambda name: _kind(name) == kind)]
    if not tables:
        raise SourceError(path, f"there is no {kind} file in it", _CURE)
    return pl.concat(tables)


def _table(file: Path, data: bytes, columns: Sequence[str]) -> pl.DataFrame:
    try:
        rows = pl.read_csv(data, separator="$", quote_char=None, infer_schema=False, encoding="utf8-lossy")
    except pl.exceptions.PolarsError as error:
        raise SourceError(file, f"it cannot be read as fields divided by '$' ({error})", _CURE) from error
    rows = rows.rename({name: name.strip().lower() for name in rows.columns})
    absent = [name for name in columns if name not in rows.columns and name not in ("prod_ai", "occr_country")]
    if absent:
        raise SourceError(file, f"it has no column {', '.join(absent)}", _CURE, 1)
    rows = rows.with_columns(pl.lit("").alias(name) for name in columns if name not in rows.columns)
    return rows.select(pl.col(name).str.strip_chars() for name in columns)


def _deleted(path: Path) -> pl.Series:
    """Case numbers of the lists of deleted cases, one a line."""
    lists = _members(path, lambda name: "DELETE" in name.upper() and not _kind(name))
    return pl.Series("caseid", [case for _, data in lists for case in data.decode("utf-8", "replace").split() if case.isdigit()], pl.String)


def _kind(name: str) -> str:
    file = PurePosixPath(name).name.upper()
    return file[:4] if file.endswith(".TXT") and file[:4] in ("DEMO", "DRUG", "REAC") and file[4:5].isdigit() else ""


def _names(path: Path) -> list[str]:
    if path.is_dir():
        return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
    with opened_zip(path) as inside:
        return sorted(name for name in inside.namelist() if not name.endswith("/"))


def _members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the files that are wanted, one at a time."""
    if not path.exists():
        raise SourceError(path, "it is not there", _CURE)
    if not (path.is_dir() or is_zip(path)):
        raise SourceError(path, "it is neither a folder nor a zip", _CURE)
    names = [name for name in _names(path) if wanted(name)]
    if path.is_dir():
        yield from ((name, (path / name).read_bytes()) for name in names)
        return
    with opened_zip(path) as inside:
        for name in names:
            try:
                data = inside.read(name)
            except DECODING as error:
                raise SourceError(path, f"its member {name} cannot be unpacked ({error})", _CURE) from error
            yield name, data
