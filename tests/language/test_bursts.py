"""New words and unmatched bursts: a planted word and a planted rumor come up first, in shown words only; steady talk does not."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
from scipy.stats import binomtest

from heedful.language.bursts import Said, burst_score, q_values, read_said
from heedful.language.claim_bursts import claim_bursts
from heedful.language.new_words import new_words

USUAL = (
    "i have a headache again and the kids are loud", "bad headache after work, going to bed early", "the headache came back when i walked home",
    "no sleep because of this headache", "took ibuprofen for my headache and made dinner", "headache at the office all day long",
)  # fmt: skip


def said(texts: list[tuple[str, str, bool]]) -> Said:
    """(author, text, recent) with every 'headache' as the mention."""
    table = pl.DataFrame(texts, schema={"author": pl.String, "text": pl.String, "recent": pl.Boolean}, orient="row")
    spans = [{"row": n, "start": at, "end": at + 8} for n, (_, text, _) in enumerate(texts) if (at := text.find("headache")) >= 0]
    return read_said(table, pl.DataFrame(spans, schema={"row": pl.UInt32, "start": pl.Int32, "end": pl.Int32}))


def talk(*planted: tuple[str, str, bool]) -> list[tuple[str, str, bool]]:
    rng = random.Random(4)
    steady = [(f"a{n % 90}", rng.choice(USUAL), n % 5 == 0) for n in range(400)]
    return steady + list(planted)


def test_a_planted_word_comes_up_and_usual_words_do_not() -> None:
    new = [(f"n{n}", f"headache and brain zaps since friday, says doctor miller{n}", True) for n in range(6)]
    found = new_words(said(talk(*new)), 3)
    assert found["phrase"].to_list()[0].endswith("brain zaps") or "brain zaps" in found["phrase"].to_list()
    row = found.filter(pl.col("phrase").str.contains("brain zaps")).row(0, named=True)
    assert (row["people"], row["before"]) == (6, 0)
    assert row["q"] < 0.05
    assert "miller" not in row["example"]
    assert not {"headache", "kids", "work", "office"} & set(found["phrase"])


def test_one_person_is_no_word_however_often_they_say_it() -> None:
    new = [("n", f"headache and brain zaps number {n}", True) for n in range(40)]
    assert not new_words(said(talk(*new)), 3)["phrase"].str.contains("zaps").any()


def test_words_in_a_sentence_without_health_do_not_count() -> None:
    new = [(f"n{n}", "what a headache. the eurovision final tonight", True) for n in range(8)]
    assert not new_words(said(talk(*new)), 3)["phrase"].str.contains("eurovision").any()


def test_without_a_baseline_nothing_is_new() -> None:
    now = [(author, text, True) for author, text, _ in talk()]
    assert new_words(said(now), 3).is_empty()
    assert claim_bursts(said(now), 3).is_empty()
    assert new_words(said([]), 3).is_empty()


RUMOR = (
    "drinking celery juice cures every headache",
    "celery juice drinking cures a headache they found",
    "celery juice cures headache, start drinking",
)


def test_a_planted_rumor_comes_up_once_in_words_that_enough_people_wrote() -> None:
    new = [(f"r{n}", f"{RUMOR[n % 3]} told by aunt{n}", True) for n in range(9)]
    found = claim_bursts(said(talk(*new)), 3)
    assert found.height == 1
    row = found.row(0, named=True)
    assert (row["people"], row["posts"], row["before"]) == (9, 9, 0)
    assert {"celery", "juice", "cures"} <= set(row["words"].split())
    assert "aunt" not in row["example"]
    again = claim_bursts(said(talk(*new, ("late", f"{RUMOR[0]} indeed", True))), 3)
    assert again["burst"].to_list() == found["burst"].to_list()


def test_people_who_speak_of_themselves_are_no_burst() -> None:
    new = [(f"r{n}", "i ate spicy dragon noodles and my headache exploded", True) for n in range(9)]
    assert claim_bursts(said(talk(*new)), 3).is_empty()


def test_what_was_said_before_is_no_burst() -> None:
    old = [(f"o{n}", RUMOR[n % 3], False) for n in range(60)]
    new = [(f"r{n}", RUMOR[n % 3], True) for n in range(9)]
    assert claim_bursts(said(talk(*old, *new)), 3).is_empty()


def test_p_is_the_exact_binomial_test() -> None:
    now, before = np.array([5, 0, 9]), np.array([2, 4, 30])
    _, p = burst_score(now, before, 40, 160)
    want = [binomtest(int(a), int(a + b), 0.2, alternative="greater").pvalue for a, b in zip(now, before, strict=True)]
    assert np.allclose(p, want)


def test_q_is_at_least_p_and_keeps_its_order() -> None:
    p = np.random.default_rng(1).random(50) ** 3
    q = q_values(p)
    assert (q >= p).all()
    assert (np.diff(q[np.argsort(p)]) >= 0).all()
