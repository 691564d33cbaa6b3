"""Who is left out of the counts: with those who stay they are everybody, cell by cell; a flag counts from when it was known."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.schemas import LeftOut, PeopleMentions, Voices
from heedful.population.counts import count_people
from heedful.population.left_out import count_left_out, gone_days

DAY = date(2026, 1, 5)


def at(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def mention(author: str, concept: str = "HP:0002315", known: int = 5, place: str = "world") -> dict[str, Any]:
    return {"day": DAY, "place": place, "concept": concept, "author": author, "posts": 1, "known_at": at(known)}


def people(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return PeopleMentions.check(pl.DataFrame(rows, schema=PeopleMentions.dtypes()))


def flags(rows: list[tuple[str, str, int]]) -> pl.DataFrame:
    told = [
        {
            "day": DAY,
            "author": author,
            "flag": flag,
            "campaign": "",
            "accounts": 1,
            "posts": 1,
            "score": 1.0,
            "known_at": at(known),
            "why": ".",
        }
        for author, flag, known in rows
    ]
    return Voices.check(pl.DataFrame(told, schema={name: dtype for name, dtype in Voices.dtypes().items() if name not in ("p", "q")}))


def test_people_count_until_their_flag_was_known_and_the_row_says_why() -> None:
    rows = people([mention(f"a{n}") for n in range(9)] + [mention(f"a{n}", "any") for n in range(9)])
    gone = gone_days(flags([(f"a{n}", "copy_paste", 7) for n in range(4)] + [("a0", "news", 8)]), ("copy_paste", "news"))
    stay = count_people(rows, 3, gone).filter(pl.col("signal") != "any")
    assert stay.select("people", "denominator").rows() == [(9, 9), (5, 5)]
    assert stay["known_at"].dt.day().to_list() == [5, 7]
    left = count_left_out(rows, gone, 3).filter(pl.col("signal") != "any")
    assert left.select("people", "flags").rows() == [(4, "copy_paste, news")]
    assert count_people(rows, 3, gone_days(flags([("a0", "news", 5)]), ("copy_paste",))).equals(count_people(rows, 3))


def test_few_who_are_left_out_are_withheld_with_their_flags_and_a_cell_that_empties_is_withheld() -> None:
    rows = people([mention(f"a{n}") for n in range(4)])
    gone = gone_days(flags([("a0", "news", 5)]), ("news",))
    left = count_left_out(rows, gone, 3)
    assert left.select("people", "flags", "suppressed").rows() == [(None, "", "minimum")]
    everybody = gone_days(flags([(f"a{n}", "news", 6) for n in range(4)]), ("news",))
    assert count_people(rows, 3, everybody).select("people", "suppressed").rows() == [(4, ""), (None, "minimum")]
    at_once = gone_days(flags([(f"a{n}", "news", 5) for n in range(4)]), ("news",))
    assert count_people(rows, 3, at_once).is_empty()


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_who_stays_and_who_is_left_out_are_everybody_at_every_known_day(seed: int) -> None:
    rng = random.Random(seed)
    seen = {(author, concept): mention(author, concept, rng.randrange(5, 9)) for author in "abcdefgh" for concept in ("s", "t", "any")}
    rows = people([row for row in seen.values() if rng.random() < 0.8])
    gone = gone_days(
        flags([(author, flag, rng.randrange(4, 10)) for author in "abcd" for flag in ("news", "advert") if rng.random() < 0.5]),
        ("news", "advert"),
    )

    def known(counts: pl.DataFrame, day: int) -> dict[str, int]:
        then = counts.filter(pl.col("known_at").dt.day() <= day).sort("known_at").unique("signal", keep="last")
        return {signal: count for signal, count in then.select("signal", "people").iter_rows() if count}

    everybody, stay, left = count_people(rows, 1), count_people(rows, 0, gone), count_left_out(rows, gone, 1)
    for day in range(4, 11):
        parts = [known(stay, day), known(left, day)]
        assert known(everybody, day) == {s: parts[0].get(s, 0) + parts[1].get(s, 0) for s in parts[0] | parts[1]}


def test_nobody_is_left_out_of_nothing() -> None:
    assert count_left_out(PeopleMentions.empty(), gone_days(Voices.empty(), ("news",)), 3).equals(LeftOut.empty())
