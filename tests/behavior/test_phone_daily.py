"""Use of a phone: calls equal RAPIDS' counts, unlocked time ends where it ended, and a silent sensor says nothing."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from heedful.behavior.phone.calls import CODES, run_calls
from heedful.behavior.phone_daily import daily_phone
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

DAY = date(2026, 3, 2)


def at(minute: float, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)


def row(
    code: str, when: datetime, word: str | None = None, value: float | None = None, contact: str = "", device: str = "phone"
) -> dict[str, Any]:
    return {
        "person": "p", "code": code, "day": when.date(), "start_at": when, "end_at": when, "offset_minutes": 0, "value": value, "value_code": word,
        "unit": "1", "device": device, "how": "measured", "row": 0, "known_at": when, "extra": json.dumps({"contact": contact}) if contact else None,
    }  # fmt: skip


def derived(rows: list[dict[str, Any]], day: date = DAY) -> dict[str, float | str]:
    table = Observations.check(pl.DataFrame(rows, schema=Observations.dtypes()))
    found = daily_phone(seal(table, Consented[Care], Observations)).data.filter(pl.col("day") == day)
    return {name: missing or value for name, value, missing in found.select("feature", "value", "missing").rows()}


def signs(hours: range, day: date = DAY) -> list[dict[str, Any]]:
    return [row("phone_battery", at(60 * hour, day), "discharging", 50.0) for hour in hours]


def test_calls_equal_rapids() -> None:
    rng = random.Random(8)
    calls = [(rng.randrange(1440), rng.choice(sorted(CODES)), rng.randrange(600), rng.choice("abc")) for _ in range(40)]
    found = derived(
        [*signs(range(24)), *(row("phone_call", at(m, DAY) + timedelta(seconds=n), k, float(s), c) for n, (m, k, s, c) in enumerate(calls))]
    )
    raw = pl.DataFrame([
        {
            "timestamp": int((at(m, DAY) + timedelta(seconds=n)).timestamp() * 1000), "device_id": "d", "call_type": CODES[k], "call_duration": s,
            "trace": c,
        }
        for n, (m, k, s, c) in enumerate(calls)
    ])  # fmt: skip
    segments = pl.DataFrame(
        {"label": ["daily"], "start_time": ["00:00:00"], "length": ["23H 59M 59S"], "repeats_on": ["every_day"], "repeats_value": [0]}
    )
    told = run_calls({"features_type": "EVENTS", "timezone": "UTC", "segment_type": "periodic"}, {"raw": raw, "time_segments": segments})
    peer = {name.removeprefix("phone_calls_rapids_"): values[0] for name, values in told.items() if isinstance(values, list)}
    for kind in CODES:
        assert found[f"calls[{kind}]"] == peer[f"{kind}_count"]
    for kind in ("incoming", "outgoing"):
        assert found[f"call_minutes[{kind}]"] == pytest.approx(peer[f"{kind}_sumduration"] / 60)


def test_unlocked_time_is_cut_at_midnight() -> None:
    before = DAY - timedelta(days=1)
    rows = [
        *signs(range(24)),
        row("screen_event", at(1430, before), "unlocked"), row("screen_event", at(5), "locked"),
        row("screen_event", at(600), "unlocked"), row("screen_event", at(612), "off"), row("screen_event", at(613), "locked"),
        row("screen_event", at(700), "unlocked"), row("screen_event", at(1300), "locked"),  # ten hours: the end was lost
        row("screen_event", at(1438), "unlocked"), row("screen_event", at(4, DAY + timedelta(days=1)), "off"),
    ]  # fmt: skip
    found = derived(rows)
    assert found["screen_unlocks"] == 3
    assert found["screen_minutes[unlocked]"] == pytest.approx(5 + 12 + 2)
    assert derived(rows, before)["screen_minutes[unlocked]"] == pytest.approx(10)


def test_two_phones_do_not_lock_each_other() -> None:
    rows = [
        row("screen_event", at(10), "unlocked", device="one"), row("screen_event", at(12), "locked", device="two"),
        row("screen_event", at(20), "locked", device="one"),
    ]  # fmt: skip
    assert derived(rows)["screen_minutes[unlocked]"] == pytest.approx(10)


def test_a_sensor_that_never_spoke_says_nothing_and_zero_needs_signs() -> None:
    earlier = row("phone_call", at(600, DAY - timedelta(days=6)), "incoming", 60.0, "a")
    assert derived(signs(range(24))) == {}
    assert derived([earlier, *signs(range(24))])["calls[incoming]"] == 0
    assert derived([earlier, *signs(range(3))])["calls[incoming]"] == "too_short"
    assert derived([earlier | row("phone_call", at(600, DAY - timedelta(days=7)), "incoming", 60.0), *signs(range(24))]) == {}


def test_contacts_need_their_pseudonyms() -> None:
    calls = [row("phone_call", at(600), "incoming", 60.0, "a"), row("phone_call", at(700), "outgoing", 60.0, "a")]
    assert derived(calls)["call_contacts"] == 1
    assert "call_contacts" not in derived([*calls, row("phone_call", at(800), "missed", 0.0)])
