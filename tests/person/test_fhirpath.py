from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.person.fhirpath import FhirPathError, Setting, evaluate, is_true

PATIENT: dict[str, Any] = {
    "resourceType": "Patient", "id": "1", "active": True, "birthDate": "1974-12-25",
    "name": [{"use": "official", "given": ["Peter", "James"], "family": "Chalmers"}, {"use": "usual", "given": ["Jim"]}],
    "extension": [{"url": "http://x/weight", "valueQuantity": {"value": 70.5, "unit": "kg"}}],
    "generalPractitioner": [{"reference": "Practitioner/9"}],
}  # fmt: skip
SETTING = Setting(
    {"subject": PATIENT}, datetime(2026, 2, 28, 12, tzinfo=UTC), lambda reference: {"resourceType": "Practitioner", "id": "9"}
)

# Answers worked out from the specification's text.
ANSWERS: list[tuple[str, list[Any]]] = [
    ("Patient.name.given", ["Peter", "James", "Jim"]),
    ("name.given.first() + ' ' + name.family", ["Peter Chalmers"]),
    ("name[1].given", ["Jim"]),
    ("name[5].given", []),
    ("name.where(use = 'usual').given", ["Jim"]),
    ("name.given.count()", [3]),
    ("name.exists(use = 'old')", [False]),
    ("name.given.where($this.length() > 3)", ["Peter", "James"]),
    ("name.select(given.first())", ["Peter", "Jim"]),
    ("name.all(given.exists())", [True]),
    ("extension('http://x/weight').value.value", [70.5]),
    ("extension.where(url='http://x/weight').valueQuantity.unit", ["kg"]),
    ("generalPractitioner.resolve().id", ["9"]),
    ("%subject.birthDate.substring(0, 4).toInteger()", [1974]),
    ("1 + 2 * 3", [7]),
    ("(1 + 2) * 3", [9]),
    ("7 div 2", [3]),
    ("-7 mod 2", [-1]),
    ("7 / 2", [Decimal("3.5")]),
    ("1 / 0", []),
    ("'a' & {} & 'b'", ["ab"]),
    ("'a' + {}", []),
    ("1 = 1.0", [True]),
    ("{} = {}", []),
    ("{} ~ {}", [True]),
    ("'ABC' ~ 'abc'", [True]),
    ("(1 | 2 | 1).count()", [2]),
    ("2 in (1 | 2)", [True]),
    ("(1 | 2) contains 3", [False]),
    ("true and {}", []),
    ("false and {}", [False]),
    ("true or {}", [True]),
    ("{} implies true", [True]),
    ("true xor true", [False]),
    ("active.not()", [False]),
    ("iif(active, 'yes', 'no')", ["yes"]),
    ("today()", ["2026-02-28"]),
    ("today() - 1 year", ["2025-02-28"]),
    ("@2024-02-29 + 1 year", ["2025-02-28"]),
    ("@2026-01-31 + 1 month", ["2026-02-28"]),
    ("@2026-01-01 - 1 week", ["2025-12-25"]),
    ("birthDate <= today() - 18 years", [True]),
    ("@2026 < @2026-05", []),
    ("@2025 < @2026-05", [True]),
    ("@2026 = @2026-05", []),
    ("@2026 = @2025-05", [False]),
    ("'it\\'s' + '\\u0041'", ["it'sA"]),
    ("'a,b'.split(',').join('-')", ["a-b"]),
    ("name.given.tail().first().upper()", ["JAMES"]),
    ("Patient is Patient", [True]),
    ("active is boolean and birthDate.is(date)", [True]),
    ("name.given.ofType(string).count()", [3]),
    ("(2.5).round()", [Decimal(2)]),
    ("`name`.given.last()", ["Jim"]),
    ("1 < 2 and 'b' >= 'a'", [True]),
    ("(1|2|3).exclude(2)", [1, 3]),
    ("(1|2|3).skip(1).take(1)", [2]),
]


@pytest.mark.parametrize(("expression", "answer"), ANSWERS)
def test_answers(expression: str, answer: list[Any]) -> None:
    assert evaluate(expression, PATIENT, SETTING) == answer


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("name.given + 'x'", "one value was expected"),
        ("name.repeat(given)", "repeat.. is not offered"),
        ("%nobody", "no variable %nobody"),
        ("1 +", "its end"),
        ("name[", "its end"),
        ("a ; b", "cannot be read from"),
        ("1 < 'a'", "cannot be put in order"),
        ("'a' * 2", "cannot be taken of"),
        ("Patient.lastUpdated & x ^ y", "cannot be read from"),
        ("name.given.is(Age2)", "type Age2|one value"),
        ("$index", "not offered"),
    ],
)
def test_what_cannot_be_answered_is_told(expression: str, says: str) -> None:
    with pytest.raises(FhirPathError, match=says):
        evaluate(expression, PATIENT, SETTING)


def test_there_is_no_clock() -> None:
    with pytest.raises(FhirPathError, match="instant"):
        evaluate("now()", PATIENT)


def test_only_true_is_true() -> None:
    assert is_true("active", PATIENT)
    assert not is_true("{}", PATIENT)
    assert not is_true("active = false", PATIENT)
    with pytest.raises(FhirPathError, match="yes-or-no"):
        is_true("birthDate", PATIENT)


@given(st.text(max_size=30))
def test_any_text_is_answered_or_told(expression: str) -> None:
    with contextlib.suppress(FhirPathError):
        assert isinstance(evaluate(expression, PATIENT, SETTING), list)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_arithmetic_is_that_of_numbers(a: int, b: int, c: int) -> None:
    assert evaluate(f"{a} - {b} * {c} + {a} div {c}", {}) == [a - b * c + a // c]
