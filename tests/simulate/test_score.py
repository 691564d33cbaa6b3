from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from heedful.simulate.score import score_alarms, score_changes, score_experiences, score_mentions, score_responses
from heedful.simulate.truth import Illness, Outbreak, Rumour

DAY = date(2026, 2, 20)
FEVER = "HP:0001945"
WAVE = Outbreak("wave", "US/NY/5110629", DAY, DAY + timedelta(days=10), 0.3, (FEVER,), 80)
MISSED = Outbreak("other", "US/TX/4671654", DAY, DAY + timedelta(days=10), 0.3, (FEVER,), 80)
GARLIC = Rumour("garlic", "claim", "world", DAY, DAY + timedelta(days=3), ("condition:influenza",))


def _alarms(*rows: tuple[str, str, int, bool | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [("ab"[n % 2], signal, place, DAY + timedelta(days=day), alarm) for n, (signal, place, day, alarm) in enumerate(rows)],
        schema={"detector": pl.String, "signal": pl.String, "place": pl.String, "day": pl.Date, "alarm": pl.Boolean}, orient="row",
    )  # fmt: skip


def test_alarms_are_found_missed_false_or_excused() -> None:
    alarms = _alarms(
        (FEVER, "US/NY/5110629", 4, True),  # found, four days late
        (FEVER, "US/NY", 3, True),  # found one level up, and earlier
        (FEVER, "US/NY/5110629", 4, True),  # a second detector says the same
        (FEVER, "US/NY/5128581", 5, True),  # another town of the same state: false
        (FEVER, "US/NY/5110629", 13, True),  # within the days of grace: true, not new
        (FEVER, "US/NY/5110629", -2, True),  # before it began: false
        ("condition:influenza", "US/OR/5746545", 1, True),  # a rumour
        (FEVER, "world", 6, False),
        (FEVER, "US", 6, None),  # not tested
    )
    score = score_alarms(alarms, [WAVE, MISSED], [GARLIC])
    assert (score.wanted, score.found, score.missed) == (2, 1, 1)
    assert (score.raised, score.false, score.excused, score.tested) == (6, 2, 1, 7)
    assert score.median_delay_days == 3
    assert score.recall == 0.5
    assert score.precision == pytest.approx(3 / 5)
    assert score.details is not None
    assert score.details["found_on"].to_list() == [DAY + timedelta(days=3), None]


def test_nothing_raised_and_nothing_wanted_have_no_rates() -> None:
    silent = score_alarms(_alarms((FEVER, "US/NY", 3, False)), [])
    assert (silent.recall, silent.precision, silent.median_delay_days, silent.false_rate) == (None, None, None, 0.0)


def test_changes_are_scored_by_persons_day_under_their_pseudonyms() -> None:
    changes = pl.DataFrame(
        [("x", DAY + timedelta(days=1), "night", 2), ("x", DAY + timedelta(days=1), "baseline", 1),
         ("x", DAY + timedelta(days=9), "night", 1),
         ("y", DAY, "night", 1), ("y", DAY + timedelta(days=1), "night", 0), ("y", DAY + timedelta(days=2), "night", -1)],
        schema={"person": pl.String, "day": pl.Date, "detector": pl.String, "level": pl.Int16}, orient="row",
    )  # fmt: skip
    ill = [Illness(person, DAY, DAY + timedelta(days=3), 9.0) for person in ("p1", "p2", "gone")]
    score = score_changes(changes, ill, {"p1": "x", "p2": "z"})
    assert (score.wanted, score.found, score.raised, score.false, score.tested) == (2, 1, 3, 2, 4)
    assert score.median_delay_days == 1


def test_experiences_and_mentions_are_scored_post_by_post() -> None:
    truth = pl.DataFrame(
        [("1", "adverse", FEVER, "present", "self", "sertraline", "adverse", FEVER), ("2", "stop", "", "", "", "sertraline", "stop", ""),
         ("3", "family", FEVER, "present", "family", "", "", ""), ("4", "negated", FEVER, "absent", "self", "", "", "")],
        schema=dict.fromkeys(("id", "kind", "concept", "assertion", "experiencer", "drug", "axis", "effect"), pl.String), orient="row",
    )  # fmt: skip
    experiences = pl.DataFrame(
        [("1", "drug:sertraline", "adverse", FEVER), ("1", "drug:sertraline", "adverse", "HP:0012735"),
         ("2", "drug:sertraline", "stop", "nausea")],
        schema=dict.fromkeys(("post", "treatment", "axis", "effect"), pl.String), orient="row",
    )  # fmt: skip
    score = score_experiences(experiences, truth)
    assert (score.wanted, score.found, score.raised, score.false) == (2, 2, 3, 1)
    mentions = pl.DataFrame(
        [("1", FEVER, "symptom", "present", "self"), ("3", FEVER, "symptom", "present", "family"),
         ("4", FEVER, "symptom", "present", "self")],
        schema=dict.fromkeys(("post", "concept", "type", "assertion", "experiencer"), pl.String), orient="row",
    )  # fmt: skip
    found = score_mentions(mentions, truth)
    assert (found.wanted, found.found, found.raised, found.false) == (1, 1, 2, 1)
    assert found.details is not None
    assert dict(found.details.select("kind", "said").iter_rows())["negated"] == 1


def test_the_effect_of_messages_is_told_apart_for_responders() -> None:
    outcomes = pl.DataFrame(
        {
            "person": ["a", "a", "b", "b", "b"],
            "action": ["none", "walk", "none", "walk", "walk"],
            "value": [100.0, 900.0, 100.0, 120.0, None],
        }
    )
    assert score_responses(outcomes, {"a"})["effect"].to_list() == [20.0, 800.0]
