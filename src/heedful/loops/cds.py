"""A site as a CDS Hooks service: discovery, cards for a patient, feedback; under the consent for care in force at that moment.

A patient who is not held here and one who did not agree to care get the same answer, no cards: nobody learns who takes part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heedful.core.errors import NotFoundError
from heedful.core.labels import Care
from heedful.core.schemas import Changes, Plans, Records
from heedful.loops.site import Site
from heedful.person.cds_cards import service_cards, site_services
from heedful.person.cds_hooks import CdsHooksError, discovery, feedback_outcomes, request_faults
from heedful.person.cds_orders import HOOKS, order_cards, order_services

Document = dict[str, Any]


def services(site: Site) -> Document:
    """The answer to `GET /cds-services`: the services that this site has something to say in."""
    name = site.settings.site.name
    by_plan = site_services(name, site.view(Plans, Care), site.view(Changes, Care))["services"]
    return discovery([*by_plan, *order_services(name, site.view(Records, Care))])


def cards(site: Site, service: str, patient: str, context: Mapping[str, Any]) -> Document:
    """The cards of a service for one patient, by their id in the files or pseudonym; the call is audited.

    Errors: `NotFoundError` for a patient who is not held; `CdsHooksError` for a service that is not offered or a context that lacks
    what the hook requires.
    """
    who, now = site.person(patient), site.clock.now()
    if service in HOOKS:
        found = order_cards(service, site.settings.site.name, who, context, site.view(Records, Care))
    else:
        plans, changes = site.view(Plans, Care), site.view(Changes, Care)
        found = service_cards(service, site.settings.site.name, who, now.date(), plans, changes, site.ledger.rows("approvals"))
    site.ledger.audit(now, "cds", {"person": who, "service": service, "cards": len(found["cards"])})
    return found


def called(site: Site, service: str, request: Any) -> Document:
    """The answer to `POST /cds-services/SERVICE`.

    Errors: `NotFoundError` for a service that is not offered; `CdsHooksError` for a request that breaks the specification.
    """
    offered = {one["id"]: one["hook"] for one in services(site)["services"]}
    if service not in offered:
        raise NotFoundError(f"This site offers no service {service!r}; it offers {', '.join(sorted(offered)) or 'none'}.")
    if not isinstance(request, Mapping):
        raise CdsHooksError("The request is a JSON object with hook, hookInstance and context.")
    faults = request_faults(request)
    if not faults and request["hook"] != offered[service]:
        faults = [f"{service} answers the hook {offered[service]}, not {request['hook']!r}"]
    context = request.get("context")
    patient = context.get("patientId") if isinstance(context, Mapping) else None
    if not faults and not (isinstance(patient, str) and patient):
        faults = ["context.patientId is required, as a text"]
    if faults:
        raise CdsHooksError(f"The request is not valid: {'; '.join(faults)}.")
    assert isinstance(context, Mapping)
    try:
        return cards(site, service, str(patient), context)
    except NotFoundError:
        return {"cards": []}


def fed_back(site: Site, service: str, document: Any) -> None:
    """What became of cards, as `POST /cds-services/SERVICE/feedback` tells it: kept in the audit, cards by their id, no person.

    Errors: `CdsHooksError` for feedback that breaks the specification.
    """
    told = [document] if isinstance(document, Mapping) else []
    outcomes = feedback_outcomes(told)
    if not outcomes:
        raise CdsHooksError("Feedback is a JSON object with a list 'feedback'.")
    kept = [{"card": str(one["card"])[:80], "outcome": outcome} for one, outcome in zip(told[0]["feedback"], outcomes, strict=True)]
    site.ledger.audit(site.clock.now(), "cds_feedback", {"service": service[:80], "feedback": kept})
