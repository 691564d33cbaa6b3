"""PharmCAT's report of one person (JSON, from version 3): what each guideline says of each drug, given the person's genes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from heedful.core.errors import SourceError
from heedful.core.schemas import Quarantine, Records
from heedful.sources.base import SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.quarantine import QuarantineList
from heedful.sources.wearables.documents import document, shown, stamped
from heedful.sources.wearables.parts import opened

NAME = "records.pharmcat"
SYSTEM = "urn:heedful:pharmacogenomics"
RESOURCES = 1_000
"""Annotations a batch."""
_CURE = "Run PharmCAT's reporter again with -reporterJson."
_TAG = re.compile(r"<[^>]*>")

Annotation = tuple[str, str, dict[str, Any], Any]
"""Set of guidelines, drug, guideline, annotation."""


class Pharmcat:
    """Reads a report about one person, `Options.subject`. An annotation becomes one record; genes without a drug are not kept."""

    card = SourceCard(
        name=NAME,
        says="PharmCAT's report as JSON: what guidelines say of drugs for this person's genes",
        family="records",
        tables=(Records, Quarantine),
        zone_rule="The report's time keeps its offset; the day is that of the input's zone.",
        terms="Genetic findings of a participant: only under their consent. Texts of CPIC are CC0; those of others have their own terms.",
        tested_on="real form: the example report of PharmCAT 3.1.0",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By PharmCAT's own version beside genes and drugs, as its reporter writes them."""
        names = (b'"pharmcatVersion"', b'"dataVersion"', b'"genes"')
        return 0.95 if path.is_file() and head.lstrip()[:1] == b"{" and all(name in head for name in names) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of records. Errors: `SourceError` if it is no whole report."""
        report = _report(path)
        at = stamped(report.get("timestamp"), ZoneInfo(options.zone))
        annotations, start = list(_annotations(report)), int((cursor or {}).get("record", 0))
        quarantine = QuarantineList(options.name, path, known_at)
        for first in range(start, len(annotations), RESOURCES):
            rows = []
            part = annotations[first : first + RESOURCES]
            for number, annotation in enumerate(part, first + 1):
                try:
                    rows.append(_row(annotation, number, options, at, known_at))
                except (KeyError, TypeError, AttributeError, ValueError) as error:
                    quarantine.add(
                        number, f"the annotation cannot be read ({type(error).__name__}: {str(error)[:80]})", shown(annotation[3])
                    )
            held = pl.DataFrame(rows, schema=Records.dtypes())
            frames = (*((frame(held, Records),) if rows else ()), *quarantine.take())
            yield Batch(frames, {"record": first + len(part)}, first + len(part), len(annotations), len(part))


def _report(path: Path) -> dict[str, Any]:
    with opened(path, lambda _: True) as parts:
        if len(parts) != 1:
            raise SourceError(path, f"it holds {len(parts)} files", "Give the report of one person, as one .json or .json.gz file.")
        report = document(parts[0])
    if not isinstance(report, dict) or not isinstance(report.get("drugs"), dict):
        raise SourceError(path, "it is no report of PharmCAT: it has no drugs", _CURE)
    return report


def _annotations(report: dict[str, Any]) -> Iterator[Annotation]:
    for name, drugs in report["drugs"].items():
        for drug, told in (drugs or {}).items():
            for guideline in told.get("guidelines") or []:
                for annotation in guideline.get("annotations") or []:
                    yield str(name), str(drug), guideline, annotation


def _row(annotation: Annotation, number: int, options: Options, at: datetime | None, known_at: datetime) -> dict[str, Any]:
    name, drug, guideline, told = annotation
    genes = "; ".join(
        f"{diplotype['gene']} {diplotype['label']} ({', '.join(diplotype['phenotypes'])})"
        for genotype in told["genotypes"]
        for diplotype in genotype["diplotypes"]
    )
    advice = " ".join(_TAG.sub(" ", str(told["drugRecommendation"])).split())
    resource = f"Observation/pharmcat-{number}"
    document = {
        "resourceType": "Observation", "id": resource.partition("/")[2], "status": "final",
        "code": {"coding": [{"system": SYSTEM, "code": drug.lower()}], "text": f"{drug}, given {genes}"},
        "valueString": advice,
        "heedful": {
            "genes": genes, "set": name, "guideline": guideline["name"], "version": str(guideline["version"])[:10],
            "classification": told.get("classification"), "population": told.get("population"),
        },
    }  # fmt: skip
    return {
        "person": options.subject or options.name, "resource": resource, "type": "Observation",
        "day": None if at is None else at.astimezone(ZoneInfo(options.zone)).date(), "happened_at": at, "ended_at": None,
        "code": drug.lower(), "system": SYSTEM, "display": f"{drug}: {genes}", "status": "final", "value": None, "unit": None,
        "known_at": known_at, "json": orjson.dumps(document).decode(),
    }  # fmt: skip


SOURCES.add(NAME, Pharmcat())
