"""Annotations: who declares what, how far it reaches, and that an alert in its reach is explained and never dropped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from heedful.behavior.annotations import (
    annotations_answers,
    annotations_clock,
    annotations_diary,
    annotations_records,
    expected_nights,
    second_half,
)
from heedful.behavior.change import baseline_change
from heedful.behavior.nightsignal import NIGHT_VALUE, nightsignal
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, Answers, Diary, Features, Observations, Records, Schema
from heedful.core.seals import seal

MONDAY = date(2026, 3, 2)


def _rows(schema: type[Schema], rows: list[dict[str, Any]]) -> Any:
    return seal(schema.check(pl.DataFrame(rows, infer_schema_length=None)), Consented[Care], schema)


def _instants(days: list[int]) -> list[datetime]:
    return [datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=day) for day in days]


def test_a_tag_of_the_diary_counts_and_a_plain_sentence_does_not() -> None:
    told = ["Long dinner #alcohol", "the alcohol on my hands smelled", "Flu shot today #vaccination #travel", "day one #period"]
    rows = [
        {"person": "a", "entry": str(n), "day": MONDAY + timedelta(days=n), "written_at": at, "text": text, "known_at": at}
        for n, (text, at) in enumerate(zip(told, _instants([0, 1, 2, 3]), strict=True))
    ]
    found = annotations_diary(_rows(Diary, rows)).data
    assert found.select(pl.col("day").dt.day(), "kind").rows() == [(2, "alcohol"), (4, "travel"), (4, "vaccination"), (5, "cycle_start")]


def test_answers_records_and_the_clock() -> None:
    at = _instants([0])[0]
    answers = [
        {
            "person": "a",
            "instrument": "evening",
            "item": item,
            "day": MONDAY,
            "asked_at": at,
            "value": value,
            "value_text": text,
            "known_at": at,
        }
        for item, value, text in (("alcohol", 2.0, None), ("travel", 0.0, None), ("Period", None, "yes"), ("mood", 3.0, None))
    ]
    assert annotations_answers(_rows(Answers, answers)).data["kind"].to_list() == ["alcohol", "cycle_start"]
    records = [
        {
            "person": "a",
            "resource": f"Immunization/{n}",
            "type": kind,
            "day": MONDAY,
            "happened_at": at,
            "status": status,
            "known_at": at,
            "json": "{}",
        }
        for n, (kind, status) in enumerate((("Immunization", "completed"), ("Immunization", "not-done"), ("Condition", "active")))
    ]
    assert annotations_records(_rows(Records, records)).data.select("kind", "source").rows() == [("vaccination", "records")]
    observations = [
        {
            "person": "a", "code": "sleep_minutes", "day": MONDAY + timedelta(days=n), "start_at": start, "end_at": start, "offset_minutes": offset,
            "value": 400.0, "unit": "min", "device": "watch", "how": "measured", "row": 0, "known_at": start,
        }
        for n, start, offset in zip((0, 1, 2, 3), _instants([0, 1, 2, 3]), (-300, -240, -240, 60), strict=True)
    ]  # fmt: skip
    moved = annotations_clock(_rows(Observations, observations)).data
    assert moved.rows() == [("a", MONDAY + timedelta(days=3), "travel", "clock")]  # one hour is the change of the clocks


def _notes(kind: str, day: int) -> Any:
    return _rows(Annotations, [{"person": "a", "day": MONDAY + timedelta(days=day), "kind": kind, "source": "diary"}])


def test_reach_and_words() -> None:
    nights = expected_nights(_notes("vaccination", 0).data)
    assert nights["day"].to_list() == [date(2026, 3, 3), date(2026, 3, 4)]
    assert nights["because"][0] == "expected after a vaccination on 2026-03-02"
    assert expected_nights(Annotations.empty()).is_empty()


def test_an_alert_after_a_vaccination_keeps_its_level_and_says_what_explains_it() -> None:
    rates = [60.0, 61.0, 60.0, 59.0] * 8 + [68.0, 68.0, 60.0]
    rows = [
        {
            "person": "a",
            "day": MONDAY + timedelta(days=n),
            "feature": NIGHT_VALUE,
            "value": rate,
            "unit": "/min",
            "coverage": 1.0,
            "missing": "",
        }
        for n, rate in enumerate(rates)
    ]
    features = _rows(Features, rows)
    for derive in (nightsignal, baseline_change):
        plain = derive(features, seal(Annotations.empty(), Consented[Care], Annotations)).data.sort("day")
        noted = derive(features, _notes("vaccination", 31)).data.sort("day")
        assert noted["level"].to_list() == plain["level"].to_list()
        alert = noted.row(33, named=True)
        assert alert["level"] == 2
        assert "This is expected after a vaccination on 2026-04-02." in alert["why"]
        assert alert["because"] is not None
        assert plain["because"].null_count() == plain.height
        # the explained night is no false alarm of this person
        assert noted["false_alarm_rate"][-1] < plain["false_alarm_rate"][-1] or derive is nightsignal
        assert plain["false_alarm_low"][-1] <= plain["false_alarm_rate"][-1] <= plain["false_alarm_high"][-1]


def test_the_second_half_of_a_cycle_uses_only_starts_so_far() -> None:
    starts, days = np.array([0, 30, 60]), np.arange(100)
    whole = second_half(starts, days)
    for until in (10, 35, 61, 99):
        assert (second_half(starts[starts <= until], days[: until + 1]) == whole[: until + 1]).all()
    assert whole[30 + 17 : 60].all()
    assert not whole[30 : 30 + 17].any()
