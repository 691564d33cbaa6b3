from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heedful.sources.wearables.fitbit_sleep import stretches

MIDNIGHT = datetime(2021, 2, 4)


def level(at: int, seconds: int, name: str) -> dict[str, Any]:
    return {"dateTime": (MIDNIGHT + timedelta(seconds=at)).isoformat(), "seconds": seconds, "level": name}


@given(st.lists(st.integers(1, 900), min_size=1, max_size=8), st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 180)), max_size=8))
def test_every_second_of_the_stages_has_one_stage_and_wakes_win(lengths: list[int], wakes: list[tuple[int, int]]) -> None:
    stages = [level(sum(lengths[:n]), length, ("light", "deep", "rem")[n % 3]) for n, length in enumerate(lengths)]
    found = stretches({"levels": {"data": stages, "shortData": [level(at, seconds, "wake") for at, seconds in wakes]}})
    seconds: dict[int, str] = {}
    for start, end, stage in found:
        for second in range((start - MIDNIGHT) // timedelta(seconds=1), (end - MIDNIGHT) // timedelta(seconds=1)):
            assert second not in seconds
            seconds[second] = stage
    awake = {second for at, length in wakes for second in range(at, at + length)}
    expected = {
        second: ("light", "deep", "rem")[n % 3]
        for n, length in enumerate(lengths)
        for second in range(sum(lengths[:n]), sum(lengths[:n]) + length)
    }
    assert seconds == {second: "awake" if second in awake else stage for second, stage in expected.items()}
