"""The guidelines of a site: FHIR documents in the folder `guidelines` of its data, each checked before it is taken in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from heedful.core.errors import NotFoundError, SettingsError
from heedful.person.guidelines import Guidelines, check_guideline, with_contained

FOLDER = "guidelines"


def site_guidelines(folder: Path | None) -> Guidelines:
    """All guidelines of a site; none without a folder. Adding or removing one applies them to everybody at the next run."""
    if folder is None or not (folder / FOLDER).is_dir():
        return Guidelines()
    files = sorted((folder / FOLDER).glob("*.json"))
    return Guidelines(tuple(resource for file in files for resource in read_guideline(file)))


def read_guideline(file: Path) -> list[Mapping[str, Any]]:
    """The resources of a FHIR JSON document, of a Bundle its entries. Raises `SettingsError` naming the file."""
    try:
        document = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise SettingsError(f"{file}: it cannot be read as JSON ({error}). Give a FHIR R4 PlanDefinition or Bundle in JSON.") from error
    if not isinstance(document, dict) or "resourceType" not in document:
        raise SettingsError(f"{file}: it is no FHIR resource. Give a FHIR R4 PlanDefinition or Bundle in JSON.")
    if document["resourceType"] != "Bundle":
        return with_contained([document])
    return with_contained(entry["resource"] for entry in document.get("entry", []) if isinstance(entry.get("resource"), dict))


def add_guideline(folder: Path, file: Path, name: str = "") -> list[str]:
    """Check a document and keep it as `guidelines/NAME.json`; ids of its plans. Raises `SettingsError` with what cannot be applied."""
    resources = read_guideline(file)
    try:
        found = check_guideline(resources)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from error
    target = folder / FOLDER / f"{name or file.stem}.json"
    others = [one for other in (folder / FOLDER).glob("*.json") if other != target for one in read_guideline(other)]
    taken = sorted({str(one["id"]) for one in others if one.get("resourceType") == "PlanDefinition"} & set(found))
    if taken:
        raise SettingsError(f"{file}: a plan named {', '.join(taken)} is there already. Remove it first: heedful guideline list")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(file.read_bytes())
    return found


def list_guidelines(folder: Path) -> list[dict[str, str]]:
    """Name of the file, id, title, version, date and status of each plan."""
    rows = []
    for file in sorted((folder / FOLDER).glob("*.json")):
        for plan in Guidelines(tuple(read_guideline(file))).plans:
            told = {key: str(plan.get(key, "")) for key in ("id", "title", "version", "date", "status")}
            rows.append({"name": file.stem, **told})
    return rows


def remove_guideline(folder: Path, name: str) -> None:
    """Take a document back. Raises `NotFoundError`."""
    file = folder / FOLDER / f"{name}.json"
    if not file.is_file():
        raise NotFoundError(f"There is no guideline {name}. See: heedful guideline list")
    file.unlink()
