"""Twelve flows that must not type-check; each wrong line carries the name of its flow. Read by test_flows.py, never imported."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented, Held, Public, PublicHealth, Purpose, Raw, Research
from heedful.core.schemas import BodyDays, Features, LinkedAccounts, Mentions, Observations, OwnPosts, PeopleMentions, Posts
from heedful.trust.doors import disclose, disclose_consented, own_posts_door

P = TypeVar("P", bound=Purpose)


def decide(features: Frame[Consented[Care], Features]) -> None: ...
def care_plan(features: Frame[Consented[Care], Features]) -> None: ...
def mentions(posts: Frame[Public, Posts]) -> None: ...
def of_diary(mentions: Frame[Consented[P], Mentions]) -> None: ...
def activity(rows: Frame[Consented[P], Observations]) -> None: ...
def timeline(posts: Frame[Consented[P], OwnPosts]) -> None: ...
def count(people: pl.DataFrame, minimum: int) -> pl.DataFrame:
    return people.head(minimum)


def wrong(
    public_features: Frame[Public, Features],
    raw_posts: Frame[Raw, Posts],
    raw_mentions: Frame[Raw, PeopleMentions],
    research: Frame[Consented[Research], Features],
    care: Frame[Consented[Care], Features],
    public_mentions: Frame[Public, Mentions],
    care_features: Frame[Consented[Care], Features],
    research_bodies: Frame[Consented[Research], BodyDays],
    people: pl.DataFrame,
    held_bodies: Frame[Consented[Held], BodyDays],
    posts: Frame[Public, Posts],
    public_links: Frame[Public, LinkedAccounts],
    own: Frame[Consented[Care], OwnPosts],
) -> None:
    decide(public_features)  # WRONG: public to a decision about a person
    mentions(raw_posts)  # WRONG: raw to a subject room
    disclose(raw_mentions, count, 5)  # WRONG: raw to counts
    care_plan(research)  # WRONG: research consent to care
    disclose_consented(care, count, 5)  # WRONG: care data to surveillance
    of_diary(public_mentions)  # WRONG: public to consented
    activity(care_features)  # WRONG: the wrong schema
    disclose_consented(research_bodies, count, 5)  # WRONG: research data to surveillance
    disclose_consented(held_bodies, count, 5)  # WRONG: bodies that nobody was asked about to surveillance
    timeline(posts)  # WRONG: an unlinked public post to a person
    own_posts_door(posts, public_links, people)  # WRONG: a link that is nobody's consent
    mentions(own)  # WRONG: a participant's own post back to what is public


def right(
    care: Frame[Consented[Care], Features],
    posts: Frame[Public, Posts],
    people: Frame[Public, PeopleMentions],
    health: Frame[Consented[PublicHealth], Features],
    diary: Frame[Consented[Research], Mentions],
    rows: Frame[Consented[Research], Observations],
    bodies: Frame[Consented[PublicHealth], BodyDays],
    links: Frame[Consented[Held], LinkedAccounts],
    grants: pl.DataFrame,
) -> None:
    decide(care)
    care_plan(care)
    mentions(posts)
    disclose(people, count, 5)
    disclose_consented(health, count, 5)
    disclose_consented(bodies, count, 5)
    of_diary(diary)
    activity(rows)
    timeline(own_posts_door(posts, links, grants))
