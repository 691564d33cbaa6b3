"""PharmCAT's answers about one person (JSON, from version 3): its report, phenotypes and allele matches.

The report says what each guideline says of each drug, given the person's genes; the phenotypes, how each gene acts; the matches, which
alleles were found. Each is a file of its own, and holds what the next step needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
_CURE = "Run PharmCAT again and keep its .match.json, .phenotype.json or, with -reporterJson, its .report.json."
_TAG = re.compile(r"<[^>]*>")

GENES = "urn:heedful:genotype"
"""System of records about a gene alone: what was found, before any guideline speaks."""
_KINDS = {
    "report": (b'"pharmcatVersion"', b'"dataVersion"', b'"genes"'),
    "phenotype": (b'"matcherMetadata"', b'"geneReports"'),
    "match": (b'"namedAlleleMatcherVersion"', b'"genomeBuild"', b'"results"'),
}
"""Names that the first kilobytes of each kind of file bear."""

Annotation = tuple[str, str, dict[str, Any], Any]
"""Set of guidelines, drug, guideline, annotation."""
Told = Callable[[int, Any], "Statement"]


@dataclass(frozen=True)
class Statement:
    """What one record says. `resource`: its id within PharmCAT's answers."""

    resource: str
    system: str
    code: str
    display: str
    text: str
    found: dict[str, Any]


class Pharmcat:
    """Reads one answer about one person, `Options.subject`.

    Of a report an annotation becomes one record, of phenotypes and matches a gene. Positions and sequences of the genome are not kept.
    """

    card = SourceCard(
        name=NAME,
        says="PharmCAT's answers as JSON: what guidelines say of drugs for a person's genes, how the genes act, which alleles were found",
        family="records",
        tables=(Records, Quarantine),
        zone_rule="The report's time keeps its offset; the day is that of the input's zone.",
        terms="Genetic findings of a participant: only under their consent. Texts of CPIC are CC0; those of others have their own terms.",
        tested_on="real form: the example report, phenotypes and matches of PharmCAT 3.1.0",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the names that PharmCAT's tools write first."""
        if not path.is_file() or head.lstrip()[:1] != b"{":
            return 0.0
        return 0.95 if any(all(name in head for name in names) for names in _KINDS.values()) else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of records. Errors: `SourceError` if it is no whole answer."""
        answer = _answer(path)
        held, read, stamp = _held(path, answer)
        at, start = stamped(stamp, ZoneInfo(options.zone)), int((cursor or {}).get("record", 0))
        quarantine = QuarantineList(options.name, path, known_at)
        for first in range(start, len(held), RESOURCES):
            rows = []
            part = held[first : first + RESOURCES]
            for number, one in enumerate(part, first + 1):
                try:
                    rows.append(_row(read(number, one), options, at, known_at))
                except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                    why = f"the annotation cannot be read ({type(error).__name__}: {str(error)[:80]}); run PharmCAT again"
                    quarantine.add(number, why, shown(one[-1] if isinstance(one, tuple) else one))
            table = pl.DataFrame(rows, schema=Records.dtypes())
            frames = (*((frame(table, Records),) if rows else ()), *quarantine.take())
            yield Batch(frames, {"record": first + len(part)}, first + len(part), len(held), len(part))


def _answer(path: Path) -> dict[str, Any]:
    with opened(path, lambda _: True) as parts:
        if len(parts) != 1:
            raise SourceError(path, f"it holds {len(parts)} files", "Give one answer about one person, as a .json or .json.gz file.")
        answer = document(parts[0])
    if not isinstance(answer, dict):
        raise SourceError(path, "it is no answer of PharmCAT: it has no drugs, genes or matches", _CURE)
    return answer


def _held(path: Path, answer: dict[str, Any]) -> tuple[list[Any], Told, Any]:
    """What an answer holds, how one of it is told, and when PharmCAT said it."""
    if isinstance(answer.get("drugs"), dict):
        return list(_annotations(answer)), _advice, answer.get("timestamp")
    if isinstance(answer.get("geneReports"), dict):
        return list(answer["geneReports"].values()), _phenotype, _stamp(answer.get("matcherMetadata"))
    if isinstance(answer.get("results"), list) and isinstance(answer.get("metadata"), dict):
        return list(answer["results"]), _match, _stamp(answer["metadata"])
    raise SourceError(path, "it is no answer of PharmCAT: it has no drugs, genes or matches", _CURE)


def _stamp(metadata: Any) -> Any:
    return metadata.get("timestamp") if isinstance(metadata, dict) else None


def _annotations(report: dict[str, Any]) -> Iterator[Annotation]:
    for name, drugs in report["drugs"].items():
        for drug, told in (drugs or {}).items():
            for guideline in told.get("guidelines") or []:
                for annotation in guideline.get("annotations") or []:
                    yield str(name), str(drug), guideline, annotation


def _advice(number: int, annotation: Annotation) -> Statement:
    name, drug, guideline, told = annotation
    genes = "; ".join(
        f"{diplotype['gene']} {diplotype['label']} ({', '.join(diplotype['phenotypes'])})"
        for genotype in told["genotypes"]
        for diplotype in genotype["diplotypes"]
    )
    found = {
        "genes": genes, "set": name, "guideline": guideline["name"], "version": str(guideline["version"])[:10],
        "classification": told.get("classification"), "population": told.get("population"),
    }  # fmt: skip
    advice = " ".join(_TAG.sub(" ", str(told["drugRecommendation"])).split())
    return Statement(f"pharmcat-{number}", SYSTEM, drug.lower(), f"{drug}: {genes}", advice, found)


def _phenotype(_: int, gene: dict[str, Any]) -> Statement:
    diplotypes = gene.get("recommendationDiplotypes") or gene["sourceDiplotypes"]
    symbol = str(gene["geneSymbol"])
    acts = " or ".join(f"{one['label']} ({', '.join(one['phenotypes'])})" for one in diplotypes) or "not called"
    found = {
        "called_by": gene.get("callSource"), "alleles_version": gene.get("alleleDefinitionVersion"),
        "phenotypes_version": gene.get("phenotypeVersion"), "activity_scores": [one.get("activityScore") for one in diplotypes],
    }  # fmt: skip
    return Statement(f"pharmcat-phenotype-{symbol}", GENES, symbol, f"{symbol} {acts}", acts, found)


def _match(_: int, gene: dict[str, Any]) -> Statement:
    symbol, missing = str(gene["gene"]), (gene.get("matchData") or {}).get("missingPositions") or []
    names = " or ".join(str(one["name"]) for one in gene["diplotypes"]) or "no match"
    found = {"source": gene.get("source"), "version": gene.get("version"), "positions_missing": len(missing), "phased": gene.get("phased")}
    return Statement(f"pharmcat-match-{symbol}", GENES, symbol, f"{symbol} {names}", names, found)


def _row(told: Statement, options: Options, at: datetime | None, known_at: datetime) -> dict[str, Any]:
    document = {
        "resourceType": "Observation", "id": told.resource, "status": "final",
        "code": {
            "coding": [{"system": told.system, "code": told.code, "display": told.display}],
            "text": told.display.replace(": ", ", given ", 1),
        },
        **({"effectiveDateTime": at.isoformat()} if at is not None else {}), "valueString": told.text, "heedful": told.found,
    }  # fmt: skip
    return {
        "person": options.subject or options.name, "resource": f"Observation/{told.resource}", "type": "Observation",
        "day": None if at is None else at.astimezone(ZoneInfo(options.zone)).date(), "happened_at": at, "ended_at": None,
        "code": told.code, "system": told.system, "display": told.display, "status": "final", "value": None, "unit": None,
        "known_at": known_at, "json": orjson.dumps(document).decode(),
    }  # fmt: skip


SOURCES.add(NAME, Pharmcat())
