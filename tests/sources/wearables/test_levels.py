from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from heedful.sources.wearables.levels import Holding, spoken_for

pairs = st.sets(st.tuples(st.sampled_from("ab"), st.integers(0, 4)))


def holding(file: str, minutes: int, rows: int, days: set[tuple[str, int]]) -> Holding:
    data = [(person, date(2016, 4, 12) + timedelta(days=day)) for person, day in sorted(days)]
    return Holding(file, "steps", minutes, rows, pl.DataFrame(data, schema={"person": pl.String, "day": pl.Date}, orient="row"))


@given(st.lists(st.tuples(st.sampled_from((1, 60, 1_440)), st.integers(1, 3), pairs), max_size=5))
def test_each_day_is_read_from_exactly_one_file_and_that_is_the_finest(files: list[tuple[int, int, set[tuple[str, int]]]]) -> None:
    holdings = [holding(f"f{number}", *file) for number, file in enumerate(files)]
    skipped = spoken_for(holdings)
    readers: dict[tuple[str, date], list[int]] = {}
    for one in holdings:
        left_out = set(skipped[one.file, "steps"].select("person", "day").rows()) if (one.file, "steps") in skipped else set()
        for key in set(one.days.rows()) - left_out:
            readers.setdefault(key, []).append(one.minutes)
    everything = {key: one.minutes for one in holdings for key in one.days.rows()}
    assert set(readers) == set(everything)
    finest = {key: min(one.minutes for one in holdings if key in one.days.rows()) for key in everything}
    assert readers == {key: [minutes] for key, minutes in finest.items()}
