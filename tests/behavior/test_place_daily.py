"""Places of a day: equal to the mobility functions over pieces (hence scikit-mobility), coarse, and never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.mobility import distance_km, jump_lengths, radius_of_gyration, trace, uncorrelated_entropy
from heedful.behavior.place_daily import daily_places
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal

DAY = date(2026, 3, 1)
HOME, WORK = (52.5, 13.4), (52.55, 13.5)


def told(places: dict[datetime, tuple[float, float]], device: str = "phone") -> pl.DataFrame:
    rows = [
        {
            "person": "p", "code": code, "day": at.date(), "start_at": at, "end_at": at, "offset_minutes": 0, "value": float(value), "unit": "deg",
            "device": device, "how": "measured", "row": 0, "known_at": at,
        }
        for at, place in places.items() for code, value in zip(("latitude", "longitude"), place, strict=True)
    ]  # fmt: skip
    return Observations.check(pl.DataFrame(rows, schema={n: t for n, t in Observations.dtypes().items() if n in rows[0]}))


def derived(rows: pl.DataFrame, day: date = DAY) -> dict[str, tuple[float | None, str, float]]:
    found = daily_places(seal(rows, Consented[Care], Observations)).data.filter(pl.col("day") == day)
    return {
        name: (value, missing, coverage)
        for name, value, missing, coverage in found.select("feature", "value", "missing", "coverage").rows()
    }


def at(minute: int, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-6000, 6000), st.integers(-17900, 17900)), min_size=144, max_size=144), st.integers(1, 5))
def test_equals_the_mobility_functions_over_pieces(cells: list[tuple[int, int]], variety: int) -> None:
    cells = [cells[n % (variety * 7)] for n in range(144)]
    places = {at(10 * n): (south / 100, west / 100) for n, (south, west) in enumerate(cells)}
    if any(place == (0, 0) for place in places.values()):
        return
    found = derived(told(places))
    held = trace(np.arange(144), *np.array(list(places.values())).T)
    assert found["radius_of_gyration"][0] == pytest.approx(radius_of_gyration(held), rel=1e-9, abs=1e-6)
    assert found["location_entropy"][0] == pytest.approx(uncorrelated_entropy(held), rel=1e-9, abs=1e-9)
    assert found["distance_travelled[straight]"][0] == pytest.approx(jump_lengths(held).sum(), rel=1e-9, abs=1e-6)


def routine(days: int, fine: float = 0.0) -> pl.DataFrame:
    """Home but for work from 9 to 17, a position every half hour."""
    places = {}
    for n in range(days):
        for minute in range(0, 1440, 30):
            south, west = WORK if 540 <= minute < 1020 else HOME
            places[at(minute, DAY + timedelta(days=n))] = south + fine, west - fine
    return told(places)


def test_home_is_known_after_three_nights() -> None:
    rows = routine(3)
    assert derived(rows)["home_stay_share[28]"] == (None, "too_short", 1.0)
    third = derived(rows, DAY + timedelta(days=2))
    assert third["home_stay_share[28]"][0] == pytest.approx(100 * 16 / 24)
    assert third["distance_from_home[max]"][0] == pytest.approx(float(distance_km(*HOME, *WORK)))
    assert third["places[stay_30]"][0] == 2
    assert third["significant_places[28]"][0] == 2
    assert derived(rows)["significant_places[28]"][0] == 0  # nobody has come back yet


def test_streets_are_not_told_apart() -> None:
    assert derived(routine(1)) == derived(routine(1, fine=0.0049))


def test_a_position_holds_for_an_hour_and_no_longer() -> None:
    found = derived(told({at(0): HOME, at(600): HOME}))
    assert found["radius_of_gyration"] == (None, "too_short", pytest.approx(14 / 144))


def test_no_position_on_earth_is_implausible_and_nothing_in_nothing_out() -> None:
    found = derived(told({at(0): (0.0, 0.0), at(10): (91.0, 13.0)}))
    assert {missing for _, missing, _ in found.values()} == {"implausible"}
    assert derived(Observations.empty()) == {}


def test_the_phone_that_knows_most_of_the_day_speaks() -> None:
    own = told({at(n * 60): HOME for n in range(24)}, "a phone")
    lent = told({at(n * 60 + 5): WORK for n in range(3)}, "an older phone")
    assert derived(pl.concat([own, lent])) == derived(own)
