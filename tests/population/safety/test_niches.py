"""Niches: people, not posts; small cells and what would tell of them withheld; the words of pregnancy and misuse."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.core.schemas import Experiences, Mentions, NichePosts
from heedful.language.niche_posts import NICHES
from heedful.language.worries import WORRY_PATTERN
from heedful.population.safety.niches import niches, people_telling, tellings

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = date(2026, 3, 2)


def stops(people: int, reason: str | None, axis: str = "stop", drug: str = "sertraline", start: int = 0) -> list[dict[str, object]]:
    return [
        {"source": "a", "post": f"{drug}{reason}{i}", "n": 0, "author": f"w{start + i}", "day": DAY, "known_at": NOW, "place": "", "treatment": f"drug:{drug}",
         "treatment_label": drug, "axis": axis, "effect": "", "effect_label": "", "reason": reason, "start": 0, "end": 1}
        for i in range(people)
    ]  # fmt: skip


def experiences(*rows: list[dict[str, object]]) -> pl.DataFrame:
    made = [row for part in rows for row in part]
    return (
        Experiences.check(pl.DataFrame(made, schema={name: Experiences.dtypes()[name] for name in made[0]}))
        if made
        else Experiences.empty()
    )


def drug_post(post: str, author: str, experiencer: str = "self", assertion: str = "present") -> dict[str, object]:
    return {
        "source": "a", "post": post, "author": author, "day": DAY, "known_at": NOW, "place": "", "place_how": "none", "start": 0, "end": 3, "surface": "x",
        "concept": "drug:ibuprofen", "label": "ibuprofen", "type": "drug", "assertion": assertion, "experiencer": experiencer, "role": "none", "severity": "unknown",
    }  # fmt: skip


def counted(mentions: pl.DataFrame, niche_posts: pl.DataFrame, told: pl.DataFrame, minimum: int) -> pl.DataFrame:
    return niches(people_telling(tellings(mentions, niche_posts, told)), minimum)


def found(rows: pl.DataFrame) -> dict[tuple[str, str], int | None]:
    return {(treatment, niche): people for treatment, niche, people in rows.select("treatment", "niche", "people").iter_rows()}


def test_reasons_for_stopping_and_no_effect_count_people() -> None:
    told = experiences(stops(5, "cost"), stops(5, "cost"), stops(4, None, start=9), stops(6, None, "no_effect"))
    assert found(counted(Mentions.empty(), NichePosts.empty(), told, 3)) == {
        ("sertraline", "no_effect"): 6, ("sertraline", "stop:cost"): 5, ("sertraline", "stop:not_said"): 4,
    }  # fmt: skip


def test_one_withheld_reason_takes_the_smallest_shown_one_with_it() -> None:
    told = experiences(stops(8, "cost"), stops(4, "side_effect", start=20), stops(2, "fear", start=30))
    rows = counted(Mentions.empty(), NichePosts.empty(), told, 3)
    assert found(rows) == {("sertraline", "stop:cost"): 8, ("sertraline", "stop:side_effect"): None, ("sertraline", "stop:fear"): None}
    assert set(rows["suppressed"]) == {"", "minimum", "complementary"}
    with pytest.raises(SettingsError):
        counted(Mentions.empty(), NichePosts.empty(), told, 1)


def test_a_niche_needs_a_drug_that_is_taken_in_the_same_text() -> None:
    posts = [drug_post(f"p{i}", f"w{i}") for i in range(4)] + [drug_post("q", "v", "other"), drug_post("r", "u", assertion="absent")]
    mentions = Mentions.check(pl.DataFrame(posts, schema={name: Mentions.dtypes()[name] for name in posts[0]}))
    told = [
        ("a", post, author, "pregnancy", DAY, NOW)
        for post, author in [*((f"p{i}", f"w{i}") for i in range(4)), ("q", "v"), ("r", "u"), ("s", "t")]
    ]
    niche = NichePosts.check(pl.DataFrame(told, schema=NichePosts.dtypes(), orient="row"))
    assert found(counted(mentions, niche, Experiences.empty(), 3)) == {("ibuprofen", "pregnancy"): 4}


@pytest.mark.parametrize(
    ("niche", "text", "fits"),
    [
        ("pregnancy", "took ibuprofen while pregnant", True), ("pregnancy", "I'm pregnant and on sertraline", True),
        ("pregnancy", "20 weeks pregnant, still taking it", True), ("pregnancy", "my sister is pregnant", False),
        ("misuse", "I snorted my adderall to get high", True), ("misuse", "took too many of them last night", True),
        ("misuse", "too many people take this", False), ("misuse", "took it as prescribed", False),
    ],
)  # fmt: skip
def test_the_words_of_a_niche(niche: str, text: str, fits: bool) -> None:
    assert bool(re.search(rf"(?i)\b(?:{NICHES[niche]})\b", text)) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("I'm so worried about this vaccine", True), ("honestly I am really scared of it", True), ("this makes me anxious", True), ("I fear it", True),
        ("I'm not worried", False), ("no need to be afraid", False), ("she is worried", False), ("nobody is scared", False), ("it worries me", True),
    ],
)  # fmt: skip
def test_the_words_of_worry(text: str, fits: bool) -> None:
    assert pl.Series([text]).str.contains(WORRY_PATTERN)[0] is fits
