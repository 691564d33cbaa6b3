"""Stripping: nothing that names a person is left, whatever the resource looks like."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.sources.records.fhir_identifiers import DROPPED, stripped
from heedful.sources.records.fhir_references import Context

CONTEXT = Context(ZoneInfo("UTC"))
KEYS = st.sampled_from(
    [*sorted(DROPPED), "text", "display", "code", "system", "reference", "subject", "part", "_part", "contained", "reason"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["Patient/p1", "Patient/p2", "Practitioner/7", "#m", "SECRET"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(KEYS.filter(lambda key: key != "contained"), VALUES, max_size=5))
def test_no_dropped_element_is_left_and_twice_is_once(resource: dict[str, Any]) -> None:
    try:
        once = stripped(resource, "p1", CONTEXT)
    except TypeError:
        # `contained` that is no list: the collection sets such a resource aside.
        return
    assert not keys(once) & (DROPPED | {"_part"})
    assert "Patient/p1" not in str(references(once))
    assert stripped(once, "p1", CONTEXT) == once


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [text for item in value.values() for text in references(item)]
    return [text for item in value for text in references(item)] if isinstance(value, list) else []


def test_a_whole_resource() -> None:
    resource = {
        "resourceType": "Procedure",
        "text": {"div": "Jane Doe"},
        "code": {"coding": [{"system": "s", "code": "1", "display": "Excision"}], "text": "excision"},
        "subject": {"reference": "Patient/p1", "display": "Jane Doe"},
        "encounter": {"reference": "https://clinic.example/fhir/Encounter/9"},
        "performer": [{"actor": {"reference": "Practitioner/7", "display": "Dr. Who"}}, {"actor": {"display": "Nurse Joy"}}],
        "contained": [{"resourceType": "Practitioner", "id": "d", "name": [{"family": "Who"}]}, {"resourceType": "Medication", "id": "m"}],
        "focus": {"reference": "Patient/other"},
        "modifierExtension": [{"url": "http://x/not-done", "valueString": "Jane"}],
        "note": [{"text": "Jane came late"}],
    }
    assert stripped(resource, "p1", CONTEXT) == {
        "resourceType": "Procedure",
        "code": {"coding": [{"system": "s", "code": "1", "display": "Excision"}], "text": "excision"},
        "subject": {"reference": "Patient/self"},
        "encounter": {"reference": "Encounter/9"},
        "performer": [{"actor": {"reference": "Practitioner/7"}}],
        "contained": [{"resourceType": "Practitioner", "id": "d"}, {"resourceType": "Medication", "id": "m"}],
        "modifierExtension": [{"url": "http://x/not-done"}],
    }
