"""Flags of an author's day: simulated campaigns, clocks, newsrooms and shops are flagged with figures; people are not; days do not leak."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.labels import Public
from heedful.core.schemas import Posts, Voices
from heedful.core.seals import seal
from heedful.core.voices import FLAGS
from heedful.language.voices.voices import voices
from heedful.language.voices.wording import worded

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG = "After the new tablets I have had a terrible headache and fever for three weeks so please share this with everyone you love"
SHORT = "I have a terrible headache today"


def post(author: str, at: datetime, text: str, number: int = 0, **more: Any) -> dict[str, Any]:
    base = {"source": "a", "post": f"{author}-{at:%d%H%M%S}-{number}", "author": author, "day": at.date(), "posted_at": at, "known_at": at}
    return {**base, "text": text, "kind": "post", "synthetic": True, **more}


def flagged(rows: list[dict[str, Any]], days: list[date] | None = None) -> pl.DataFrame:
    table = Posts.check(pl.DataFrame(rows, infer_schema_length=None))
    keys = None if days is None else pl.DataFrame({"day": days}, schema={"day": pl.Date})
    return voices(seal(table, Public, Posts), keys=keys).data


def flags_of(found: pl.DataFrame) -> dict[str, set[str]]:
    return {author: set(rows["flag"]) for (author,), rows in found.group_by("author")}  # type: ignore[misc]


def test_long_copies_under_three_names_are_a_campaign_and_short_ones_are_not() -> None:
    rows = [post(f"c{n}", START + timedelta(minutes=37 * n), LONG.upper() + "!" * n) for n in range(3)]
    rows += [post(f"p{n}", START + timedelta(minutes=11 * n), SHORT) for n in range(5)]
    found = flagged(rows)
    assert flags_of(found) == {f"c{n}": {"copy_paste"} for n in range(3)}
    assert found["accounts"].to_list() == [3, 3, 3]
    assert found["campaign"].n_unique() == 1
    assert flagged(rows[:2]).is_empty()


def test_a_campaign_is_known_from_its_third_account_on_and_named_by_its_words() -> None:
    rows = [post(f"c{n}", START + timedelta(hours=n), LONG) for n in range(4)]
    found = flagged(rows)
    assert found["known_at"].to_list() == [START + timedelta(hours=hour) for hour in (2, 2, 2, 3)]
    other = flagged([post(f"d{n}", START + timedelta(days=50, hours=n), LONG) for n in range(3)])
    assert set(other["campaign"]) == set(found["campaign"])


def test_passing_on_is_not_copying() -> None:
    rows = [post(f"c{n}", START + timedelta(hours=n), LONG, kind="repost", reply_to="origin") for n in range(5)]
    assert flagged(rows).is_empty()


def test_two_accounts_that_always_pass_on_together_are_found_among_fans_with_a_p_value() -> None:
    rng, rows = random.Random(3), list[dict[str, Any]]()
    for thing in range(8):
        begin = START + timedelta(minutes=40 * thing)
        for fan in range(10):
            delay = 5 * fan if fan < 2 else rng.randrange(120, 2_400)
            rows.append(post(f"fan{fan}", begin + timedelta(seconds=delay), "RT", thing, kind="repost", reply_to=f"thing{thing}"))
    found = flagged(rows).filter(pl.col("flag") == "co_sharing")
    assert found["author"].to_list() == ["fan0", "fan1"]
    assert found["p"].max() < 1e-6  # type: ignore[operator]
    assert found["q"].max() < 0.01  # type: ignore[operator]


def test_where_a_source_keeps_only_days_nobody_acts_together() -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC)
    rows = [post(f"fan{fan}", day, "RT", thing, kind="repost", reply_to=f"thing{thing}") for thing in range(8) for fan in range(6)]
    assert "co_sharing" not in set(flagged(rows)["flag"])


def test_a_clock_a_flood_links_and_repeats_are_automation_and_a_chatty_person_is_not() -> None:
    rng = random.Random(1)
    rows = [post("clock", START + timedelta(minutes=30 * n), f"the weather is {n * n} today", n) for n in range(10)]
    rows += [post("flood", START + timedelta(seconds=rng.randrange(36_000)), f"word{n} other{n}", n) for n in range(50)]
    rows += [post("links", START + timedelta(seconds=rng.randrange(36_000)), f"see{n} [URL]", n) for n in range(10)]
    rows += [post("parrot", START + timedelta(seconds=rng.randrange(36_000)), "my cough is still here", n) for n in range(5)]
    rows += [post("person", START + timedelta(seconds=rng.randrange(36_000)), f"thought number {n} of mine {n * n}", n) for n in range(20)]
    found = flagged(rows)
    assert flags_of(found) == {name: {"automation"} for name in ("clock", "flood", "links", "parrot")}
    assert found.filter(pl.col("author") == "clock")["score"].item() == 0


def test_news_and_adverts_by_their_wording() -> None:
    rows = [post("desk", START + timedelta(minutes=50 * n * n), f"Breaking: {n} new cases of flu in town", n) for n in range(3)]
    rows += [post("shop", START, "Sertraline without a prescription, free shipping [URL]")]
    rows += [
        post("person", START, "I read a new study on migraine, and my own is back"),
        post("other", START, "buy now? I can't, I have the flu"),
    ]
    assert flags_of(flagged(rows)) == {"desk": {"news"}, "shop": {"advert"}}


def test_wording_hits_and_near_misses() -> None:
    texts = [
        "Order today: 20% off with code FLU20",
        "I got 20% off at the pharmacy",
        "New study finds link",
        "my new study finds me tired",
        "",
        None,
    ]
    found = worded(pl.Series(texts, dtype=pl.String))
    assert found["advert"].to_list() == [True, False, False, False, False, False]
    assert found["news"].to_list() == [False, False, True, False, False, False]


AUTHORS = "uvwxyz"
TEXTS = (LONG, LONG + " now", SHORT, "Breaking: flu cases rise", "order now, free shipping [URL]", "the same words again from me")


def random_posts(rng: random.Random, count: int) -> list[dict[str, Any]]:
    rows = []
    for n in range(count):
        at = START + timedelta(minutes=rng.choice((30 * rng.randrange(300), rng.randrange(8_000))))
        again = rng.random() < 0.3
        more = {"kind": "repost", "reply_to": rng.choice("ab")} if again else {}
        rows.append(post(rng.choice(AUTHORS), at, rng.choice(TEXTS), n, **more))
    return rows


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_days_flags_need_only_its_window_in_any_order(seed: int) -> None:
    rng = random.Random(seed)
    rows = random_posts(rng, 120)
    whole = flagged(rows)
    assert whole.equals(flagged(rng.sample(rows, len(rows))))
    for day in whole["day"].unique():
        window = [row for row in rows if day - timedelta(days=1) <= row["day"] <= day]
        assert flagged(window, [day]).equals(whole.filter(pl.col("day") == day))
    assert set(whole["flag"]) <= set(FLAGS)
    assert whole.filter(pl.col("known_at").dt.date() < pl.col("day") - pl.duration(days=1)).is_empty()


def test_nothing_in_nothing_out() -> None:
    assert voices(seal(Posts.empty(), Public, Posts)).data.equals(Voices.empty())
