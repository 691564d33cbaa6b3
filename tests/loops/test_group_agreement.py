"""The group figure at its door: only who agreed to public-health use, of the kind, over all days behind their figure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from heedful.core.labels import Aggregate, Consented, Held
from heedful.core.schemas import INSTANT, Agreements
from heedful.core.seals import seal
from heedful.loops.estimates import PublicHealthGrants
from heedful.loops.group_agreement import group_agreements
from heedful.population.alarms import Detection
from heedful.trust.consent import in_force

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SINCE, DAY = date(2026, 3, 1), date(2026, 4, 1)
PEOPLE = [f"p{n:02}" for n in range(12)]


def grants(people: list[str], purpose: str = "public_health", kinds: str = "*", from_at: datetime | None = None) -> PublicHealthGrants:
    acts = pl.DataFrame({"person": people}).with_columns(
        purpose=pl.lit(purpose), kinds=pl.lit(kinds), act=pl.lit("grant"), from_at=pl.lit(from_at, INSTANT),
        until_at=pl.lit(None, INSTANT), recorded_at=pl.lit(NOW, INSTANT),
    )  # fmt: skip
    return PublicHealthGrants(in_force(acts, NOW))


def people_shown(given: PublicHealthGrants) -> list[int | None]:
    rows = pl.DataFrame(
        {
            "person": PEOPLE, "code": ["steps"] * 12, "since": [SINCE] * 12, "day": [DAY] * 12, "pairs": [20] * 12,
            "bias": [100.0 * n for n in range(12)], "bias_low": [0.0] * 12, "bias_high": [1.0] * 12, "lower": [-900.0] * 12,
            "upper": [900.0] * 12, "drift": [5.0 * n for n in range(12)], "drift_error": [3.0] * 12, "unit": ["{steps}"] * 12,
            "reported_mean": [5000.0 + 90 * n for n in range(12)], "reported_sd": [900.0] * 12,
            "measured_mean": [5000.0 - 10 * n for n in range(12)], "measured_sd": [800.0] * 12,
            "sentence": [""] * 12,
        }
    )  # fmt: skip
    found = group_agreements(seal(Agreements.check(rows), Consented[Held], Agreements), detection=Detection(3), public_health=given)
    assert found.label is Aggregate
    return found.data["people"].to_list()


def test_who_agreed_is_counted() -> None:
    assert people_shown(grants(PEOPLE)) == [12]
    assert people_shown(grants(PEOPLE[:11])) == [11]
    assert people_shown(grants(PEOPLE, kinds="activity")) == [12]


def test_too_few_who_agreed_are_withheld() -> None:
    assert people_shown(grants(PEOPLE[:9])) == [None]


def test_another_purpose_kind_or_time_does_not_count() -> None:
    assert people_shown(grants(PEOPLE, "care")) == []
    assert people_shown(grants(PEOPLE, "research")) == []
    assert people_shown(grants(PEOPLE, kinds="sleep,body")) == []
    inside = datetime.combine(SINCE + timedelta(days=1), datetime.min.time(), UTC)
    assert people_shown(grants(PEOPLE, from_at=inside)) == []
    assert people_shown(grants(PEOPLE, from_at=inside - timedelta(days=1))) == [12]
