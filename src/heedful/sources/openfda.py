"""openFDA drug events (FAERS as JSON): spontaneous reports of medicines and reactions; kept apart from public posts.

A folder, or one file, holds answers or downloads of `drug/event` (`{"results": [...]}`, also gzipped or zipped), or single events.
Suspect drugs (characterization 1) and interacting ones (3) make pairs; concomitant ones (2) are left out unless asked for. A drug is
openFDA's generic name where there is exactly one, else the substance, else the product as reported; reactions are MedDRA terms as reported.

De-duplication: of the versions of one report (safetyreportid, whose number may end in "-version"; safetyreportversion) the newest stays.
Two reports are one where they agree in the company's number, or in country, day of reception, sex and age (all known), and in all drugs and
reactions. openFDA's field `duplicate` only says that earlier versions were sent, and decides nothing here.

Reference: openFDA drug/event fields (https://open.fda.gov/apis/drug/event/searchable-fields/); ICH E2B(R2) codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.wearables.archives import DECODING, gunzipped, opened_zip

SOURCE = "faers"
SUSPECT, CONCOMITANT, INTERACTING = "1", "2", "3"
_MOST_BYTES = 4_000_000_000
"""Of one file, unpacked; a download of openFDA has some 300 MB."""
_CURE = "Give openFDA drug/event JSON: an answer of its API, a download, or a folder of them."
_SCHEMA = {"person": pl.String, "drug": pl.String, "effect": pl.String, "source": pl.String, "age": pl.Float64, "sex": pl.String}
_YEARS = {"800": 10.0, "801": 1.0, "802": 1 / 12, "803": 7 / 365.25, "804": 1 / 365.25, "805": 1 / 8766}
"""Years in an E2B(R2) age unit: decade, year, month, week, day, hour."""
_SEX = {"1": "M", "2": "F"}


@dataclass(frozen=True)
class SpontaneousReports:
    """`rows`: person (the report), drug, effect, source, as `heedful.population.safety.accounts` takes them, and the report's age (years,
    or null) and sex (F, M, or empty). reports: those kept; older: earlier versions of them; repeated: reports that another one holds
    already; without_drug: reports that name no suspect drug; deleted: reports that the authority took back."""

    rows: pl.DataFrame
    reports: int
    older: int
    repeated: int
    without_drug: int
    deleted: int = 0


def read_openfda(path: Path, *, concomitant: bool = False) -> SpontaneousReports:
    """Reports of a file or folder.

    Errors: `SourceError` for an absent or unreadable file, and for an event without a number, drugs or reactions, naming file and event.
    """
    newest: dict[str, tuple[tuple[int, str], dict[str, Any]]] = {}
    older = 0
    for file, number, event in _events(path):
        report, version = _number(file, number, event)
        _checked(file, number, event)
        older += report in newest
        if report not in newest or version >= newest[report][0]:
            newest[report] = (version, event)
    return _counted({report: event for report, (_, event) in newest.items()}, older, concomitant=concomitant)


def _counted(events: dict[str, dict[str, Any]], older: int, *, concomitant: bool) -> SpontaneousReports:
    seen: set[tuple[str, ...]] = set()
    rows: list[tuple[str, str, str, str, float | None, str]] = []
    kept = repeated = without = 0
    wanted = {SUSPECT, INTERACTING, *([CONCOMITANT] if concomitant else [])}
    for report in sorted(events):
        patient = events[report]["patient"]
        drugs = sorted({_drug(one) for one in patient["drug"] if str(one.get("drugcharacterization", SUSPECT)) in wanted} - {""})
        effects = sorted({str(one.get("reactionmeddrapt") or "").strip().upper() for one in patient["reaction"]} - {""})
        alike = _alike(events[report], "|".join(drugs), "|".join(effects))
        if any(one in seen for one in alike):
            repeated += 1
            continue
        seen.update(alike)
        kept, without = kept + 1, without + (not drugs)
        age, sex = _age(patient), _SEX.get(str(patient.get("patientsex") or ""), "")
        rows += [(report, drug, effect, SOURCE, age, sex) for drug in drugs for effect in effects or [""]]
    return SpontaneousReports(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), kept, older, repeated, without)


def _alike(event: dict[str, Any], drugs: str, effects: str) -> list[tuple[str, ...]]:
    """What another report must agree in to be the same one; nothing where too little is known to say."""
    patient = event["patient"]
    company = str(event.get("companynumb") or "")
    person = tuple(str(patient.get(name) or "") for name in ("patientsex", "patientonsetage", "patientonsetageunit"))
    told = (str(event.get("occurcountry") or ""), str(event.get("receivedate") or ""), *person)
    found = [("company", company, drugs, effects)] if company else []
    return found + ([("person", *told, drugs, effects)] if all(told) and drugs and effects else [])


def _age(patient: dict[str, Any]) -> float | None:
    """Years, where a number and its unit are given."""
    unit, told = _YEARS.get(str(patient.get("patientonsetageunit") or "")), str(patient.get("patientonsetage") or "")
    try:
        return float(told) * unit if unit and told else None
    except ValueError:
        return None  # not a number: the report does not say


def _drug(drug: dict[str, Any]) -> str:
    generic = (drug.get("openfda") or {}).get("generic_name") or []
    substance = (drug.get("activesubstance") or {}).get("activesubstancename")
    named = generic[0] if len(generic) == 1 else substance or drug.get("medicinalproduct")
    return " ".join(str(named or "").upper().split())


def _number(file: Path, number: int, event: dict[str, Any]) -> tuple[str, tuple[int, str]]:
    """The report's number and its version, by which the newest is known."""
    whole = str(event.get("safetyreportid") or "").strip()
    if not whole:
        raise SourceError(file, f"event {number} has no safetyreportid", _CURE, number)
    report, _, ending = whole.partition("-")
    version = str(event.get("safetyreportversion") or ending or "0")
    return report, (int(version) if version.isdigit() else 0, str(event.get("receiptdate") or ""))


def _checked(file: Path, number: int, event: dict[str, Any]) -> None:
    patient = event.get("patient")
    for part in ("drug", "reaction"):
        found = patient.get(part) if isinstance(patient, dict) else None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise SourceError(file, f"event {number} has no list patient.{part}", _CURE, number)


def _events(path: Path) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    """File, number in it from 1, event."""
    if not path.exists():
        raise SourceError(path, "it is not there", _CURE)
    names = ("*.json", "*.json.gz", "*.json.zip")
    files = sorted({file for name in names for file in path.glob(name)}) if path.is_dir() else [path]
    if not files:
        raise SourceError(path, "there is no JSON file in it", _CURE)
    for file in files:
        document = _document(file)
        events = document.get("results", [document]) if isinstance(document, dict) else document
        if not isinstance(events, list):
            raise SourceError(file, "its results are no list", _CURE)
        for number, event in enumerate(events, 1):
            if not isinstance(event, dict):
                raise SourceError(file, f"event {number} is no object", _CURE, number)
            yield file, number, event


def _document(file: Path) -> Any:
    try:
        with file.open("rb") as opened:
            zipped = opened.read(4) == b"PK\x03\x04"
        if zipped:
            with opened_zip(file) as inside:
                inner = next((name for name in inside.namelist() if name.endswith(".json")), None)
                if inner is None:
                    raise SourceError(file, "there is no JSON file in the zip", _CURE)
                data = inside.read(inner)
        else:
            data = gunzipped(file.read_bytes(), _MOST_BYTES)
    except DECODING as error:
        raise SourceError(file, f"it cannot be read ({error})", _CURE) from error
    if len(data) > _MOST_BYTES:
        raise SourceError(file, f"it grows to more than {_MOST_BYTES / 1e9:g} GB", _CURE)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SourceError(file, f"it cannot be read as JSON ({error})", _CURE) from error
