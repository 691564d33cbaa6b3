"""De-identification of records: free texts as any text, codes and times whole, whatever the nesting."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.trust.deidentify import deidentify
from heedful.trust.deidentify_documents import deidentify_documents

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=20), st.sampled_from(["call 555 123 4567", "a@mail.org", "2024-03-01"])
)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["text", "note", "part", "x"]), inner, max_size=3)),
    max_leaves=12,
)  # fmt: skip


def cleaned(document: Any) -> Any:
    return json.loads(deidentify_documents(pl.Series([json.dumps(document)])).item())


def by_hand(value: Any) -> Any:
    if isinstance(value, str):
        return deidentify(pl.Series([value])).item()
    if isinstance(value, list):
        return [by_hand(one) for one in value]
    return {key: by_hand(one) for key, one in value.items()} if isinstance(value, dict) else value


@given(st.dictionaries(st.sampled_from(["text", "note", "x"]), DOCUMENTS, max_size=3))
def test_every_free_text_is_what_it_would_be_alone(document: dict[str, Any]) -> None:
    assert cleaned(document) == by_hand(document)


def test_codes_addresses_references_and_times_stay() -> None:
    document = {
        "resourceType": "Condition", "id": "32923c77-6653-4224-8976-2b6ce39ab73c", "recordedDate": "2011-05-11T23:04:16+02:00",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "10509002"}]}, "encounter": {"reference": "Encounter/1234567890"},
    }  # fmt: skip
    assert cleaned(document) == document


def test_what_only_pretends_to_be_a_code_is_a_text() -> None:
    assert cleaned({"code": "12345678"}) == {"code": "[ID]"}
    found = cleaned({"id": "a@mail.org", "system": "my number is 555 123 4567", "url": "a.b@mail.org"})
    assert found == {"id": "[MAIL]", "system": "my number is [PHONE]", "url": "[MAIL]"}


def test_missing_and_broken_documents() -> None:
    assert deidentify_documents(pl.Series([None, "{call 555 123 4567"])).to_list() == [None, "{call [PHONE]"]


def test_deep_nesting_is_walked() -> None:
    deep: Any = "a@mail.org"
    for _ in range(200):
        deep = [deep]
    assert "[MAIL]" in deidentify_documents(pl.Series([json.dumps({"text": deep})])).item()
