"""Services and cards follow what a site holds: none where it holds nothing, a patient's own findings only, nothing applied by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Approvals, Changes, Plans
from heedful.core.seals import seal
from heedful.person.cds_cards import FINDINGS, GENES, PLAN, service_cards, site_services
from heedful.person.cds_hooks import SUMMARY_BELOW, CdsHooksError, response_faults

ON = date(2026, 5, 20)
NO_APPROVALS = Approvals.empty()


def plans(*rows: tuple[str, str, str, str]) -> Frame[Consented[Care], Plans]:
    """Rows of (person, item, kind, title)."""
    told = [
        dict.fromkeys(Plans.dtypes())
        | {"person": person, "item": item, "kind": kind, "title": title, "reason": "Of 9 days.", "evidence": "A trial."}
        for person, item, kind, title in rows
    ]
    return seal(pl.DataFrame(told, schema=Plans.dtypes()), Consented[Care], Plans)


def changes(*rows: tuple[str, int, int, str | None]) -> Frame[Consented[Care], Changes]:
    """Rows of (person, days ago, level, because)."""
    told = [
        dict.fromkeys(Changes.dtypes())
        | {"person": person, "day": ON - timedelta(days=ago), "detector": "nightsignal", "feature": "resting_heart_rate[nightsignal]",
           "level": level, "nights_used": 40, "why": "4 above the median.", "because": because}
        for person, ago, level, because in rows
    ]  # fmt: skip
    return seal(pl.DataFrame(told, schema=Changes.dtypes()), Consented[Care], Changes)


def ids(*tables: object) -> list[str]:
    return [one["id"] for one in site_services("Clinic", *tables)["services"]]  # type: ignore[arg-type]


def test_a_site_offers_what_it_holds_and_nothing_else() -> None:
    assert ids(plans(), changes()) == []
    assert ids(plans(("a", "steps", "goal", "Walk")), changes()) == [PLAN]
    assert ids(plans(("a", "pharmacogenomics x r1", "activity", "Look")), changes(("a", 0, 0, None))) == [GENES]
    assert ids(plans(("a", "steps", "goal", "Walk")), changes(("a", 0, 1, None))) == [PLAN, FINDINGS]
    with pytest.raises(CdsHooksError, match="offers no service"):
        service_cards(FINDINGS, "Clinic", "a", ON, plans(), changes(), NO_APPROVALS)


def test_findings_are_the_patients_own_recent_ones_and_never_critical() -> None:
    held = changes(("a", 0, 2, None), ("a", 1, 2, "expected after a vaccination on 2026-05-18"), ("a", 3, 1, None), ("a", 9, 2, None),
                   ("a", 2, 0, None), ("b", 0, 2, None))  # fmt: skip
    cards = service_cards(FINDINGS, "Clinic", "a", ON, plans(), held, NO_APPROVALS)["cards"]
    assert [card["indicator"] for card in cards] == ["warning", "info", "info"]
    assert all(card["source"]["label"] == "Clinic, nightsignal" for card in cards)
    assert "not a diagnosis" in cards[0]["detail"]
    assert "suggestions" not in cards[0]
    assert service_cards(FINDINGS, "Clinic", "c", ON, plans(), held, NO_APPROVALS) == {"cards": []}


def test_items_that_wait_become_drafts_to_take_or_leave() -> None:
    held = plans(("a", "steps", "goal", "Walk 6,000 steps"), ("a", "talk", "activity", "Talk"), ("b", "steps", "goal", "Walk"))
    answer = {"approval": "1", "person": "a", "item": "talk", "answer": "declined", "by": "Dr X", "at": datetime(2026, 5, 1, tzinfo=UTC)}
    approvals = pl.DataFrame([dict.fromkeys(Approvals.dtypes()) | answer], schema=Approvals.dtypes())
    response = service_cards(PLAN, "Clinic", "a", ON, held, changes(), approvals)
    assert "systemActions" not in response
    (card,) = response["cards"]
    assert (card["summary"], card["indicator"]) == ("Walk 6,000 steps", "info")
    assert "A trial." in card["detail"]
    (suggestion,) = card["suggestions"]
    assert "isRecommended" not in suggestion
    resource = suggestion["actions"][0]["resource"]
    assert (resource["resourceType"], resource["lifecycleStatus"]) == ("Goal", "proposed")
    both = service_cards(PLAN, "Clinic", "a", ON, held, changes(), NO_APPROVALS)["cards"]
    assert both[1]["suggestions"][0]["actions"][0]["resource"]["intent"] == "proposal"


@given(st.lists(st.tuples(st.sampled_from(["steps", "pharmacogenomics x"]), st.text(min_size=1, max_size=400)), max_size=6))
@settings(deadline=None, max_examples=40)
def test_every_response_keeps_the_specifications_rules(items: list[tuple[str, str]]) -> None:
    held = plans(*[("a", f"{item} {number}", "goal", title) for number, (item, title) in enumerate(items)])
    for service in ids(held, changes()):
        response = service_cards(service, "Clinic", "a", ON, held, changes(), NO_APPROVALS)
        assert response_faults(response) == []
        assert all(0 < len(card["summary"]) < SUMMARY_BELOW for card in response["cards"])
        assert len({card["uuid"] for card in response["cards"]}) == len(response["cards"])
