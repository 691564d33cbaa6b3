"""CDS Hooks: the documents by which an electronic record asks a service for advice and tells what became of it.

Prefetch templates filled from the hook's context, responses with cards held against the specification's field tables, feedback read.
Pure documents: nothing is fetched or sent here.

Reference: HL7 CDS Hooks 2.0 (specification and examples at HL7/cds-hooks fb10ca7). Its own autolaunch example (lung cancer screening)
lacks the required `indicator` and is told as invalid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from heedful.core.columns import check_arguments
from heedful.core.errors import HeedfulError
from heedful.core.registry import Card, method

Document = Mapping[str, Any]
INDICATORS = ("info", "warning", "critical")
LINK_TYPES = ("absolute", "smart")
SELECTION = ("at-most-one", "any")
ACTIONS = ("create", "update", "delete")
OUTCOMES = ("accepted", "overridden")
SUMMARY_BELOW = 140
_TOKEN = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_PRACTITIONER = {
    "userPractitionerId": "Practitioner", "userPractitionerRoleId": "PractitionerRole", "userPatientId": "Patient",
    "userRelatedPersonId": "RelatedPerson",
}  # fmt: skip

SERVICES: tuple[dict[str, Any], ...] = (
    {
        "hook": "patient-view", "title": "Static CDS Service Example",
        "description": "An example of a CDS Service that returns a static set of cards", "id": "static-patient-greeter",
        "prefetch": {"patientToGreet": "Patient/{{context.patientId}}"},
    },
    {
        "hook": "order-select", "title": "Order Echo CDS Service",
        "description": "An example of a CDS Service that simply echoes the order(s) being placed", "id": "order-echo",
        "prefetch": {"patient": "Patient/{{context.patientId}}", "medications": "MedicationRequest?patient={{context.patientId}}"},
    },
    {
        "hook": "order-sign", "title": "Pharmacogenomics CDS Service",
        "description": "An example of a more advanced, precision medicine CDS Service", "id": "pgx-on-order-sign",
        "usageRequirements": "Note: functionality of this CDS Service is degraded without access to a FHIR Restful API as part of CDS "
        "recommendation generation.",
    },
)  # fmt: skip
"""The specification's example services, as its discovery response shows them."""


class CdsHooksError(HeedfulError):
    """A request, service or feedback breaks the specification."""


def discovery(services: Sequence[Document]) -> dict[str, Any]:
    """The answer to `GET /cds-services`.

    Errors: `CdsHooksError` if a service lacks hook, description or id, or two share an id.

    >>> discovery([{"hook": "patient-view", "id": "a", "description": "A."}])
    {'services': [{'hook': 'patient-view', 'id': 'a', 'description': 'A.'}]}
    """
    seen = set[str]()
    for number, service in enumerate(services):
        for field in ("hook", "description", "id"):
            if not _text(service.get(field)):
                raise CdsHooksError(f"Service {number + 1} has no {field}; the specification requires it.")
        if service["id"] in seen:
            raise CdsHooksError(f"Two services are called {service['id']!r}; ids are unique within a provider.")
        seen.add(service["id"])
    return {"services": [dict(service) for service in services]}


def resolved_prefetch(templates: Mapping[str, str], context: Document) -> dict[str, str]:
    """Prefetch queries with every token filled from the hook's context; a query with a token that cannot be filled is left out.

    Tokens are `context.FIELD` (first level only, text, number or truth value) and, from `context.userId`, `userPractitionerId`,
    `userPractitionerRoleId`, `userPatientId` and `userRelatedPersonId`, which hold the id if the user is of that kind.

    Errors: `CdsHooksError` for a token that the specification does not know.

    >>> resolved_prefetch({"p": "Patient/{{context.patientId}}", "u": "Practitioner/{{userPractitionerId}}"}, {"patientId": "7"})
    {'p': 'Patient/7'}
    """
    found = {}
    for name, template in templates.items():
        values = {token: _token(token, name, context) for token in _TOKEN.findall(template)}
        if all(value is not None for value in values.values()):
            found[name] = _TOKEN.sub(lambda match, filled=values: filled[match.group(1)], template)  # type: ignore[misc]
    return found


def _token(token: str, template: str, context: Document) -> str | None:
    if token in _PRACTITIONER:
        kind, _, identity = str(context.get("userId", "")).partition("/")
        return identity if kind == _PRACTITIONER[token] and identity else None
    if not re.fullmatch(r"context\.\w+", token):
        raise CdsHooksError(f"Prefetch template {template!r}: {{{{{token}}}}} is no token of the specification (context.FIELD).")
    value = context.get(token.removeprefix("context."))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def request_faults(request: Document) -> list[str]:
    """What a service call breaks; empty if nothing.

    >>> request_faults({"hook": "patient-view", "context": {"patientId": "1"}})
    ['hookInstance is required, as a text']
    """
    faults = [f"{field} is required, as a text" for field in ("hook", "hookInstance") if not _text(request.get(field))]
    if not isinstance(request.get("context"), Mapping):
        faults.append("context is required, as an object")
    if "fhirAuthorization" in request:
        if not _text(request.get("fhirServer")):
            faults.append("fhirServer is required where fhirAuthorization is given")
        granted = request["fhirAuthorization"]
        if not isinstance(granted, Mapping):
            faults.append("fhirAuthorization is an object")
        else:
            faults += [f"fhirAuthorization.{field} is required" for field in ("access_token", "token_type", "scope", "subject")
                       if not _text(granted.get(field))]  # fmt: skip
            if not isinstance(granted.get("expires_in"), int):
                faults.append("fhirAuthorization.expires_in is required, as a whole number of seconds")
    if "prefetch" in request and not isinstance(request["prefetch"], Mapping):
        faults.append("prefetch is an object")
    return faults


def shortened(summary: str) -> str:
    """A card's summary, cut where it would not stay under `SUMMARY_BELOW` characters."""
    return summary if len(summary) < SUMMARY_BELOW else summary[: SUMMARY_BELOW - 2].rstrip() + "…"


def response_faults(response: Document) -> list[str]:
    """What a service's response breaks, with its place; empty if it is valid.

    >>> response_faults({"cards": [{"summary": "Hello", "indicator": "info", "source": {"label": "Us"}}]})
    []
    >>> response_faults({})
    ['cards is required, as a list']
    """
    cards = response.get("cards")
    if not isinstance(cards, list):
        return ["cards is required, as a list"]
    faults = [fault for number, card in enumerate(cards) for fault in _card_faults(card, f"cards[{number}]")]
    for number, action in enumerate(_list(response, "systemActions", "", faults)):
        faults += _action_faults(action, f"systemActions[{number}]", described=False)
    return faults


def _card_faults(card: Any, place: str) -> list[str]:
    if not isinstance(card, Mapping):
        return [f"{place} is an object"]
    faults: list[str] = []
    summary = card.get("summary")
    if not _text(summary):
        faults.append(f"{place}.summary is required, as a text")
    elif len(str(summary)) >= SUMMARY_BELOW:
        faults.append(f"{place}.summary has {len(str(summary))} characters; it must stay under {SUMMARY_BELOW}")
    if card.get("indicator") not in INDICATORS:
        faults.append(f"{place}.indicator is required: {', '.join(INDICATORS)}")
    for field in ("uuid", "detail"):
        if field in card and not isinstance(card[field], str):
            faults.append(f"{place}.{field} is a text")
    faults += _source_faults(card.get("source"), f"{place}.source")
    for number, suggestion in enumerate(_list(card, "suggestions", place, faults)):
        faults += _suggestion_faults(suggestion, f"{place}.suggestions[{number}]")
    if "suggestions" in card and card.get("selectionBehavior") not in SELECTION:
        faults.append(f"{place}.selectionBehavior is required where suggestions are given: {', '.join(SELECTION)}")
    elif "selectionBehavior" in card and card["selectionBehavior"] not in SELECTION:
        faults.append(f"{place}.selectionBehavior is one of {', '.join(SELECTION)}")
    for number, reason in enumerate(_list(card, "overrideReasons", place, faults)):
        faults += _coding_faults(reason, f"{place}.overrideReasons[{number}]", ("code", "system", "display"))
    for number, link in enumerate(_list(card, "links", place, faults)):
        faults += _link_faults(link, f"{place}.links[{number}]")
    return faults


def _source_faults(source: Any, place: str) -> list[str]:
    if not isinstance(source, Mapping) or not _text(source.get("label")):
        return [f"{place} is required, with a label"]
    faults = [f"{place}.{field} is a text" for field in ("url", "icon") if field in source and not _text(source[field])]
    return faults + (_coding_faults(source["topic"], f"{place}.topic", ("code", "system")) if "topic" in source else [])


def _suggestion_faults(suggestion: Any, place: str) -> list[str]:
    if not isinstance(suggestion, Mapping) or not _text(suggestion.get("label")):
        return [f"{place}.label is required, as a text"]
    faults: list[str] = []
    for number, action in enumerate(_list(suggestion, "actions", place, faults)):
        faults += _action_faults(action, f"{place}.actions[{number}]", described=True)
    if "isRecommended" in suggestion and not isinstance(suggestion["isRecommended"], bool):
        faults.append(f"{place}.isRecommended is true or false")
    return faults


def _action_faults(action: Any, place: str, *, described: bool) -> list[str]:
    if not isinstance(action, Mapping) or action.get("type") not in ACTIONS:
        return [f"{place}.type is required: {', '.join(ACTIONS)}"]
    faults = [f"{place}.description is required, as a text"] if described and not _text(action.get("description")) else []
    if action["type"] in ("create", "update") and not isinstance(action.get("resource"), Mapping):
        faults.append(f"{place}.resource is required to {action['type']}")
    if action["type"] == "delete" and not action.get("resourceId"):
        faults.append(f"{place}.resourceId is required to delete")
    return faults


def _link_faults(link: Any, place: str) -> list[str]:
    if not isinstance(link, Mapping):
        return [f"{place} is an object"]
    faults = [f"{place}.{field} is required, as a text" for field in ("label", "url") if not _text(link.get(field))]
    if link.get("type") not in LINK_TYPES:
        faults.append(f"{place}.type is required: {', '.join(LINK_TYPES)}")
    elif "appContext" in link and link["type"] != "smart":
        faults.append(f"{place}.appContext goes with the type smart only")
    return faults


def _coding_faults(coding: Any, place: str, fields: tuple[str, ...]) -> list[str]:
    if not isinstance(coding, Mapping):
        return [f"{place} is an object"]
    return [f"{place}.{field} is required, as a text" for field in fields if not _text(coding.get(field))]


def _list(holder: Document, field: str, place: str, faults: list[str]) -> list[Any]:
    value = holder.get(field, [])
    if not isinstance(value, list):
        faults.append(f"{place}.{field} is a list".removeprefix("."))
        return []
    return value


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def feedback_outcomes(documents: Sequence[Document]) -> list[str]:
    """Outcome of every card in the order told: accepted or overridden.

    Errors: `CdsHooksError` where a card, its outcome or its timestamp is missing, or an accepted card names no suggestion.

    >>> feedback_outcomes([{"feedback": [{"card": "c", "outcome": "overridden", "outcomeTimestamp": "2020-12-11T00:00:00Z"}]}])
    ['overridden']
    """
    outcomes = []
    for number, document in enumerate(documents):
        told = document.get("feedback")
        if not isinstance(told, list) or not told:
            raise CdsHooksError(f"Feedback {number + 1} has no list 'feedback'.")
        for one in told:
            for field in ("card", "outcomeTimestamp"):
                if not _text(one.get(field)):
                    raise CdsHooksError(f"Feedback {number + 1} has no {field}; the specification requires it.")
            if one.get("outcome") not in OUTCOMES:
                raise CdsHooksError(f"Feedback {number + 1}: the outcome is {' or '.join(OUTCOMES)}, not {one.get('outcome')!r}.")
            if one["outcome"] == "accepted" and not one.get("acceptedSuggestions"):
                raise CdsHooksError(f"Feedback {number + 1}: an accepted card names its acceptedSuggestions.")
            outcomes.append(str(one["outcome"]))
    return outcomes


_ARGUMENTS = {"prefetch_templates", "context", "services"}


@method(Card(
    name="plans.cds_hooks",
    definition="CDS Hooks documents: discovery, prefetch queries filled from context, cards held against the specification, feedback.",
    units="JSON",
    reference="HL7 CDS Hooks 2.0",
    equals="the specification's examples and field tables (HL7/cds-hooks fb10ca7)",
    limits="Prefetch tokens of the specification only, no FHIRPath in them; resources inside actions are not validated.",
))  # fmt: skip
def run_cds_hooks(arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A parity case: named response documents, a request, feedback documents.

    The case's `why` is a remark of its author; ours is worded after the specification's rule, documents named spec... being its examples.
    """
    check_arguments("plans.cds_hooks", arguments, _ARGUMENTS)
    faults = request_faults(inputs["request"])
    if faults:
        raise CdsHooksError(f"The request is not valid: {'; '.join(faults)}.")
    return {
        "services": discovery(arguments.get("services", SERVICES)),
        "resolved_prefetch": resolved_prefetch(arguments["prefetch_templates"], arguments["context"]),
        "card_validity": [_validity(name, document) for name, document in inputs["documents"].items()],
        "feedback_outcomes": feedback_outcomes(inputs["feedback"]),
    }


def _validity(name: str, document: Document) -> dict[str, Any]:
    faults = response_faults(document)
    return {"name": name, "valid": not faults, "why": _remark(faults, document, example=name.startswith("spec"))}


_COUNTS = {1: "one", 2: "two", 3: "three"}
_REMARKS = (
    (r"^cards is required", "cards required"),
    (r"\.source is required", "source required"),
    (r"\.summary is required", "summary required"),
    (r"\.indicator is required", "indicator is info, warning or critical"),
    (r"must stay under", "summary under 140 characters"),
    (r"\.links\[\d+\]\.type is required", "link type absolute or smart"),
    (r"\.selectionBehavior is required", "selectionBehavior required when suggestions present"),
)


def _remark(faults: Sequence[str], document: Document, *, example: bool) -> str:
    """The first fault in the words of the specification's rule."""
    if not faults:
        count = len(document["cards"])
        if not count:
            return "specification: cards may be empty"
        return f"specification example, {_COUNTS.get(count, count)} card{'s' if count > 1 else ''}" if example else ""
    missing = re.search(r"\.(\w+) is required", faults[0])
    if example and missing:
        return f"specification example itself lacks the required {missing.group(1)}"
    return next((remark for pattern, remark in _REMARKS if re.search(pattern, faults[0])), faults[0])
