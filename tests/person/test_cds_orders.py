"""Cards for orders: only of drugs that a report in the record speaks of, of this patient, and only of orders that were picked."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Records
from heedful.core.seals import seal
from heedful.person.cds_hooks import CdsHooksError, response_faults
from heedful.person.cds_orders import SELECTED, SIGNED, order_cards, order_services
from heedful.person.pharmacogenomic_notes import SYSTEM


def records(*rows: tuple[str, str]) -> Frame[Consented[Care], Records]:
    """Guideline notes of a report, as (person, drug)."""
    told = {"guideline": "CPIC", "version": "2025-11-05", "classification": "Strong", "population": "general", "genes": "CYP2C19 *2/*2"}
    held = [
        dict.fromkeys(Records.dtypes())
        | {"person": person, "resource": f"note-{n}", "type": "Observation", "system": SYSTEM, "code": drug, "row": 0,
           "known_at": None, "json": json.dumps({"heedful": told, "valueString": f"Avoid {drug}." + " More words." * 30})}
        for n, (person, drug) in enumerate(rows)
    ]  # fmt: skip
    frame = pl.DataFrame(held, schema=Records.dtypes())
    at = frame.with_columns(pl.col(name).fill_null(strategy="zero") for name, kind in Records.dtypes().items() if kind == pl.String)
    return seal(at.with_columns(known_at=pl.datetime(2026, 1, 1, time_zone="UTC")), Consented[Care], Records)


def context(*orders: dict[str, Any], selections: list[str] | None = None) -> dict[str, Any]:
    entries = [{"resource": {"resourceType": "MedicationRequest", "id": f"o{n}"} | order} for n, order in enumerate(orders)]
    found: dict[str, Any] = {"patientId": "a", "draftOrders": {"resourceType": "Bundle", "entry": entries}}
    return found if selections is None else found | {"selections": selections}


CLOPIDOGREL = {"medicationCodeableConcept": {"coding": [{"code": "309362", "display": "Clopidogrel 75 MG Oral Tablet"}]}}
INSIDE = {
    "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "simvastatin"}}], "medicationReference": {"reference": "#m"},
}  # fmt: skip


def drugs(service: str, held: Frame[Consented[Care], Records], told: dict[str, Any], person: str = "a") -> list[str]:
    response = order_cards(service, "Clinic", person, told, held)
    assert response_faults(response) == []
    return [card["summary"].split()[2] for card in response["cards"]]


def test_services_are_offered_where_a_report_is_held() -> None:
    assert order_services("Clinic", records()) == []
    assert [one["hook"] for one in order_services("Clinic", records(("a", "clopidogrel")))] == ["order-select", "order-sign"]


def test_picked_orders_are_looked_up_by_the_words_of_their_drug() -> None:
    held = records(("a", "clopidogrel"), ("a", "simvastatin"), ("a", "warfarin"), ("b", "clopidogrel"))
    both = context(CLOPIDOGREL, INSIDE, selections=["MedicationRequest/o0", "MedicationRequest/o1"])
    assert sorted(drugs(SELECTED, held, both)) == ["clopidogrel", "simvastatin"]
    assert drugs(SELECTED, held, both | {"selections": ["MedicationRequest/o1"]}) == ["simvastatin"]
    assert drugs(SELECTED, held, both | {"selections": []}) == []
    assert sorted(drugs(SIGNED, held, context(CLOPIDOGREL, INSIDE))) == ["clopidogrel", "simvastatin"]
    assert drugs(SIGNED, held, context(CLOPIDOGREL), "c") == []


def test_other_orders_and_drugs_without_a_name_have_no_card() -> None:
    held = records(("a", "clopidogrel"))
    assert (
        drugs(
            SIGNED, held, context(CLOPIDOGREL | {"resourceType": "ServiceRequest"}, {"medicationReference": {"reference": "Medication/9"}})
        )
        == []
    )


@pytest.mark.parametrize(
    ("service", "told"),
    [
        (SELECTED, {}),
        (SIGNED, {"draftOrders": 3}),
        (SELECTED, context(CLOPIDOGREL)),
        (SELECTED, context(selections=None) | {"selections": "o0"}),
    ],
)
def test_a_context_that_lacks_what_the_hook_requires_is_refused(service: str, told: dict[str, Any]) -> None:
    with pytest.raises(CdsHooksError, match="is required by the hook"):
        order_cards(service, "Clinic", "a", told, records(("a", "clopidogrel")))
