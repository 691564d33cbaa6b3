from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.trust.deidentify import MARKS, deidentify

KINDS = {
    "PHONE_NUMBER", "USERNAME", "MEDICAL_RECORD_NUMBER", "CREDIT_CARD", "EMAIL_ADDRESS", "IP_ADDRESS", "HEALTH_PLAN_NUMBER", "DEVICE_IDENTIFIER", "URL",
    "US_SSN", "NATIONAL_HEALTH_NUMBER", "ACCOUNT_NUMBER", "DOMAIN_NAME", "IBAN_CODE", "US_DRIVER_LICENSE",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("mail a.b+c@mail.example.org now", "mail [MAIL] now"),
        ("write to jo.doe at gmail dot com", "write to [MAIL]"),
        ("thanks @jo_doe!", "thanks [HANDLE]!"),
        ("@jo@mastodon.social said", "[HANDLE] said"),
        ("ask u/some_body or /u/other-one", "ask [HANDLE] or [HANDLE]"),
        ("see https://x.org/a?b=c, www.y.org and shop.com/me", "see [URL] [URL] and [URL]"),
        ("call (555) 123-4567 or +44 7700 900123", "call [PHONE] or [PHONE]"),
        ("555.123.4567", "[PHONE]"),
        ("call 467 3395", "call [PHONE]"),
        ("ssn 078-05-1120", "ssn [ID]"),
        ("card 4111 1111 1111 1111", "card [ID]"),
        ("MRN: 00284707, member W815470274", "MRN: [ID], member [ID]"),
        ("from 192.168.10.1", "from [ID]"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "[ID]"),
        ("GB29 NWBK 6016 1331 9268 19", "[ID]"),
        ("users12345678, Mrs12345678, érs12345678, _rs12345678, is12345678", "users[ID], Mrs[ID], érs[ID], _rs[ID], is[ID]"),
        ("I am rs12345678901234", "I am [ID]"),
    ],
)
def test_identifiers_become_marks(text: str, marked: str) -> None:
    assert deidentify(pl.Series([text])).to_list() == [marked]


@pytest.mark.parametrize(
    "text",
    [
        "took 500-1000 mg, then 2.5 mg twice, 10,000 IU of D3", "20/30/40 mg", "on 2024-03-01, 12-01-2020, 3/4/21, 01.02.2023 at 10:30", "I'm 47 and rate it 10/10",
        "BP 120/80, pulse 72", "#covid19 #longcovid #1", "ratio 3:2, scores 1-2-3", "met @ noon", "100 200 300 mg", "COVID-19, B12, H1N1, CYP2D6", "1000000 people", "IFNL3 rs12979860, rs1234567890",
        "99.999999999 %", "either/or and/or w/o", "email me", "50mg@night", "a@b",
    ],
)  # fmt: skip
def test_what_a_health_text_needs_survives(text: str) -> None:
    assert deidentify(pl.Series([text])).to_list() == [text]


def test_missing_stays_missing_and_order_is_kept() -> None:
    assert deidentify(pl.Series("x", [None, "@ann", "", "b"])).to_list() == [None, "[HANDLE]", "", "b"]
    assert deidentify(pl.Series([], dtype=pl.String)).len() == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="a1@./-: +u#w(", max_size=40), max_size=5))
def test_row_by_row(texts: list[str]) -> None:
    together = deidentify(pl.Series(texts, dtype=pl.String)).to_list()
    assert together == [deidentify(pl.Series([text])).item() for text in texts]


def marked_spans(text: str, marked: str) -> list[tuple[int, int]]:
    """Where in `text` the marks of `marked` stand."""
    parts = re.split("(" + "|".join(map(re.escape, MARKS)) + ")", marked)
    pattern = "".join("(.*?)" if part in MARKS else re.escape(part) for part in parts)
    match = re.fullmatch(pattern, text, re.DOTALL)
    assert match is not None
    return [match.span(n + 1) for n in range(pattern.count("(.*?)"))]


def test_recall_and_precision_on_labelled_texts(shared_data: Path) -> None:
    """Of the kinds that it looks for; a span counts as hidden only if it is covered whole."""
    with gzip.open(shared_data / "trust/pii/pii_open.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    gold, hidden, marks, wrong = Counter[str](), Counter[str](), 0, 0
    for row, marked in zip(rows, deidentify(pl.Series([row["text"] for row in rows])), strict=True):
        spans = marked_spans(row["text"], marked)
        for start, end, kind in row["spans"]:
            gold[kind] += kind in KINDS
            hidden[kind] += kind in KINDS and any(a <= start and end <= b for a, b in spans)
        marks += len(spans)
        wrong += sum(not any(a < end and start < b for start, end, _ in row["spans"]) for a, b in spans)
    assert gold.total() > 900
    assert hidden.total() / gold.total() > 0.95
    assert all(hidden[kind] / gold[kind] == 1 for kind in ("EMAIL_ADDRESS", "US_SSN", "CREDIT_CARD", "URL", "USERNAME", "IP_ADDRESS"))
    assert wrong / marks < 0.01
