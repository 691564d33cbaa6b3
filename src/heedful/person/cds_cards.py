"""What a site can tell an electronic record through CDS Hooks: services for what it holds, and cards of one patient's own findings.

A service is offered only where the site has something behind it: plan items, findings, notes on genes and drugs. A card is made of a row of
`Plans` that waits for approval or of `Changes`, names where it comes from, and proposes: a suggestion is a draft for the clinician to
take or leave, nothing is marked as recommended and no system action is ever given. An alert is at most a warning, never critical: it is
a finding to look at, not a diagnosis.

Reference: HL7 CDS Hooks 2.0; documents are held against it by `cds_hooks`.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import polars as pl

from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Changes, Plans
from heedful.person.care_plan import fhir_id, plan_states
from heedful.person.cds_hooks import CdsHooksError, discovery, response_faults, shortened

Document = dict[str, Any]
PLAN, FINDINGS, GENES = "heedful-plan", "heedful-findings", "heedful-drug-gene-notes"
RECENT_DAYS = 7
_NOTE = "pharmacogenomics "
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:heedful:cds-card")
_REASONS = [
    {"code": code, "system": "urn:heedful:override", "display": display}
    for code, display in (
        ("not-applicable", "Does not fit this patient"), ("known", "Known and dealt with"), ("disagree", "Not agreed with"),
    )
]  # fmt: skip


@checked
def site_services(site: str, plans: Frame[Consented[Care], Plans], changes: Frame[Consented[Care], Changes]) -> Document:
    """The answer to `GET /cds-services` of a site: those services that it has rows for.

    `site`: its name, told in each description. Nothing behind a service, and it is not offered.
    """
    notes = plans.data["item"].str.starts_with(_NOTE)
    offered = (
        (PLAN, bool((~notes).any()), "Plan items", "goals and activities proposed for the patient that wait for approval"),
        (
            FINDINGS, bool((changes.data["level"] >= 1).any()), "Unusual days",
            f"days of the last {RECENT_DAYS} that were unusual for this patient",
        ),
        (GENES, bool(notes.any()), "Drugs and genes", "what guidelines say of the patient's drugs for the genes that a report names"),
    )  # fmt: skip
    return discovery([
        {
            "hook": "patient-view", "id": name, "title": title, "description": f"{site}: {words}.",
            "prefetch": {"patient": "Patient/{{context.patientId}}"},
        }
        for name, there, title, words in offered if there
    ])  # fmt: skip


@checked
def service_cards(
    service: str, site: str, person: str, on: date, plans: Frame[Consented[Care], Plans], changes: Frame[Consented[Care], Changes],
    approvals: pl.DataFrame,
) -> Document:  # fmt: skip
    """The response of one service for one patient: `cards`, which may be empty.

    Parameters
    ----------
    service: an id of `site_services`. site: name of the site, the source of its cards. person: pseudonym. on: the day of the call.
    approvals: rows of `Approvals`; what a human answered already is not asked again.

    Errors: `CdsHooksError` for a service that this site does not offer.
    """
    known = {one["id"] for one in site_services(site, plans, changes)["services"]}
    if service not in known:
        raise CdsHooksError(f"This site offers no service {service!r}; it offers {', '.join(sorted(known)) or 'none'}.")
    if service == FINDINGS:
        own = changes.data.filter((pl.col("person") == person) & (pl.col("level") >= 1))
        recent = own.filter(pl.col("day").is_between(on - timedelta(days=RECENT_DAYS - 1), on))
        cards = [_finding(row, site) for row in recent.sort("day", "detector", "feature", descending=[True, False, False]).to_dicts()]
    else:
        waiting = plan_states(plans.data.filter(pl.col("person") == person), approvals).filter(pl.col("state") == "waiting")
        notes = pl.col("item").str.starts_with(_NOTE)
        cards = [_item(row, site) for row in waiting.filter(notes if service == GENES else ~notes).to_dicts()]
    response = {"cards": cards}
    if faults := response_faults(response):
        raise CdsHooksError(f"The cards of {service} break the specification: {'; '.join(faults)}.")
    return response


def _finding(row: Document, site: str) -> Document:
    feature = str(row["feature"]).partition("[")[0].replace("_", " ")
    return {
        "uuid": str(uuid.uuid5(_SPACE, f"{row['person']}|{row['day']}|{row['detector']}|{row['feature']}")),
        "summary": shortened(f"{'Very unusual' if row['level'] == 2 else 'Unusual'} for this patient on {row['day']}: {feature}"),
        "detail": f"{row['why']} ({row['nights_used']} days or nights behind the baseline.) A finding to look at, not a diagnosis.",
        # what a declared cause explains is told, but not as a warning
        "indicator": "warning" if row["level"] == 2 and row["because"] is None else "info",
        "source": {"label": f"{site}, {row['detector']}", "topic": {"code": str(row["detector"]), "system": "urn:heedful:detector"}},
        "overrideReasons": _REASONS,
    }  # fmt: skip


def _item(row: Document, site: str) -> Document:
    evidence = f" Evidence: {row['evidence']}" if row["evidence"] else ""
    return {
        "uuid": str(uuid.uuid5(_SPACE, f"{row['person']}|{row['item']}")),
        "summary": shortened(str(row["title"])), "detail": f"{row['reason']}{evidence}", "indicator": "info",
        "source": {"label": site, "topic": {"code": str(row["kind"]), "system": "urn:heedful:plan-item"}},
        "selectionBehavior": "any", "suggestions": [_suggestion(row)], "overrideReasons": _REASONS,
    }  # fmt: skip


def _suggestion(row: Document) -> Document:
    """A draft of what the item proposes, to be taken or left."""
    subject = {"reference": f"Patient/{fhir_id(row['person'])}"}
    resource: Document = (
        {"resourceType": "Goal", "lifecycleStatus": "proposed", "description": {"text": row["title"]}, "subject": subject}
        if row["kind"] == "goal"
        else {
            "resourceType": "CarePlan", "status": "draft", "intent": "proposal", "subject": subject,
            "activity": [{"detail": {"status": "not-started", "description": row["title"]}}],
        }
    )  # fmt: skip
    return {
        "label": "Add a draft", "uuid": str(uuid.uuid5(_SPACE, f"suggestion|{row['person']}|{row['item']}")),
        "actions": [{"type": "create", "description": f"A draft: {row['title']}", "resource": resource}],
    }  # fmt: skip
