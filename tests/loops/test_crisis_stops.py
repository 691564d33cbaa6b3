"""A crisis stops every message to its person until a human cleared just what they saw; the act is kept, and nothing clears itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.schemas import Answers, Decisions, Diary, People
from heedful.intervene.safety import in_crisis
from heedful.loops.crisis_stops import clear_crisis, open_crises, site_signs
from heedful.loops.personal import person_states, send_waiting
from heedful.loops.rights import erase_person
from heedful.loops.settings import Settings, SiteSettings
from heedful.loops.site import Site

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = NOW - timedelta(days=2)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two participants; one wrote a dark entry and answered item 9."""
    site = Site(Settings(SiteSettings()), tmp_path, FixedClock(NOW))
    site.record_consents(pl.DataFrame({"person": ["ana", "bo"], "purpose": ["care"] * 2}), "test")
    ana, bo = (site.participant_key.name(name) for name in ("ana", "bo"))
    people = [{"person": who, "zone": "UTC", "known_at": AT} for who in (ana, bo)]
    site.lake.append(People, People.check(pl.DataFrame(people, schema_overrides={"known_at": People.dtypes()["known_at"]})), 1)
    add_entry(site, ana, "1", "I want to die", AT)
    add_entry(site, bo, "1", "a lovely day", AT)
    add_answer(site, ana, 2.0, AT + timedelta(hours=1))
    add_answer(site, bo, 0.0, AT)
    return site


def add_entry(site: Site, person: str, entry: str, text: str, at: datetime) -> None:
    row = {"person": person, "entry": entry, "day": at.date(), "written_at": at, "text": text, "known_at": at}
    site.lake.append(Diary, Diary.check(pl.DataFrame([row], schema={n: t for n, t in Diary.dtypes().items() if n in row})), 2)


def add_answer(site: Site, person: str, value: float, at: datetime) -> None:
    row = {
        "person": person, "instrument": "PHQ-9", "item": "phq9_9", "day": date(2026, 5, 30), "asked_at": at, "value": value, "known_at": at,
    }  # fmt: skip
    site.lake.append(Answers, Answers.check(pl.DataFrame([row], schema={n: t for n, t in Answers.dtypes().items() if n in row})), 3)


def resting(site: Site, at: datetime = NOW) -> dict[str, bool]:
    return {state.person: in_crisis(state, at) for state in person_states(site)}


def test_one_crisis_a_person_holds_all_signs_and_is_cleared_by_a_human(site: Site) -> None:
    ana, bo = (site.participant_key.name(name) for name in ("ana", "bo"))
    found = open_crises(site)
    assert found.select("person", "first_at", "last_at").rows() == [(ana, AT, AT + timedelta(hours=1))]
    assert site_signs(site).select("told_in", "words").rows() == [
        ("diary entry 1", "want to die"), ("PHQ-9, phq9_9", "answered 2 of 3 to item 9 of the PHQ-9"),
    ]  # fmt: skip
    assert resting(site) == {ana: True, bo: False}
    assert clear_crisis(site, found["crisis"][0], "Dr Ames", "called; seen today") == ana
    assert resting(site) == {ana: False, bo: False}
    assert resting(site, AT + timedelta(hours=3))[ana]  # as it was before the clearing
    assert open_crises(site).is_empty()
    assert site.ledger.rows("clearances").select("by", "reason", "at").rows() == [("Dr Ames", "called; seen today", NOW)]
    told = site.ledger.rows("audit").filter(pl.col("act") == "crisis cleared")["detail"][0]
    assert "Dr Ames" in told
    assert "seen today" not in told  # an erasure takes the reason along; the chain stays


def test_a_sign_that_came_later_is_never_cleared_unseen(site: Site) -> None:
    ana = site.participant_key.name("ana")
    seen = open_crises(site)["crisis"][0]
    add_entry(site, ana, "2", "took the whole bottle", AT - timedelta(days=9))  # of a phone that was offline: dated before the others
    with pytest.raises(NotFoundError, match="new sign"):
        clear_crisis(site, seen, "Dr Ames", "called")
    clear_crisis(site, open_crises(site)["crisis"][0], "Dr Ames", "called")
    assert not resting(site)[ana]
    add_entry(site, ana, "3", "I want to kill myself", AT - timedelta(days=20))
    assert resting(site)[ana]
    assert site_signs(site)["cleared_by"].to_list() == [None, "Dr Ames", "Dr Ames", "Dr Ames"]


@pytest.mark.parametrize(("by", "reason"), [("", "called"), ("Dr Ames", " ")])
def test_nobody_clears_without_a_name_and_a_reason(site: Site, by: str, reason: str) -> None:
    with pytest.raises(SettingsError, match="--by"):
        clear_crisis(site, open_crises(site)["crisis"][0], by, reason)
    assert open_crises(site).height == 1


def test_a_message_decided_before_the_crisis_was_known_waits(site: Site) -> None:
    for number, name in enumerate(("ana", "bo")):
        decision = {
            "decision": f"d{number}", "person": site.participant_key.name(name), "decision_point": "daily", "scheduled_at": AT,
            "decided_at": AT, "outcome": "send", "refused_by": "", "reason": "", "policy": "fixed", "action": "walk", "features": "{}",
            "offset_minutes": 0,
        }  # fmt: skip
        site.ledger.insert("decisions", [{name: decision.get(name) for name in Decisions.columns}])
        delivery = {"decision": f"d{number}", "channel": "file", "text": "Go for a walk.", "deliver_by": NOW, "status": "waiting", "at": AT}
        site.ledger.insert("deliveries", [delivery])
    assert send_waiting(site, NOW) == {"sent": 1, "expired": 0}
    assert site.ledger.rows("deliveries")["status"].to_list() == ["waiting", "sent"]
    clear_crisis(site, open_crises(site)["crisis"][0], "Dr Ames", "called")
    assert send_waiting(site, NOW) == {"sent": 1, "expired": 0}


def test_an_erased_person_takes_the_clearances_along(site: Site) -> None:
    clear_crisis(site, open_crises(site)["crisis"][0], "Dr Ames", "called")
    erase_person(site, site.participant_key.name("ana"))
    assert site.ledger.rows("clearances").is_empty()
