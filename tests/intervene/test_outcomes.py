from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from heedful.core.errors import LabelError
from heedful.core.labels import Care, Consented, Research
from heedful.core.schemas import Decisions, Observations
from heedful.core.seals import seal
from heedful.intervene.outcomes import outcomes

AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def _decisions(*outcome: str) -> pl.DataFrame:
    rows = [
        {
            "decision": f"d{n}", "person": "p", "decision_point": "evening", "scheduled_at": AT + timedelta(hours=6 * n), "decided_at": AT,
            "outcome": name, "refused_by": "", "reason": "", "policy": "fixed/1", "action": "none", "features": "{}", "offset_minutes": 0,
        }
        for n, name in enumerate(outcome)
    ]  # fmt: skip
    return Decisions.check(pl.DataFrame(rows, schema_overrides=Decisions.dtypes()))


def _observations(*rows: tuple[str, str, float, float, float | None]) -> pl.DataFrame:
    """(device, code, start minute, length in minutes, value)."""
    data = [
        {
            "person": "p", "code": code, "day": AT.date(), "start_at": AT + timedelta(minutes=start),
            "end_at": AT + timedelta(minutes=start + length), "offset_minutes": 0, "value": value, "unit": "1", "device": device,
            "how": "measured", "row": 0, "known_at": AT,
        }
        for device, code, start, length, value in rows
    ]  # fmt: skip
    return Observations.check(pl.DataFrame(data, schema_overrides=Observations.dtypes())) if data else Observations.empty()


def _after(observations: pl.DataFrame, decisions: pl.DataFrame | None = None, until: datetime = LATER) -> list[dict[str, object]]:
    decided = _decisions("send") if decisions is None else decisions
    return outcomes(decided, seal(observations, Consented[Care], Observations), {"evening": 60}, until).data.to_dicts()


def test_minutes_of_the_window_are_added_and_those_around_it_are_not() -> None:
    minutes = [("watch", "steps", float(n), 1.0, 10.0) for n in range(-30, 100)]
    row = _after(_observations(*minutes))[0]
    assert (row["value"], row["missing"], row["window_end"]) == (600.0, "", AT + timedelta(hours=1))


def test_an_interval_that_is_partly_inside_counts_with_its_share() -> None:
    row = _after(_observations(("phone", "steps", -15, 30, 300.0), ("phone", "steps", 15, 60, 600.0)))[0]
    assert row["value"] == pytest.approx(150 + 450)


def test_a_day_long_interval_reaches_into_the_window_as_well() -> None:
    assert _after(_observations(("phone", "steps", -600, 1440, 14_400.0)))[0]["value"] == pytest.approx(600)


def test_two_devices_never_count_a_step_twice_and_the_better_covered_one_speaks() -> None:
    watch = [("watch", "steps", float(n), 1.0, 10.0) for n in range(60)]
    assert _after(_observations(*watch, ("phone", "steps", 0, 40, 5_000.0)))[0]["value"] == 600.0


def test_wear_is_shown_by_the_heart_rate_where_a_watch_leaves_out_minutes_without_steps() -> None:
    heart = [("watch", "heart_rate", float(n), 0.0, 70.0) for n in range(0, 50, 5)]
    assert _after(_observations(*heart, ("watch", "steps", 5, 1, 40.0)))[0]["value"] == 40.0


@pytest.mark.parametrize(
    ("rows", "missing"),
    [([], "no_data"), ([("watch", "heart_rate", 0.0, 60.0, 70.0)], "no_data"), ([("watch", "steps", 0.0, 29.0, 70.0)], "too_short")],
)
def test_what_is_not_known_is_missing_with_a_reason_and_never_zero(rows: list, missing: str) -> None:
    row = _after(_observations(*rows))[0]
    assert (row["value"], row["missing"]) == (None, missing)


def test_zeros_of_a_watch_in_the_drawer_are_not_worn_and_zeros_of_a_phone_are_zeros() -> None:
    zeros = [("watch", "steps", float(n), 1.0, 0.0) for n in range(60)]
    worn_before = ("watch", "heart_rate", -600.0, 0.0, 70.0)
    row = _after(_observations(*zeros, worn_before))[0]
    assert (row["value"], row["missing"]) == (None, "not_worn")
    assert _after(_observations(*zeros))[0]["value"] == 0.0


def test_a_heart_rate_every_ten_minutes_shows_that_the_watch_was_on_while_nobody_walked() -> None:
    heart = [("watch", "heart_rate", float(n), 0.0, 70.0) for n in range(0, 60, 10)]
    assert _after(_observations(*heart, *[("watch", "steps", float(n), 1.0, 0.0) for n in range(60)]))[0]["value"] == 0.0


def test_refused_decisions_and_windows_that_are_not_over_have_no_outcome() -> None:
    decisions = _decisions("send", "refused", "no_message", "send")
    assert [row["decision"] for row in _after(Observations.empty(), decisions, AT + timedelta(hours=13))] == ["d0", "d2"]


def test_overlapping_intervals_of_a_device_cover_their_union() -> None:
    rows = [("watch", "heart_rate", 0.0, 20.0, 70.0), ("watch", "heart_rate", 5.0, 10.0, 70.0), ("watch", "steps", 18.0, 8.0, 5.0)]
    assert _after(_observations(*rows))[0]["missing"] == "too_short"


def test_outcomes_of_research_are_not_read_for_care() -> None:
    with pytest.raises(LabelError):
        outcomes(_decisions("send"), seal(Observations.empty(), Consented[Research], Observations), {"evening": 60}, LATER)  # type: ignore[arg-type]
