"""CuSum and RHR-AD beside a live site: what they say of the minutes as they come is what they say once over everything, and after a restart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from bench.minutes import FIRST, month, raw_id
from bench.sites import agree, open_site, take

from heedful.behavior.cusum_online import MINUTES, CusumOnline, cusum_online
from heedful.behavior.rhrad import Rhrad, rhrad_online
from heedful.core.schemas import Observations
from heedful.engine.intake import Accounts
from heedful.loops import minute_detectors
from heedful.loops.minute_detectors import MinuteDetectors, MinuteFindings, minutes_of
from heedful.loops.site import Site

RULES: tuple[Any, ...] = (CusumOnline(baseline_days=3, smoothing_minutes=2), Rhrad(window=3, smoothing=20), 24)
DAYS = 5


@pytest.fixture
def site(tmp_path: Path) -> Any:
    with (opened := open_site(tmp_path, FIRST + timedelta(days=DAYS + 1))).writing():
        agree(opened, range(1))
        opened.intake.derive_every = 10**9
        yield opened


def sent(site: Site, rows: pl.DataFrame) -> None:
    take(site, "watch", Observations, rows.with_columns(known_at=pl.lit(site.clock.now()).cast(pl.Datetime("us", "UTC"))), Accounts())


def whole(site: Site) -> MinuteFindings:
    """Both detectors over all minutes at once."""
    minutes = minutes_of(site.lake.read(Observations))
    hours = rhrad_online(minutes.drop_nulls("rate"), RULES[1], RULES[2])
    days = minutes["at"].dt.date().unique().sort().to_list()
    rate, walked = np.full((len(days), MINUTES), np.nan), np.zeros((len(days), MINUTES), np.bool_)
    for at, one, steps in minutes.iter_rows():
        place = days.index(at.date()), at.hour * 60 + at.minute
        rate[place], walked[place] = np.nan if one is None else one, bool(steps)
    sums = cusum_online(rate, walked, RULES[0])
    return MinuteFindings(minutes["at"][-1], float(sums.cusum[-1]), float(sums.p_value[-1]), *hours.row(-1))


def assert_alike(found: MinuteFindings | None, want: MinuteFindings) -> None:
    assert found is not None
    assert (found.at, found.rhrad_hour, found.rhrad_anomaly) == (want.at, want.rhrad_hour, want.rhrad_anomaly)
    got, told = (np.array((one.cusum, one.cusum_p, one.rhrad_value), float) for one in (found, want))
    np.testing.assert_allclose(got, told, atol=1e-8)


def test_minutes_that_come_equal_all_at_once_and_a_restart(site: Site) -> None:
    person, rows = site.participant_key.name(raw_id(0)), month(range(1), DAYS)
    begun = pl.col("start_at").dt.replace_time_zone(None) < (FIRST + timedelta(days=DAYS - 1, hours=12)).replace(tzinfo=None)
    sent(site, rows.filter(begun))
    held = MinuteDetectors(site, *RULES)
    assert held.people() == set()
    assert held.read(person) is not None
    for part in rows.filter(~begun).sort("start_at").head(400).partition_by("start_at", maintain_order=True):
        sent(site, part)
    assert held.people() == {person}
    assert_alike(held.read(person), whole(site))
    assert_alike(MinuteDetectors(site, *RULES).read(person), whole(site))
    late = rows.filter(begun)[:1].with_columns(start_at=pl.col("start_at") + pl.duration(seconds=7), end_at=pl.col("end_at"))
    sent(site, late)
    assert held.people() == set()  # an earlier minute changed: opened anew when asked for
    assert_alike(held.read(person), whole(site))


def test_an_erasure_and_a_withdrawal_reach_them(site: Site) -> None:
    person, rows = site.participant_key.name(raw_id(0)), month(range(1), 1)
    sent(site, rows)
    held = MinuteDetectors(site, *RULES)
    found = held.read(person)
    assert found is not None
    assert found.cusum is None
    site.record_consents(pl.DataFrame({"person": [raw_id(0)], "purpose": ["care"], "kinds": ["*"], "act": ["withdraw"]}), "test")
    assert held.read(person) is None
    assert held.people() == set()
    agree(site, range(1))
    held.read(person)
    site.intake.delete("person", [person])
    assert held.people() == set()
    assert held.read(person) is None


def test_what_another_process_wrote_and_an_agreement_that_covers_less_reach_them(tmp_path: Path) -> None:
    rows = month(range(1), DAYS)
    noon = (FIRST + timedelta(days=DAYS - 1, hours=12)).replace(tzinfo=None)
    begun = pl.col("start_at").dt.replace_time_zone(None) < noon
    site, other = (open_site(tmp_path, FIRST + timedelta(days=DAYS + 1)) for _ in range(2))
    person = site.participant_key.name(raw_id(0))
    with site.writing():
        agree(site, range(1))
        sent(site, rows.filter(begun))
    held = MinuteDetectors(site, *RULES)
    assert held.read(person) is not None
    with other.writing():
        sent(other, rows.filter(~begun))
    assert_alike(held.read(person), whole(site))
    for hour, act, begin in ((0, "withdraw", None), (1, "grant", FIRST + timedelta(days=DAYS - 1))):
        at = {"from_at": begin, "recorded_at": FIRST + timedelta(days=DAYS, hours=hour)}
        told = {"person": raw_id(0), "purpose": "care", "kinds": "*", "act": act} | at
        other.record_consents(pl.DataFrame([told], schema_overrides=dict.fromkeys(at, pl.Datetime("us", "UTC"))), "test")
    found = held.read(person)
    assert found is not None
    assert found.cusum is None  # of the days before, care sees none now
    other.close()
    site.close()


def test_few_are_held(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(site, range(3))
    sent(site, month(range(3), 1))
    monkeypatch.setattr(minute_detectors, "MOST_HELD", 2)
    held, people = MinuteDetectors(site, *RULES), [site.participant_key.name(raw_id(number)) for number in range(3)]
    assert all(held.read(person) is not None for person in people)
    assert held.people() == set(people[1:])
