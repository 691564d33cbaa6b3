"""A database in OMOP's common data model (5.3, 5.4) as a folder of CSV tables: people, measurements, drugs, conditions, visits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.codes import BY_LOINC, CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import INSTANT, Dispensings, Observations, People, Quarantine, Records, Schema
from heedful.sources.base import SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.csv_columns import AT, LINE, Columns, earlier, only, peeked, table
from heedful.sources.posts.cuts import Cut
from heedful.sources.posts.streams import opening
from heedful.sources.quarantine import QuarantineList
from heedful.sources.records.fhir_observations import DEVICE
from heedful.sources.records.fhir_units import ALSO, scale_of, unit_of
from heedful.sources.records.local_times import local_times
from heedful.sources.records.occurrences import Occurrences
from heedful.sources.records.omop_concepts import concepts, lowered, used

NAME = "records.omop"
_LOINC = {loinc: code.name for loinc, code in BY_LOINC.items()} | ALSO
_CODES = tuple(sorted(set(_LOINC.values())))
DISPENSED = ("32869", "32825", "38000175", "38000176", "581452")
"""Types of drug exposure that were handed over: pharmacy claims and dispensing records. Others are statements or prescriptions."""
_SEX = {"8507": "male", "8532": "female", "8521": "other"}
_NEVER = ("provider_id", "care_site_id", "location_id", "sig", "lot_number", "value_as_string", "value_source_value", "unique_device_id",
          "specimen_source_id")  # fmt: skip
"""Columns that lead to people, or may hold anything that somebody typed."""


@dataclass(frozen=True)
class Event:
    """A table of events: prefix of its columns, FHIR type of its records, and the columns of its time, end, concept, id and source's code.

    `written` is '' where what the source wrote there is no code but an id of its own.
    """

    name: str
    prefix: str
    kind: str
    start: str
    end: str
    concept: str
    id: str
    written: str


EVENTS = (
    Event("measurement", "measurement", "Observation", "measurement_date", "", "measurement_concept_id", "measurement_id",
          "measurement_source_value"),
    Event("drug_exposure", "drug_exposure", "MedicationStatement", "drug_exposure_start_date", "drug_exposure_end_date", "drug_concept_id",
          "drug_exposure_id", "drug_source_value"),
    Event("condition_occurrence", "condition", "Condition", "condition_start_date", "condition_end_date", "condition_concept_id",
          "condition_occurrence_id", "condition_source_value"),
    Event("procedure_occurrence", "procedure", "Procedure", "procedure_date", "procedure_end_date", "procedure_concept_id",
          "procedure_occurrence_id", "procedure_source_value"),
    Event("observation", "observation", "Observation", "observation_date", "", "observation_concept_id", "observation_id",
          "observation_source_value"),
    Event("visit_occurrence", "visit", "Encounter", "visit_start_date", "visit_end_date", "visit_concept_id", "visit_occurrence_id", ""),
    Event("device_exposure", "device_exposure", "DeviceUseStatement", "device_exposure_start_date", "device_exposure_end_date",
          "device_concept_id", "device_exposure_id", "device_source_value"),
    Event("specimen", "specimen", "Specimen", "specimen_date", "", "specimen_concept_id", "specimen_id", "specimen_source_value"),
    Event("episode", "episode", "EpisodeOfCare", "episode_start_date", "episode_end_date", "episode_concept_id", "episode_id",
          "episode_source_value"),
    Event("observation_period", "observation_period", "Coverage", "observation_period_start_date", "observation_period_end_date",
          "period_type_concept_id", "observation_period_id", ""),
    Event("payer_plan_period", "payer_plan_period", "Coverage", "payer_plan_period_start_date", "payer_plan_period_end_date",
          "payer_concept_id", "payer_plan_period_id", ""),
    Event("death", "death", "Observation", "death_date", "", "death_type_concept_id", "person_id", ""),
)  # fmt: skip
DEATH = ("419620001", "SNOMED CT", "Death")
"""The code of a row of the table of deaths; the cause, where it is told, stays in the record's JSON."""
_INPATIENT = ("9201", "262", "8717", "8971", "581379", "581383", "32037")
"""Visits with a bed: inpatient, emergency that became one, hospital, psychiatric facility, critical, cardiac and intensive care."""
_CLASSES = {**dict.fromkeys(_INPATIENT, "IMP"), "42898160": "NONAC", "8676": "NONAC", "8863": "NONAC", "8920": "NONAC", "9202": "AMB",
            "581477": "AMB", "9203": "EMER", "581476": "HH", "5083": "VR"}  # fmt: skip
"""Concepts of visits to the class of an encounter (HL7 v3 ActCode), by which hospital stays are known."""


class Omop:
    """Reads a folder with PERSON.csv and event tables (also .gz, tab-separated, names in either case).

    A measurement whose LOINC code is ours becomes an observation if it has a number in a unit that can be converted; all others, and
    conditions, procedures, observations, visits, devices, specimens, periods and deaths, become records. A visit carries the class of an
    encounter, so that a hospital stay is known as one. Drugs that were dispensed become dispensings, others records. Without
    CONCEPT.csv the codes that the source wrote are kept as local ones. Notes, costs, the parts of visits and
    the derived eras are not read.
    """

    card = SourceCard(
        name=NAME,
        says="a database in OMOP's common data model as CSV tables",
        family="records",
        tables=(People, Observations, Dispensings, Records, Quarantine),
        zone_rule="Times are local without offset: of the declared zone; a time of midnight counts as a day alone.",
        terms="Health records of participants: only under their consent; notes, providers and free text are not kept.",
        tested_on="real form, simulated people: 28 of OHDSI's Eunomia (Synthea, CDM 5.4)",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """A folder with a table of persons and one of events."""
        if not path.is_dir():
            return 0.0
        files = _files(path)
        named = {event.name for event in EVENTS} & set(files)
        return 0.9 if named and "person" in files and "gender_concept_id" in _header(files["person"]) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches table by table. Errors: `SourceError` if there is no table of persons or a table lacks its columns."""
        only(path, NAME, options.settings, ())
        files = _files(path) if path.is_dir() else {}
        if "person" not in files:
            raise SourceError(path, "it is no folder with a table PERSON.csv", "Export the tables of the database as CSV into one folder.")
        events = [event for event in EVENTS if event.name in files]
        for one in events:
            _check(files[one.name], one)
        wanted = used((files[event.name], (event.concept, "unit_concept_id")) for event in events)
        reading = _Reading(options, known_at, concepts(files.get("concept"), wanted))
        aside = {f"table not read: {name}": 1 for name in files if name not in {"person", "concept", *(event.name for event in events)}}
        for number, event in enumerate((None, *events)):
            if cursor is None or number >= cursor["table"]:
                here = cursor if cursor and cursor["table"] == number else None
                for batch in reading.batches(files[event.name if event else "person"], event, number, here):
                    yield Batch(
                        batch.rows,
                        batch.cursor,
                        batch.done,
                        batch.total,
                        batch.records,
                        skipped=batch.skipped,
                        aside=aside if not cursor else {},
                    )
                    aside = {}


def _files(folder: Path) -> dict[str, Path]:
    """Tables by their name in lower case."""
    found = {}
    for path in sorted(folder.iterdir()):
        name = path.name.lower().removesuffix(".gz")
        if path.is_file() and name.endswith((".csv", ".tsv")):
            found[name[:-4]] = path
    return found


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        raw = file.read(1 << 16)
    return [name.lower() for name in peeked(opening(path, raw, 1 << 16), rows=1).names]


def _check(path: Path, event: Event) -> None:
    missing = [name for name in (event.id, "person_id", event.start, event.concept) if name not in _header(path)]
    if missing:
        raise SourceError(
            path, f"it lacks the columns {missing} of OMOP's table {event.name}", "Export the table as the model names it.", 1
        )


class _Reading:
    """One reading of a database: what its concepts mean, and which keys were seen."""

    def __init__(self, options: Options, known_at: datetime, known: pl.DataFrame) -> None:
        self._options, self._known_at, self._concepts = options, known_at, known

    def batches(self, path: Path, event: Event | None, number: int, cursor: dict[str, Any] | None) -> Iterator[Batch]:
        quarantine, seen = QuarantineList(self._options.name, path, self._known_at), Occurrences()
        for rows, _ in earlier(path, {}, cursor):
            self._frames(lowered(rows), None, event, quarantine, seen)
            quarantine.take()
        for cut in Columns(path, {}, cursor).portions():
            for unread in cut.unread:
                quarantine.add(unread.line, unread.reason, unread.content)
            found = self._frames(lowered(table(cut)), cut, event, quarantine, seen)
            yield Batch(
                rows=(*(frame(rows, schema) for schema, rows in found if rows.height), *quarantine.take()),
                cursor={"table": number, **cut.cursor},
                done=cut.done,
                total=cut.total,
                records=len(cut.lines) + len(cut.unread),
                skipped={},
            )

    def _frames(
        self, rows: pl.DataFrame, cut: Cut | None, event: Event | None, quarantine: QuarantineList, seen: Occurrences
    ) -> list[tuple[type[Schema], pl.DataFrame]]:
        if event is None:
            return [(People, self._fit(_people(rows), cut, quarantine).with_columns(known_at=self._known()))]
        rows = self._fit(self._placed(rows, event), cut, quarantine)
        observed = self._observed(rows, event)
        handed = (
            rows["drug_type_concept_id"].is_in(DISPENSED)
            if "drug_type_concept_id" in rows.columns and event.name == "drug_exposure"
            else None
        )
        rest = rows.filter(observed["value_here"].is_null()) if handed is None else rows.filter(~handed.fill_null(value=False))
        found: list[tuple[type[Schema], pl.DataFrame]] = [(Records, self._records(rest, event))]
        if handed is not None:
            found.append((Dispensings, self._dispensings(rows.filter(handed.fill_null(value=False)), seen)))
        found.append((Observations, self._observations(observed.filter(pl.col("value_here").is_not_null()), seen)))
        return found

    def _known(self) -> pl.Expr:
        return pl.lit(self._known_at, dtype=INSTANT)

    def _fit(self, rows: pl.DataFrame, cut: Cut | None, quarantine: QuarantineList) -> pl.DataFrame:
        for line, at, reason in rows.filter(pl.col("reason").is_not_null()).select(LINE, AT, "reason").iter_rows():
            quarantine.add(line, reason, cut.content(at) if cut else None)
        good = rows.filter(pl.col("reason").is_null())
        return good.drop(LINE, AT, "reason") if "person" in rows.columns and "birth_year" in rows.columns else good.drop("reason")

    def _placed(self, rows: pl.DataFrame, event: Event) -> pl.DataFrame:
        """Rows with at, day, offset_minutes, ended, is_day, code, system, display and the reason why they cannot be read."""
        start = local_times(_time(rows, event.start), self._options.zone)
        end = local_times(_time(rows, event.end), self._options.zone)["at"].alias("ended")
        rows = pl.concat([rows, start, end.to_frame()], how="horizontal").join(
            self._concepts, left_on=event.concept, right_on="concept", how="left", maintain_order="left"
        )
        source = pl.col(event.written) if event.written in rows.columns else pl.lit(None, dtype=pl.String)
        number = _number("value_as_number") if "value_as_number" in rows.columns else pl.lit(None, dtype=pl.Float64)
        asked = _told("value_as_number") if "value_as_number" in rows.columns else pl.lit(value=False)
        return rows.with_columns(
            is_day=_time(rows, event.start).str.contains(r"^\S+([ T]00:00(:00(\.0+)?)?)?$"), number=number,
            system=pl.when(pl.col("code").is_null()).then(pl.lit("local")).otherwise("system"),
            code=pl.coalesce("code", source, event.concept),
            reason=pl.when(~_told("person_id")).then(pl.lit("the row names no person; fill person_id"))
            .when(~_told(event.id)).then(pl.lit(f"the row has no {event.id}; fill it"))
            .when(pl.col("at").is_null()).then(pl.lit(f"its {event.start} cannot be read; write it as 2024-01-31"))
            .when(asked & number.is_null()).then(pl.lit("its value_as_number is no number; correct it")),
        )  # fmt: skip

    def _observed(self, rows: pl.DataFrame, event: Event) -> pl.DataFrame:
        """Rows with our code, and value_here: the value in our unit, null where the row is no observation of ours."""
        name = pl.when((pl.col("system") == "LOINC") & (event.name == "measurement")).then(
            pl.col("code").replace_strict(_LOINC, default=None, return_dtype=pl.String)
        )
        rows = rows.with_columns(ours=name, written_unit=_unit(rows, self._concepts))
        pairs = rows.select("ours", "written_unit").unique().drop_nulls()
        scales = [scale_of(unit, CODES[ours].unit) or (None, None) for ours, unit in pairs.iter_rows()]
        factors = pairs.with_columns(
            factor=pl.Series([one[0] for one in scales], dtype=pl.Float64), summand=pl.Series([one[1] for one in scales], dtype=pl.Float64)
        )
        rows = rows.join(factors, on=["ours", "written_unit"], how="left", maintain_order="left")
        return rows.with_columns(value_here=pl.col("number") * pl.col("factor") + pl.col("summand"))

    def _observations(self, rows: pl.DataFrame, seen: Occurrences) -> pl.DataFrame:
        units = {name: CODES[name].unit for name in _CODES}
        made = rows.select(
            pl.col("person_id").str.strip_chars().alias("person"), "day", "offset_minutes", code=pl.col("ours"), start_at=pl.col("at"),
            end_at=pl.col("at"), value=pl.col("value_here"), device=pl.lit(DEVICE), how=pl.lit("measured"),
            unit=pl.col("ours").replace_strict(units, default=None, return_dtype=pl.String),
            extra=pl.when("is_day").then(pl.lit('{"precision":"day"}')), known_at=self._known(),
        )  # fmt: skip
        return made.with_columns(row=seen.number(made.select("person", "code", "start_at")))

    def _dispensings(self, rows: pl.DataFrame, seen: Occurrences) -> pl.DataFrame:
        made = rows.select(
            pl.col("person_id").str.strip_chars().alias("person"), "day", drug=pl.col("code"), drug_system=pl.col("system"),
            dispensed_on=pl.col("day"),
            days_supplied=_positive(rows, "days_supply"), quantity=_positive(rows, "quantity"),
            extra=pl.struct(name=pl.col("display")).struct.json_encode(), known_at=self._known(),
        )  # fmt: skip
        return made.with_columns(row=seen.number(made.select("person", "drug", "dispensed_on")))

    def _records(self, rows: pl.DataFrame, event: Event) -> pl.DataFrame:
        own = [name for name in rows.columns if name.startswith(event.prefix) or name.endswith(("_concept_id", "_date")) or name in _VALUES]
        kept = [name for name in own if name not in _NEVER and not name.endswith("_source_value")]
        if event.name == "death":
            rows = rows.with_columns(
                **{name: pl.lit(text) for name, text in zip(("code", "system", "display"), DEATH, strict=True)}, person_id_here=pl.lit("1")
            )
        if event.kind == "Encounter":
            code = pl.col(event.concept).str.strip_chars().replace_strict(_CLASSES, default=None, return_dtype=pl.String)
            period = pl.struct(start=_day(rows, event.start), end=_day(rows, event.end))
            rows, kept = rows.with_columns(pl.struct(code=code).alias("class"), period=period), [*kept, "class", "period"]
        name = "person_id_here" if event.name == "death" else event.id
        return rows.select(
            pl.col("person_id").str.strip_chars().alias("person"), "day", "code", "system", "display", value=pl.col("number"),
            resource=pl.format("{}/{}", pl.lit(event.name), name), type=pl.lit(event.kind), happened_at=pl.col("at"),
            ended_at=pl.col("ended"), unit=_unit(rows, self._concepts), json=pl.struct(kept).struct.json_encode(), known_at=self._known(),
        )  # fmt: skip


_VALUES = ("value_as_number", "days_supply", "quantity", "refills", "range_low", "range_high")


def _people(rows: pl.DataFrame) -> pl.DataFrame:
    year = pl.col("year_of_birth").cast(pl.Int32, strict=False) if "year_of_birth" in rows.columns else pl.lit(None, dtype=pl.Int32)
    sex = pl.col("gender_concept_id") if "gender_concept_id" in rows.columns else pl.lit(None, dtype=pl.String)
    return rows.select(
        LINE, AT, pl.col("person_id").str.strip_chars().alias("person"), birth_year=pl.when(year.is_between(1880, 2200)).then(year),
        sex=sex.replace_strict(_SEX, default=None, return_dtype=pl.String),
        reason=pl.when(~_told("person_id")).then(pl.lit("the row names no person; fill person_id")),
    )  # fmt: skip


def _time(rows: pl.DataFrame, column: str) -> pl.Series:
    """The time of a column `…_datetime`, else the day of `…_date`."""
    fine = f"{column.removesuffix('_date')}_datetime"
    parts = [pl.col(name).str.strip_chars() for name in (fine, column) if name in rows.columns]
    blank = pl.lit(None, dtype=pl.String).alias("time")
    found = pl.coalesce([pl.when(part != "").then(part) for part in parts]).alias("time") if parts else blank
    return rows.select(pl.int_range(pl.len()), found)["time"]


def _day(rows: pl.DataFrame, column: str) -> pl.Expr:
    """The day of a date column as it is written; null where the table has no such column."""
    nothing = pl.lit(None, dtype=pl.String)
    return pl.col(column).str.strip_chars().str.extract(r"^(\d{4}-\d\d-\d\d)") if column in rows.columns else nothing


def _unit(rows: pl.DataFrame, known: pl.DataFrame) -> pl.Expr:
    """The UCUM unit: of the unit's concept, else as the source wrote it in a known spelling."""
    ucum = dict(known.filter(pl.col("system") == "UCUM").select("concept", "code").iter_rows())
    nothing = pl.lit(None, dtype=pl.String)
    named = (
        pl.col("unit_concept_id").replace_strict(ucum, default=None, return_dtype=pl.String)
        if ucum and "unit_concept_id" in rows.columns
        else nothing
    )
    if "unit_source_value" not in rows.columns:
        return named
    spellings = {one: unit_of({"unit": one}) or None for one in rows["unit_source_value"].drop_nulls().unique().to_list()}
    written = pl.col("unit_source_value").replace_strict(spellings, default=None, return_dtype=pl.String) if spellings else nothing
    return pl.coalesce(named, written)


def _number(column: str) -> pl.Expr:
    number = pl.col(column).str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _positive(rows: pl.DataFrame, column: str) -> pl.Expr:
    """A supply or an amount; OMOP writes 0 where none is known."""
    number = _number(column) if column in rows.columns else pl.lit(None, dtype=pl.Float64)
    return pl.when(number > 0).then(number)


def _told(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().fill_null("") != ""


SOURCES.add(NAME, Omop())
