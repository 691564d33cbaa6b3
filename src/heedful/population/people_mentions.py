"""Who said what where on which day: the table between texts and counts, so that a second post or a deletion stays exact and cheap.

A person counts for a concept if at least one text of that day says so of themselves or of their family (`experiencer` self,
family, child, partner or parent) and as a fact now (`assertion` present). News, questions, negated, possible, hypothetical, historical
and resolved mentions, and those about others or nobody in particular, do not count a person as ill; a mention without a code is of no
concept to count. Diaries never enter: they are not public.
"""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.places import Gazetteer, place_levels
from heedful.core.schemas import Mentions, PeopleMentions, Posts

ANY = "any"
"""Stands for having posted at all: the denominator."""

COUNTED_ASSERTIONS = ("present",)
COUNTED_EXPERIENCERS = ("self", "family", "child", "partner", "parent")


@derivation(reads=(Mentions,), writes=PeopleMentions, by=("day", "author"), version=2)
def people_mentions(mentions: Frame[Public, Mentions]) -> Frame[Public, PeopleMentions]:
    """Rows of an author's day by concept, at every level of the place from the world down (see the module for who is counted).

    `posts` are distinct texts; a text that names the concept twice is one. `known_at` is the earliest among the counted texts.
    """
    counted = mentions.data.filter(
        (pl.col("source") != "diary") & (pl.col("concept") != ""),
        pl.col("assertion").is_in(COUNTED_ASSERTIONS) & pl.col("experiencer").is_in(COUNTED_EXPERIENCERS),
    )
    return mentions.derive(PeopleMentions, _by_person(counted.select("day", "author", "concept", "place", "source", "post", "known_at")))


@derivation(reads=(Posts,), writes=PeopleMentions, by=("day", "author"), needs=("gazetteer",), version=1)
def posters(posts: Frame[Public, Posts], *, gazetteer: Gazetteer) -> Frame[Public, PeopleMentions]:
    """Rows of an author's day under the concept 'any': having posted at all, whatever was said; reposts are posts.

    The place is the gazetteer's answer for the declared place and the text, the same by which mentions are placed, so that no
    count exceeds its denominator.
    """
    rows = posts.data
    place = gazetteer.resolve(rows["place_declared"], rows["text"])["place"]
    said = rows.select("day", "author", pl.lit(ANY).alias("concept"), place.alias("place"), "source", "post", "known_at")
    return posts.derive(PeopleMentions, _by_person(said))


def _by_person(texts: pl.DataFrame) -> pl.DataFrame:
    """One row a day, place level, concept and author of texts with source, post and place."""
    # A text that is there once for its concept is counted without being compared with the others.
    once = not texts.select("concept", "source", "post").is_duplicated().any()
    posts = pl.len() if once else pl.struct("source", "post").n_unique()
    return (
        texts.lazy()
        .with_columns(place_levels("place"))
        .explode("place", empty_as_null=False, keep_nulls=False)
        .group_by("day", "place", "concept", "author")
        .agg(posts.cast(pl.Int32).alias("posts"), pl.col("known_at").min())
        .select(*PeopleMentions.columns)
        .sort(PeopleMentions.key)
        .collect()
    )
