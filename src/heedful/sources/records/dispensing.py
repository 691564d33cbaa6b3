"""Dispensing tables: who was given which drug, when, and for how many days (AdhereR's columns, pharmacy claims, or declared)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SourceError
from heedful.core.schemas import INSTANT, Dispensings, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.csv_columns import (
    AT,
    LINE,
    READING,
    Columns,
    by_usual_names,
    declared,
    earlier,
    numbers,
    only,
    peeked,
    set_aside,
    spelled,
    table,
    told,
)
from heedful.sources.posts.cuts import Cut
from heedful.sources.posts.mapping import PERSONAL, plain
from heedful.sources.quarantine import QuarantineList
from heedful.sources.records.dates import FORMATS, date_format, dates
from heedful.sources.records.occurrences import Occurrences

NAME = "records.dispensing"
ALIASES: dict[str, tuple[str, ...]] = {
    "person": ("patientid", "id", "patient", "person", "personid", "participant", "subject", "subjectid", "memberid"),
    "drug": ("atccode", "atc", "category", "drug", "drugcode", "medication", "ndc", "rxnorm", "rxcui", "drugname"),
    "dispensed_on": ("datedisp", "dispensedon", "dispensingdate", "dispensedate", "filldate", "servicedate", "date"),
    "days_supplied": ("duration", "dayssupply", "dayssupplied", "daysofsupply", "supplydays"),
    "daily_dose": ("perday", "dailydose", "doseperday"),
    "quantity": ("quantity", "qty", "totaldose", "quantitydispensed", "amount"),
    "dose_unit": ("doseunit", "unit"),
}
"""Names without case, dots and underscores. A table is recognised by person, drug and day and one of supply, dose or quantity."""

SETTINGS = (*READING, "columns", "date_format", "drug_system", "dose_unit")
SYSTEMS = {"atc": "ATC", "atccode": "ATC", "ndc": "NDC", "rxnorm": "RxNorm", "rxcui": "RxNorm"}
UCUM = {"MG": "mg", "G": "g", "MCG": "ug", "UG": "ug", "ML": "mL", "UI": "[iU]", "IU": "[iU]", "UNITS": "[iU]"}
ATC = r"^[A-V]\d{2}([A-Z]([A-Z](\d{2})?)?)?$"
_AMOUNTS = ("days_supplied", "daily_dose", "quantity")
_KEY = ["person", "drug", "dispensed_on"]


class Dispensing:
    """Dispensing events from CSV.

    Settings: `columns` (ours = theirs), `date_format` (recognised where the rows leave no doubt), `drug_system` (default: by the
    column's name or the codes' form, else local), `dose_unit` (UCUM), `delimiter`, `encoding`, `decimal`.
    A total dose counts as `quantity`, in the unit that `extra` keeps. Supplies that a file does not state are not made up.
    """

    card = SourceCard(
        name=NAME,
        says="a dispensing table: person, drug, day, days supplied or dose (AdhereR's columns, pharmacy claims, or declared)",
        family="records",
        tables=(Dispensings, Quarantine),
        zone_rule="Days are calendar days as written; a time of day after them is left out.",
        terms="Health records of participants: only under their consent.",
        tested_on="real form, simulated people: med.events, med.events.ATC, durcomp.dispensing of AdhereR; made here: US dates, bad rows",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header's names, and a first row whose day is one."""
        if path.is_dir():
            return 0.0
        first = peeked(head)
        found = guess(first.names)
        if not first.rows or not {*_KEY} <= set(found) or not set(_AMOUNTS) & set(found):
            return 0.0
        day = pl.DataFrame({"day": [first.first(found["dispensed_on"])]})
        if not any(day.select(dates("day", form).is_not_null()).item() for form in FORMATS):
            return 0.0
        return 0.9 if "days_supplied" in found or "daily_dose" in found else 0.75

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of dispensings. Errors: `SourceError` for no such columns or doubtful dates; `SettingsError` for a setting."""
        only(path, NAME, options.settings, SETTINGS)
        columns = Columns(path, options.settings, cursor)
        mapping = _mapping(path, columns.names, options.settings)
        form = cursor["date_format"] if cursor else ""
        seen, quarantine = Occurrences(), QuarantineList(options.name, path, known_at)
        for rows, _ in earlier(path, options.settings, cursor):
            good = _typed(rows, mapping, form, options.settings).filter(pl.col("reason").is_null())
            seen.number(good.select(_KEY))
        for cut in columns.portions():
            rows = table(cut)
            form = form or date_format(path, rows, mapping["dispensed_on"], str(options.settings.get("date_format", "")))
            yield _batch(_typed(rows, mapping, form, options.settings), cut, form, seen, quarantine, known_at)


def guess(names: Sequence[str]) -> dict[str, str]:
    """Our column -> theirs, by the usual names.

    >>> guess(["PATIENT_ID", "DATE", "PERDAY", "CATEGORY", "DURATION"])["days_supplied"]
    'DURATION'
    """
    return by_usual_names(names, ALIASES)


def _mapping(path: Path, names: list[str], settings: Mapping[str, Any]) -> dict[str, str]:
    chosen = declared(path, NAME, names, settings.get("columns", {}), tuple(ALIASES))
    mapping = {**guess([name for name in names if name not in chosen.values()]), **chosen}
    missing = [name for name in _KEY if name not in mapping]
    if missing:
        cure = f'Declare them: columns = {{{missing[0]} = "name in the file"}}.'
        raise SourceError(path, f"no column looks like {' and '.join(missing)}; its columns are {', '.join(names[:20])}", cure)
    if "daily_dose" not in mapping:
        # A unit beside no daily dose is that of the quantity: it stays in `extra`.
        mapping.pop("dose_unit", None)
    return mapping


def _typed(rows: pl.DataFrame, mapping: dict[str, str], form: str, settings: Mapping[str, Any]) -> pl.DataFrame:
    """Columns of `dispensings` but `row` and `known_at`, with `line`, `at` and `reason` (null where the row is fit)."""
    decimal = str(settings.get("decimal", "."))
    kept = [name for name in rows.columns if name not in (*mapping.values(), LINE, AT) and plain(name) not in PERSONAL]
    unit = pl.lit(settings.get("dose_unit"), dtype=pl.String)
    if "dose_unit" in mapping and "dose_unit" not in settings:
        unit = pl.col(mapping["dose_unit"]).str.strip_chars().replace(UCUM)
    return rows.select(
        pl.col(LINE).alias("line"),
        pl.col(AT).alias("at"),
        pl.col(mapping["person"]).str.strip_chars().alias("person"),
        pl.col(mapping["drug"]).str.strip_chars().alias("drug"),
        _system(mapping["drug"], settings).alias("drug_system"),
        dates(mapping["dispensed_on"], form).alias("dispensed_on"),
        *(numbers(mapping[name], decimal).alias(name) if name in mapping else pl.lit(None, pl.Float64).alias(name) for name in _AMOUNTS),
        unit.alias("dose_unit"),
        pl.struct(kept).struct.json_encode().alias("extra") if kept else pl.lit(None, pl.String).alias("extra"),
        _reason(mapping, form, decimal).alias("reason"),
    ).with_columns(day=pl.col("dispensed_on"))


def _system(column: str, settings: Mapping[str, Any]) -> pl.Expr:
    named = settings.get("drug_system") or SYSTEMS.get(spelled(column))
    if named:
        return pl.lit(str(named))
    return pl.when(pl.col(column).str.strip_chars().str.contains(ATC)).then(pl.lit("ATC")).otherwise(pl.lit("local"))


def _reason(mapping: dict[str, str], form: str, decimal: str) -> pl.Expr:
    """The first thing that is wrong with a row and what would cure it."""
    person, drug, day = (mapping[name] for name in _KEY)
    reasons = [
        pl.when(~told(person).fill_null(False)).then(pl.lit("no person; fill the column " + person)),
        pl.when(~told(drug).fill_null(False)).then(pl.lit("no drug; fill the column " + drug)),
        pl.when(dates(day, form).is_null()).then(pl.lit(f"its day is not a date written as {form} between 1880 and 2200; correct it")),
    ]
    for name in _AMOUNTS:
        if name in mapping:
            value, column = numbers(mapping[name], decimal), mapping[name]
            reasons.append(pl.when(told(column) & value.is_null()).then(pl.lit(f"{name} ({column}) is not a number; correct it")))
            said = f"{name} ({column}) is zero or negative, so nothing was supplied; correct it, or leave returns out of the table"
            reasons.append(pl.when(value <= 0).then(pl.lit(said)))
    return pl.coalesce(reasons)


def _batch(typed: pl.DataFrame, cut: Cut, form: str, seen: Occurrences, quarantine: QuarantineList, known_at: datetime) -> Batch:
    good = set_aside(typed, cut, quarantine)
    rows = good.with_columns(row=seen.number(good.select(_KEY)), known_at=pl.lit(known_at, dtype=INSTANT)).drop("line", "at", "reason")
    return Batch(
        rows=(*((frame(rows, Dispensings),) if rows.height else ()), *quarantine.take()),
        cursor={**cut.cursor, "date_format": form},
        done=cut.done,
        total=cut.total,
        records=len(cut.lines) + len(cut.unread),
    )


DISPENSING = SOURCES.add(NAME, Dispensing())
