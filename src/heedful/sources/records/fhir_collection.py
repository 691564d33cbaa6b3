"""Resources on their way into a batch: each becomes rows, is set aside with its reason, or is counted as left out."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.schemas import INSTANT, Answers, Dispensings, Observations, People, Records, Schema
from heedful.sources.base import Batch, Options, frame
from heedful.sources.quarantine import QuarantineList
from heedful.sources.records.fhir_answers import answers
from heedful.sources.records.fhir_observations import measured
from heedful.sources.records.fhir_references import Context, NotReadError, Resource, patient_of, uncontained
from heedful.sources.records.fhir_rows import HAPPENED, NoEventError, Row, dispensing_row, person_row, record_row
from heedful.sources.records.fhir_times import UnfitError
from heedful.sources.records.occurrences import Occurrences

MADE: tuple[type[Schema], ...] = (People, Observations, Answers, Dispensings, Records)
READ = frozenset({"Patient", *HAPPENED})
ERROR_STATUS = "entered-in-error"
TWICE = "same value twice in this file"


class Collection:
    """Gathers rows until `batch` takes them.

    `patients`: ids of all patients of the file if they are known beforehand; with one of them, `options.subject` takes its place.
    """

    def __init__(self, options: Options, path: Path, known_at: datetime, patients: set[str] | None) -> None:
        self._options, self._known_at = options, known_at
        self._only = str(options.settings.get("patient", ""))
        if self._only and not options.subject:
            raise SettingsError(f"{path}: the setting patient = {self._only!r} names whose records these are; declare the subject as well.")
        if options.subject and not self._only and patients and len(patients) == 1:
            self._only = next(iter(patients))
        self._quarantine = QuarantineList(options.name, path, known_at)
        self._rows: dict[type[Schema], list[Row]] = {schema: [] for schema in MADE}
        self._skipped: Counter[str] = Counter()
        self._records = 0
        self._keys, self._contents, self._supplies, self._answers = Occurrences(), Occurrences(), Occurrences(), Occurrences()

    def unfit(self, number: int, reason: str, content: bytes | str | None) -> None:
        """Set one record aside."""
        self._records += 1
        self._quarantine.add(number, reason, content)

    def add(self, entry: tuple[int, str, Any], context: Context) -> None:
        """Read one resource; whatever is wrong with it is its own matter."""
        number, _, resource = entry
        try:
            made = self._made(resource, context)
        except NotReadError as error:
            self._records += 1
            self._skipped[str(error)] += 1
        except UnfitError as error:
            self.unfit(number, str(error), _shown(resource))
        except (AttributeError, TypeError, KeyError, ValueError, IndexError, OverflowError) as error:
            reason = (
                f"an element has not the form that FHIR R4 gives it ({type(error).__name__}: {str(error)[:100]}); validate the resource"
            )
            self.unfit(number, reason, _shown(resource))
        else:
            self._records += sum(len(rows) for rows in made.values())
            for schema, rows in made.items():
                self._rows[schema] += rows

    def _made(self, resource: Any, context: Context) -> dict[type[Schema], list[Row]]:
        if resource is None:
            raise NotReadError("bundle entry without a resource")
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise UnfitError("it is not a FHIR resource: it has no resourceType")
        kind = resource["resourceType"]
        if kind not in READ:
            raise NotReadError(f"FHIR type {kind[:40]} is not read")
        if resource.get("status") == ERROR_STATUS or _verification(resource) == ERROR_STATUS:
            raise NotReadError("entered in error, as its source says")
        raw = patient_of(resource, context)
        resource = uncontained(resource, raw)
        person = self._named(raw)
        if kind == "Patient":
            return {People: [person_row(resource, person, context)]}
        if kind == "MedicationDispense":
            try:
                return {Dispensings: [dispensing_row(resource, person, context)]}
            except NoEventError:
                return {Records: [_record(resource, raw, person, context)]}
        if kind == "QuestionnaireResponse":
            aside = Counter[str]()
            told = answers(resource, person, context, aside)
            record = _record(resource, raw, person, context)
            self._skipped.update(aside)
            self._records += aside.total()
            return {Answers: told, Records: [record]}
        if kind != "Observation":
            return {Records: [_record(resource, raw, person, context)]}
        rows, all_told = measured(resource, person, context)
        return {Observations: rows, Records: [] if all_told else [_record(resource, raw, person, context)]}

    def _named(self, patient: str) -> str:
        if not self._only:
            return patient
        if patient != self._only:
            raise NotReadError("of another patient than the declared one")
        return self._options.subject

    def batch(self, cursor: dict[str, Any], done: int, total: int) -> Batch:
        """All that was gathered since the last batch."""
        tables = {schema: _frame(rows, schema, self._known_at) for schema, rows in self._rows.items() if rows}
        if Observations in tables:
            tables[Observations] = self._numbered(tables[Observations])
        if Answers in tables:
            again = self._answers.number(tables[Answers].select("person", "instrument", "item", "asked_at"))
            suffix = pl.when(again > 0).then(pl.format("{}#{}", "instrument", again + 1)).otherwise("instrument")
            tables[Answers] = tables[Answers].with_columns(instrument=suffix)
        if Dispensings in tables:
            key = self._supplies.number(tables[Dispensings].select("person", "drug", "dispensed_on"))
            tables[Dispensings] = tables[Dispensings].with_columns(row=key)
        made = tuple(frame(data, schema) for schema, data in tables.items() if data.height)
        out = Batch(
            rows=(*made, *self._quarantine.take()),
            cursor=cursor,
            done=done,
            total=total,
            records=self._records,
            skipped=dict(self._skipped),
        )
        self._rows = {schema: [] for schema in MADE}
        self._skipped, self._records = Counter(), 0
        return out

    def _numbered(self, data: pl.DataFrame) -> pl.DataFrame:
        key = ["person", "code", "start_at", "device"]
        again = self._contents.number(data.select(*key, "end_at", "value", "value_code"))
        fresh = data.filter(again == 0)
        if fresh.height < data.height:
            self._skipped[TWICE] += data.height - fresh.height
        return fresh.with_columns(row=self._keys.number(fresh.select(key)))


def _shown(resource: Any) -> bytes | None:
    """The resource as JSON for the quarantine; nothing where it is nested deeper than JSON is written (its place in the file stays)."""
    try:
        return orjson.dumps(resource)
    except TypeError:
        return None


def _record(resource: Resource, raw: str, person: str, context: Context) -> Row:
    """A record is stripped under the id that its references use, whatever the person is called here."""
    return {**record_row(resource, raw, context), "person": person}


def _verification(resource: Resource) -> str:
    concept = resource.get("verificationStatus")
    codings = concept.get("coding", []) if isinstance(concept, dict) else []
    return str(codings[0].get("code", "")) if codings and isinstance(codings[0], dict) else ""


def _frame(rows: list[Row], schema: type[Schema], known_at: datetime) -> pl.DataFrame:
    types = {name: dtype for name, dtype in schema.dtypes().items() if name in rows[0]}
    return pl.DataFrame(rows, schema=types).with_columns(known_at=pl.lit(known_at, dtype=INSTANT))
