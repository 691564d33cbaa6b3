from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.person.cds_hooks import (
    CdsHooksError,
    discovery,
    feedback_outcomes,
    request_faults,
    resolved_prefetch,
    response_faults,
)

CARD: dict[str, Any] = {
    "uuid": "1", "summary": "Walk more", "indicator": "info", "source": {"label": "heedful", "topic": {"code": "a", "system": "b"}},
    "links": [{"label": "l", "url": "https://x", "type": "smart", "appContext": "{}"}], "selectionBehavior": "any",
    "suggestions": [{"label": "Order", "actions": [{"type": "create", "description": "d", "resource": {"resourceType": "Task"}}]}],
}  # fmt: skip


def test_a_full_card_is_valid() -> None:
    assert response_faults({"cards": [CARD]}) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda card: card.update(summary="x" * 140), "under 140"),
        (lambda card: card["source"].pop("label"), "source is required"),
        (lambda card: card["source"].update(topic={"code": "a"}), "topic.system"),
        (lambda card: card.pop("selectionBehavior"), "selectionBehavior"),
        (lambda card: card["links"][0].update(type="absolute"), "appContext"),
        (lambda card: card["suggestions"][0]["actions"][0].pop("resource"), "resource is required"),
        (lambda card: card["suggestions"][0]["actions"][0].update(type="delete"), "resourceId"),
        (lambda card: card.update(links={}), "links is a list"),
        (lambda card: card.update(overrideReasons=[{"code": "c"}]), "overrideReasons"),
    ],
)
def test_each_rule_is_told_with_its_place(change: Any, says: str) -> None:
    card = copy.deepcopy(CARD)
    change(card)
    faults = response_faults({"cards": [CARD, card]})
    assert len(faults) >= 1
    assert all(fault.startswith("cards[1]") for fault in faults)
    assert any(says in fault for fault in faults)


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda x: st.lists(x, max_size=3) | st.dictionaries(
    st.sampled_from(["cards", "summary", "links", "suggestions", "source", "actions"]), x, max_size=4), max_leaves=15))  # fmt: skip
def test_any_document_is_judged(document: Any) -> None:
    if isinstance(document, dict):
        assert all(isinstance(fault, str) for fault in response_faults(document))


def test_prefetch_tokens() -> None:
    templates = {
        "a": "Patient/{{context.patientId}}",
        "b": "X?n={{ context.n }}",
        "c": "P/{{userPractitionerId}}",
        "d": "P/{{context.gone}}",
    }
    assert resolved_prefetch(templates, {"patientId": "7", "n": 3, "userId": "Practitioner/8"}) == {
        "a": "Patient/7", "b": "X?n=3", "c": "P/8",
    }  # fmt: skip
    with pytest.raises(CdsHooksError, match="no token"):
        resolved_prefetch({"a": "{{today()}}"}, {})


def test_requests_services_and_feedback() -> None:
    assert len(request_faults({"fhirAuthorization": {}})) == 9
    with pytest.raises(CdsHooksError, match="Two services"):
        discovery([{"hook": "h", "id": "a", "description": "d"}] * 2)
    with pytest.raises(CdsHooksError, match="no description"):
        discovery([{"hook": "h", "id": "a"}])
    with pytest.raises(CdsHooksError, match="acceptedSuggestions"):
        feedback_outcomes([{"feedback": [{"card": "c", "outcome": "accepted", "outcomeTimestamp": "2026-01-01T00:00:00Z"}]}])
    with pytest.raises(CdsHooksError, match="outcome is"):
        feedback_outcomes([{"feedback": [{"card": "c", "outcome": "ignored", "outcomeTimestamp": "2026-01-01T00:00:00Z"}]}])
