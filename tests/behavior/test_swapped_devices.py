"""Two people whose sensors changed hands are found on the day; people who only change, or who only resemble, are not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.behavior.swapped_devices import SIGNATURE, changed_places, same_recordings
from heedful.core.schemas import Features, Observations

FIRST = date(2026, 3, 1)


def bodies(seed: int, people: int = 40, days: int = 60, swap: tuple[int, int, int] | None = None, ill: int | None = None) -> pl.DataFrame:
    """Features of people who differ; `swap` (a, b, day) exchanges two from a day on, `ill` moves one for good."""
    rng = np.random.default_rng(seed)
    level = rng.normal([60, 40, 14, 180, 420], [7, 12, 1.5, 45, 35], (people, 5))
    values = level[:, None] + rng.normal(0, [2, 6, 0.5, 30, 45], (people, days, 5))
    if ill is not None:
        values[ill, 30:] += [12, -15, 3, 0, 0]
    if swap is not None:
        a, b, day = swap
        values[[a, b], day:] = values[[b, a], day:]
    values[rng.random(values.shape) < 0.1] = np.nan
    who, when, which = (axis.ravel() for axis in np.indices(values.shape))
    table = pl.DataFrame({
        "person": [f"p{n:02}" for n in who], "day": [FIRST + timedelta(days=int(n)) for n in when], "feature": [SIGNATURE[n] for n in which],
        "value": values.ravel(), "unit": "1", "coverage": 1.0, "missing": "",
    })  # fmt: skip
    return Features.check(table.with_columns(pl.col("value").fill_nan(None)))


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_accused_without_a_swap(seed: int) -> None:
    assert changed_places(bodies(seed)).is_empty()
    assert changed_places(bodies(seed, ill=3)).is_empty()


@pytest.mark.parametrize("seed", range(4))
def test_a_swap_is_found_on_its_day(seed: int) -> None:
    level = bodies(seed).group_by("person", "feature").agg(pl.col("value").mean()).filter(pl.col("feature") == SIGNATURE[0]).sort("value")
    a, b = (int(level["person"][place][1:]) for place in (0, -1))  # two who differ
    found = changed_places(bodies(seed, swap=(a, b, 33)))
    assert found.select("person", "other").rows() == [tuple(sorted((f"p{a:02}", f"p{b:02}")))]
    assert abs((found["day"][0] - (FIRST + timedelta(days=33))).days) <= 3


def test_no_features_no_finding() -> None:
    assert changed_places(Features.empty()).is_empty()
    assert same_recordings(Observations.empty()).is_empty()


def minutes(person: str, seed: int, count: int = 60, device: str = "watch") -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    start = [datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(minutes=n) for n in range(count)]
    rows = {
        "person": person, "code": "heart_rate", "day": FIRST, "start_at": start, "end_at": start, "offset_minutes": 0,
        "value": rng.integers(50, 90, count).astype(float), "value_code": None, "unit": "/min", "device": device, "how": "measured", "row": 0,
        "known_at": start[0], "extra": None,
    }  # fmt: skip
    return Observations.check(pl.DataFrame(rows, schema_overrides=Observations.dtypes()))


def test_one_file_under_two_names() -> None:
    found = same_recordings(
        pl.concat([minutes("ana", 1), minutes("bo", 1, device="ring"), minutes("cy", 2)]).sample(fraction=1, shuffle=True, seed=3)
    )
    assert found.select("person", "other", "day").rows() == [("ana", "bo", FIRST)]
    assert same_recordings(pl.concat([minutes("ana", 1), minutes("bo", 1).head(59)])).is_empty()
    assert same_recordings(pl.concat([minutes("ana", 1, 20), minutes("bo", 1, 20)])).is_empty()  # too few to say
