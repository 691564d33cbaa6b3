"""Who counts as a person who said something where, and that a second post does not count twice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from heedful.core.errors import LabelError
from heedful.core.labels import Aggregate, Public
from heedful.core.schemas import Mentions, PeopleMentions, Posts
from heedful.core.seals import seal
from heedful.population.people_mentions import people_mentions, posters

DAY = date(2026, 1, 5)


def mentions(*rows: dict[str, object]) -> pl.DataFrame:
    base = {
        "source": "forum", "author": "a", "day": DAY, "known_at": datetime(2026, 1, 6, tzinfo=UTC), "place": "US/NY",
        "place_how": "declared", "start": 0, "end": 4, "surface": "ache", "concept": "HP:1", "label": "Ache", "type": "symptom",
        "assertion": "present", "experiencer": "self", "role": "none", "severity": "unknown",
    }  # fmt: skip
    return Mentions.check(pl.DataFrame([{**base, **row} for row in rows], schema_overrides={"start": pl.Int32, "end": pl.Int32}))


def counted(*rows: dict[str, object]) -> list[tuple[object, ...]]:
    data = people_mentions(seal(mentions(*rows), Public, Mentions)).data
    return data.select("place", "concept", "author", "posts").rows()


def test_a_mention_counts_at_every_level_of_its_place() -> None:
    assert counted({"post": "1", "place": "US/NY/5"}) == [(place, "HP:1", "a", 1) for place in ("US", "US/NY", "US/NY/5", "world")]


def test_a_second_post_is_a_post_and_no_second_person_and_a_second_mention_is_neither() -> None:
    found = counted({"post": "1", "place": ""}, {"post": "1", "start": 9, "place": ""}, {"post": "2", "place": ""})
    assert found == [("world", "HP:1", "a", 2)]


@pytest.mark.parametrize("assertion", ["absent", "possible", "hypothetical", "historical", "question", "resolved"])
def test_what_is_not_said_to_be_so_counts_nobody(assertion: str) -> None:
    assert counted({"post": "1", "assertion": assertion}) == []


@pytest.mark.parametrize(("experiencer", "people"), [("self", 1), ("family", 1), ("other", 0), ("generic", 0)])
def test_only_oneself_and_family_are_counted(experiencer: str, people: int) -> None:
    assert len(counted({"post": "1", "experiencer": experiencer, "place": ""})) == people


def test_a_diary_is_not_public_talk() -> None:
    assert counted({"post": "1", "source": "diary"}) == []


def test_known_since_the_first_of_the_posts() -> None:
    early, late = datetime(2026, 1, 5, 3, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC)
    frame = seal(mentions({"post": "2", "known_at": late, "place": ""}, {"post": "1", "known_at": early, "place": ""}), Public, Mentions)
    assert people_mentions(frame).data["known_at"].to_list() == [early]


class Towns:
    """A gazetteer of two declared places; else a place named in the text."""

    fingerprint = "two towns"

    def resolve(self, declared: pl.Series, text: pl.Series) -> pl.DataFrame:
        known = {"New York": "US/NY", "Berlin": "DE/BE"}
        found = [
            known.get(d or "", next((code for name, code in known.items() if name in (t or "")), ""))
            for d, t in zip(declared, text, strict=True)
        ]
        return pl.DataFrame(
            {"place": found, "place_how": ["declared" if f else "none" for f in found]}, schema={"place": pl.String, "place_how": pl.String}
        )


def posts(*rows: dict[str, object]) -> pl.DataFrame:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    base = {"source": "forum", "author": "a", "day": DAY, "posted_at": at, "known_at": at, "text": "", "kind": "post", "synthetic": True}
    return Posts.check(pl.DataFrame([{**base, **row} for row in rows]))


def test_having_posted_at_all_is_counted_where_the_gazetteer_places_it() -> None:
    frame = seal(posts({"post": "1", "place_declared": "New York"}, {"post": "2", "text": "in Berlin"}, {"post": "3"}), Public, Posts)
    found = posters(frame, gazetteer=Towns()).data
    assert found.select("place", "concept", "posts").rows() == [
        ("DE", "any", 1), ("DE/BE", "any", 1), ("US", "any", 1), ("US/NY", "any", 1), ("world", "any", 3),
    ]  # fmt: skip


def test_empty_in_empty_out() -> None:
    assert people_mentions(seal(Mentions.empty(), Public, Mentions)).data.equals(PeopleMentions.empty())
    assert posters(seal(Posts.empty(), Public, Posts), gazetteer=Towns()).data.equals(PeopleMentions.empty())


def test_rows_of_another_label_are_refused() -> None:
    with pytest.raises(LabelError):
        people_mentions(seal(Mentions.empty(), Aggregate, Mentions))
