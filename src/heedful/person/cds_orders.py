"""Cards for orders that are being made: what guidelines say of the ordered drug for the genes that a report in the record names.

The hooks `order-select` (a drug is picked) and `order-sign` (the orders are about to be signed) of CDS Hooks 2.0. A drug is known by the
words of the order: text, coded displays, or those of a Medication that the order contains. A drug without a name cannot be looked up, and
this is told. A card proposes to look; no order is changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from heedful.core.frames import Frame, checked
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Records
from heedful.person.cds_hooks import CdsHooksError, response_faults, shortened
from heedful.person.pharmacogenomic_notes import SYSTEM, gene_notes

Document = dict[str, Any]
SELECTED, SIGNED = "heedful-order-genes", "heedful-sign-genes"
HOOKS = {SELECTED: "order-select", SIGNED: "order-sign"}
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:heedful:cds-order-card")


@checked
def order_services(site: str, records: Frame[Consented[Care], Records]) -> list[Document]:
    """The services for orders, as discovery shows them; none where no record holds what a guideline says for a person's genes."""
    if not (records.data["system"] == SYSTEM).any():
        return []
    return [
        {
            "hook": hook, "id": name, "title": "Ordered drugs and genes",
            "description": f"{site}: what guidelines say of the ordered drugs for the genes that a report in the record names.",
        }
        for name, hook in HOOKS.items()
    ]  # fmt: skip


@checked
def order_cards(
    service: str, site: str, person: str, context: Mapping[str, Any], records: Frame[Consented[Care], Records]
) -> Document:  # fmt: skip
    """The response to an order hook for one patient: a card for each ordered drug and guideline that speaks of it.

    Parameters
    ----------
    service: `SELECTED` or `SIGNED`. context: the hook's: `draftOrders` (a Bundle) and, of `order-select`, `selections` (their ids).

    Errors: `CdsHooksError` where the context lacks what its hook requires.
    """
    told = records.data.filter((pl.col("system") == SYSTEM) & (pl.col("person") == person))
    words = [words for order in ordered(service, context) for words in _words(order)]
    names = pl.DataFrame({"person": [person] * len(words), "text": words}, schema={"person": pl.String, "text": pl.String})
    response = {"cards": [_card(row, site) for row in gene_notes(told, names).to_dicts()]}
    if faults := response_faults(response):
        raise CdsHooksError(f"The cards of {service} break the specification: {'; '.join(faults)}.")
    return response


def ordered(service: str, context: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The orders for medicines that the hook is about: those selected, or all that are signed.

    >>> order = {"resourceType": "MedicationRequest", "id": "a"}
    >>> ordered(SELECTED, {"draftOrders": {"entry": [{"resource": order}]}, "selections": ["MedicationRequest/b"]})
    []
    """
    bundle = context.get("draftOrders")
    entries = bundle.get("entry", []) if isinstance(bundle, Mapping) else None
    if not isinstance(entries, Sequence):
        raise CdsHooksError(f"context.draftOrders is required by the hook {HOOKS[service]}: a Bundle of the orders.")
    drugs = [each["resource"] for each in entries if isinstance(each, Mapping) and isinstance(each.get("resource"), Mapping)]
    drugs = [order for order in drugs if order.get("resourceType") == "MedicationRequest"]
    if service == SIGNED:
        return drugs
    chosen = context.get("selections")
    if not isinstance(chosen, Sequence) or isinstance(chosen, str):
        raise CdsHooksError("context.selections is required by the hook order-select: the ids of the orders that were picked.")
    return [order for order in drugs if f"MedicationRequest/{order.get('id')}" in chosen or order.get("id") in chosen]


def _words(order: Mapping[str, Any]) -> Iterator[str]:
    """What the drug of an order is called."""
    concepts = [order.get("medicationCodeableConcept")]
    reference = order.get("medicationReference")
    if isinstance(reference, Mapping):
        yield str(reference.get("display") or "").lower()
        inside = [each for each in order.get("contained") or [] if f"#{each.get('id')}" == reference.get("reference")]
        concepts += [each.get("code") for each in inside]
    for concept in concepts:
        if isinstance(concept, Mapping):
            yield str(concept.get("text") or "").lower()
            yield from (str(coding.get("display") or "").lower() for coding in concept.get("coding") or [])


def _card(row: Document, site: str) -> Document:
    return {
        "uuid": str(uuid.uuid5(_SPACE, f"{row['person']}|{row['item']}")),
        "summary": shortened(str(row["title"])),
        "detail": f"{row['reason']} Evidence: {row['evidence']}. For a human to judge; the order is not changed.",
        "indicator": "info" if "no recommendation" in str(row["evidence"]).lower() else "warning",
        "source": {"label": site, "topic": {"code": "pharmacogenomics", "system": "urn:heedful:plan-item"}},
    }  # fmt: skip
