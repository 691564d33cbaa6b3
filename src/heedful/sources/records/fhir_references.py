"""Who and what a FHIR resource points to: references of all forms brought to `Type/id`, and the patient that a row belongs to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from heedful.sources.records.fhir_times import UnfitError

Resource = dict[str, Any]


SUBJECTS = ("subject", "patient", "beneficiary", "individual")
_NEED_NO_PATIENT = frozenset(
    {"Device", "DetectedIssue", "Communication", "CommunicationRequest", "DocumentReference", "CareTeam", "Specimen"}
)
"""Types that R4 lets be about nobody."""


class NotReadError(ValueError):
    """A resource that is left out on purpose: the message is the reason that is counted."""


@dataclass(frozen=True)
class Context:
    """What a resource is read with: the zone of times without one, and the other resources of the same bundle by full URL."""

    zone: ZoneInfo
    bundle: dict[str, Resource] = field(default_factory=dict)


def plain(reference: Any, context: Context) -> str:
    """`Type/id` of a Reference, '' where it has none that could be found again (contained, conditional, logical, by name only).

    Versions and server addresses are cut off; a `urn:uuid:` is looked up in the bundle, and is its uuid where it is not there.
    """
    text = reference.get("reference", "") if isinstance(reference, dict) else ""
    if not isinstance(text, str) or not text or text.startswith("#") or "?" in text:
        return ""
    target = context.bundle.get(text)
    if target is not None and isinstance(target.get("id"), str):
        return f"{target.get('resourceType')}/{target['id']}"
    text = text.partition("/_history/")[0]
    for scheme in ("urn:uuid:", "urn:oid:"):
        if text.startswith(scheme):
            return f"{reference.get('type', '')}/{text.removeprefix(scheme)}".lstrip("/")
    parts = text.rstrip("/").split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 else parts[0]


def patient_of(resource: Resource, context: Context) -> str:
    """The id of the patient that `resource` is of. `UnfitError` if it names none; `NotReadError` if it is about no patient."""
    kind = str(resource.get("resourceType"))
    if kind == "Patient":
        if not isinstance(resource.get("id"), str) or not resource["id"]:
            raise UnfitError("this Patient has no id, so nothing can be said of them; give it one")
        return str(resource["id"])
    field_name = next((name for name in SUBJECTS if name in resource), "patient")
    reference = resource.get(field_name)
    if reference is None and kind in _NEED_NO_PATIENT:
        raise NotReadError(f"a {kind} that is about no patient")
    if reference is None:
        raise UnfitError(
            f"this {kind} names no patient ({'patient' if field_name == 'patient' else field_name} is missing); add the reference"
        )
    target = plain(reference, context) or _contained_patient(reference, resource)
    if not target:
        raise UnfitError(f"this {kind} names its patient without an id that can be found again; use a reference such as Patient/123")
    of, _, name = target.rpartition("/")
    if of not in ("", "Patient"):
        raise NotReadError(f"about a {of}, not about a patient")
    return name


def _contained_patient(reference: Any, resource: Resource) -> str:
    """An id for a patient who is only contained in the resource, from what is said of them: the same patient has the same id elsewhere."""
    found = resolved(reference, resource, Context(ZoneInfo("UTC")))
    if found is None or found.get("resourceType") != "Patient":
        return ""
    said = {name: value for name, value in found.items() if name not in ("id", "meta", "text")}
    return "Patient/contained-" + hashlib.blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def uncontained(resource: Resource, person: str) -> Resource:
    """The resource with its contained patient taken out and named by id, so that it says the same after its identifiers are gone."""
    held = resource.get("contained")
    field_name = next((name for name in SUBJECTS if name in resource), "")
    reference = resource.get(field_name)
    link = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(held, list) or not isinstance(link, str) or not link.startswith("#"):
        return resource
    rest = [part for part in held if not (isinstance(part, dict) and part.get("id") == link[1:])]
    kept = {**resource, field_name: {"reference": f"Patient/{person}"}, "contained": rest}
    return kept if rest else {name: value for name, value in kept.items() if name != "contained"}


def resolved(reference: Any, resource: Resource, context: Context) -> Resource | None:
    """The resource that a Reference of `resource` points to, if it is contained or in the same bundle."""
    text = reference.get("reference", "") if isinstance(reference, dict) else ""
    if isinstance(text, str) and text.startswith("#"):
        return next((item for item in resource.get("contained", []) if item.get("id") == text[1:]), None)
    return context.bundle.get(text) or context.bundle.get(plain(reference, context)) if isinstance(text, str) else None


def index(entries: list[tuple[str, Resource]]) -> dict[str, Resource]:
    """Resources of a bundle by full URL and by `Type/id`; the first of two with one name counts."""
    found: dict[str, Resource] = {}
    for url, resource in entries:
        for name in (url, f"{resource.get('resourceType')}/{resource.get('id')}"):
            if name:
                found.setdefault(name, resource)
    return found
