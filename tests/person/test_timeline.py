from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from heedful.core.errors import LabelError
from heedful.core.labels import Care, Consented, Held, Public
from heedful.core.lapse_shift import NO_SHIFT
from heedful.core.schemas import INSTANT, Adherence, Changes, Diary, Dispensings, Features, Records
from heedful.core.seals import seal
from heedful.person import DERIVATIONS, timeline_changes, timeline_diary, timeline_features, timeline_medication, timeline_records
from heedful.person.guidelines import Guidelines
from heedful.sources import packaged_later
from heedful.sources.packaged import taggers

HELD = Consented[Held]
RESOURCES = {"guidelines": Guidelines(), "lapse": NO_SHIFT, "vocabulary": packaged_later.vocabulary(), "taggers": taggers()}
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_feature_reads_as_a_sentence_and_a_missing_one_says_why(rows: SimpleNamespace) -> None:
    table = pl.concat(
        [
            rows.features("p1", "steps[sum]", "{steps}", [12345.0, None]),
            rows.features("p1", "sleep_minutes[main]", "min", [440.0]),
            rows.features("p1", "resting_heart_rate[nightsignal]", "/min", [61.0]),
            rows.features("p1", "glucose_mean[cgm]", "mg/dL", [104.6]),
        ]
    )
    out = timeline_features(seal(table, HELD, Features)).data.sort("day", "item")
    assert out["text"].to_list() == [
        "Glucose mean: 105 mg/dL.",
        "Resting heart rate: 61 a minute.",
        "Sleep minutes: 7 h 20 min.",
        "Steps: 12,345 steps.",
        "Steps is not known: the device was not worn.",
    ]
    assert out["lane"].to_list() == ["measurement", "heart", "sleep", "activity", "activity"]
    assert out["value"].to_list() == [104.6, 61.0, 440.0, 12345.0, None]


def test_times_of_day_read_as_a_clock_shows_them(rows: SimpleNamespace) -> None:
    table = pl.concat([rows.features("p1", "sleep_onset", "min", [-44.6]), rows.features("p1", "sleep_offset", "min", [431.0])])
    out = timeline_features(seal(table, HELD, Features)).data.sort("item")
    assert out.select("lane", "text").rows() == [("sleep", "Woke up: 07:11."), ("sleep", "Fell asleep: 23:15.")]


def test_only_unusual_days_stand_in_the_lane_of_changes() -> None:
    table = pl.DataFrame(
        {
            "person": ["p1"] * 3, "day": [date(2026, 3, n) for n in (1, 2, 3)], "detector": ["nightsignal"] * 3,
            "feature": ["resting_heart_rate[nightsignal]"] * 3, "observed": [70.0, 61.0, None], "expected": [60.0, 60.0, None],
            "spread": [2.0, 2.0, None], "level": [2, 0, -1], "nights_used": [20, 20, 2], "false_alarm_rate": [0.1, 0.1, None],
            "why": ["", "as usual", "too few nights"],
        },
        schema_overrides={"level": pl.Int16, "nights_used": pl.Int32},
    )  # fmt: skip
    out = timeline_changes(seal(table, HELD, Changes)).data
    assert out["text"].to_list() == ["Resting heart rate was unusual for this person: 70, usually 60."]
    assert out.row(0, named=True)["item"] == "nightsignal: resting_heart_rate[nightsignal]"
    onset = table.with_columns(feature=pl.lit("sleep_onset"), observed=pl.lit(75.0), expected=pl.lit(-30.0)).head(1)
    (told,) = timeline_changes(seal(onset, HELD, Changes)).data["text"]
    assert told == "Fell asleep was unusual for this person: 01:15, usually 23:30."


def test_two_dispensings_of_a_drug_on_a_day_are_one_thing_with_the_supplies_added(rows: SimpleNamespace) -> None:
    twice = rows.dispensings("p1", "drug:sertraline", [date(2026, 3, 1)] * 2).with_columns(row=pl.Series([0, 1], dtype=pl.Int32))
    table = pl.concat([twice, rows.dispensings("p1", "lithium", [date(2026, 3, 2)], None)])
    taken = pl.concat([rows.adherence("p1", "drug:sertraline", 0.825), rows.adherence("p1", "lithium", None)])
    out = timeline_medication(seal(table, HELD, Dispensings), seal(taken, HELD, Adherence)).data
    assert set(out["text"]) == {
        "sertraline was dispensed, enough for 60 days.",
        "lithium was dispensed; for how many days is not known.",
        "sertraline was at hand on 82.5 % of the days between 1 January 2026 and 28 February 2026 (CMA7).",
        "How much lithium was at hand between 1 January 2026 and 28 February 2026 is not known (CMA7).",
    }


def test_records_without_a_day_are_left_out_and_the_rest_say_what_they_are() -> None:
    table = pl.DataFrame(
        {
            "person": ["p1"] * 4, "resource": ["Condition/1", "MedicationRequest/2", "Observation/3", "Condition/4"],
            "type": ["Condition", "MedicationRequest", "Observation", "Condition"], "day": [date(2026, 3, 1)] * 3 + [None],
            "happened_at": [AT] * 4, "display": ["Asthma", None, "Body weight", "Gout"], "code": [None, "197361", None, None],
            "status": ["active", None, "final", None], "value": [None, None, 71.5, None], "unit": [None, None, "kg", None],
            "known_at": [AT] * 4, "json": ["{}"] * 4,
        },
        schema_overrides={"happened_at": INSTANT, "known_at": INSTANT},
    )  # fmt: skip
    out = timeline_records(seal(table, HELD, Records)).data
    assert out.select("lane", "text").rows() == [
        ("condition", "In the record as condition: Asthma (active)."),
        ("medication", "In the record as medication request: 197361."),
        ("measurement", "In the record as observation: Body weight: 71.5 kg (final)."),
    ]


def test_the_diary_stands_in_the_participants_own_words() -> None:
    table = pl.DataFrame(
        {"person": ["p1"], "entry": ["e1"], "day": [date(2026, 3, 1)], "written_at": [AT], "text": ["Slept badly."], "known_at": [AT]},
        schema_overrides={"written_at": INSTANT, "known_at": INSTANT},
    )
    assert timeline_diary(seal(table, HELD, Diary)).data.select("lane", "item", "text").rows() == [("diary", "e1", "Slept badly.")]


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=lambda derivation: derivation.name)
def test_every_derivation_answers_no_rows_with_no_rows_and_keeps_the_label(derivation) -> None:
    needed = {name: RESOURCES[name] for name in derivation.needs}
    out = derivation(*[seal(schema.empty(), Consented[Care], schema) for schema in derivation.reads], **needed)
    assert len(out) == 0
    assert out.label == Consented[Care]
    assert out.schema is derivation.writes


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=lambda derivation: derivation.name)
def test_public_rows_never_reach_a_persons_timeline(derivation) -> None:
    needed = {name: RESOURCES[name] for name in derivation.needs}
    with pytest.raises(LabelError):
        derivation(*[seal(schema.empty(), Public, schema) for schema in derivation.reads], **needed)
