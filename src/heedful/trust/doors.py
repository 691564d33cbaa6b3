"""The doors at which a label changes: public, consent (in, and for a purpose), disclosure. The decision door is in `intervene`.

Doors are pure: keys, consents and the time are arguments. Each returns what passed and, by reason, how many rows did not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import polars as pl

from heedful.core.codes import CODES, KIND_OF_TABLE
from heedful.core.errors import ConsentError, LabelError, SettingsError
from heedful.core.frames import Frame, checked
from heedful.core.labels import PURPOSES, Aggregate, Consented, Held, Label, Public, PublicHealth, Purpose, Raw
from heedful.core.schemas import Counts, LinkedAccounts, Observations, OwnPosts, PeopleMentions, Posts, Schema, Series, Voices
from heedful.core.seals import seal, unseal
from heedful.trust.consent import covered, people_with, within_named
from heedful.trust.deidentify import deidentify
from heedful.trust.deidentify_documents import deidentify_documents
from heedful.trust.pseudonyms import PseudonymKey

S = TypeVar("S", bound=Schema)
T = TypeVar("T", bound=Schema)
L = TypeVar("L", bound=Label)
P = TypeVar("P", bound=Purpose)

MINIMUM_CELL_FLOOR = 3
"""No setting may show a cell of fewer people than this."""

PROOFS = ("statement", "posted_code")
"""How a participant shows that an account is theirs."""

_IDENTIFYING = r"did:|@|/users?/|^u/"
_DIARY_TEXT = "text"


@dataclass(frozen=True)
class Passed(Generic[L, S]):
    """What went through a door, and what did not, by reason."""

    frame: Frame[L, S]
    refused: dict[str, int] = field(default_factory=dict)


@checked
def public_door(posts: Frame[Raw, Posts], key: PseudonymKey, buried_posts: set[str], buried_authors: set[str]) -> Passed[Public, Posts]:
    """Raw posts in; posts by pseudonym out, identifiers stripped from text, free-text place and unknown fields.

    Ids that contain an account (at://did:…, …/users/…) become pseudonyms too. Posts and authors that were deleted at their source
    stay away: refused as 'deleted at source'.
    """
    _in_space(key, "public")
    rows = unseal(posts).with_columns(
        author=key.names(unseal(posts)["author"]),
        **{name: _hide_ids(unseal(posts)[name], key) for name in ("post", "reply_to", "thread")},
    )
    gone = rows.select(
        pl.concat_str("source", "post", separator="\x1f").is_in(sorted(buried_posts)) | pl.col("author").is_in(sorted(buried_authors))
    ).to_series()
    kept = rows.filter(~gone)
    kept = kept.with_columns(**{name: deidentify(kept[name]) for name in ("text", "place_declared", "extra")})
    return Passed(seal(kept, Public, Posts), _counted({"deleted at source": int(gone.sum())}))


def post_key(source: str, post: str, key: PseudonymKey) -> str:
    """The name under which a post is remembered as deleted."""
    return source + "\x1f" + str(_hide_ids(pl.Series([post]), key)[0])


def _hide_ids(ids: pl.Series, key: PseudonymKey) -> pl.Series:
    telling = ids.str.contains(_IDENTIFYING).fill_null(False)
    if not telling.any():
        return ids
    return pl.select(pl.when(telling).then(key.names(ids)).otherwise(ids)).to_series().rename(ids.name)


@checked
def consent_door(rows: Frame[Raw, S], key: PseudonymKey, grants: pl.DataFrame, erased: set[str]) -> Passed[Consented[Held], S]:
    """Raw rows of participants in; rows by pseudonym out, of people whose consent in force covers the kind of data and the event's time.

    `grants`: of `heedful.trust.consent.in_force`. Refusals: 'erased person', 'no consent in force', 'not covered by consent'.
    """
    _in_space(key, "participant")
    schema = rows.schema
    if schema.stream != "personal":
        raise LabelError(f"The consent door takes tables of participants; {schema.table} is not one.")
    data = unseal(rows).with_columns(person=key.names(unseal(rows)["person"]))
    gone = data.select(pl.col("person").is_in(sorted(erased))).to_series()
    data = data.filter(~gone) if gone.any() else data
    known = data.select(pl.col("person").is_in(grants["person"].unique().to_list())).to_series()
    inside = _covered(data, grants, schema)
    kept = data if inside.all() else data.filter(inside)
    texts = [name for name in ("text", "value_text") if name in schema.columns]
    kept = kept.with_columns(**{name: deidentify(kept[name]) for name in texts if kept[name].null_count() < kept.height})
    if "json" in schema.columns:
        kept = kept.with_columns(deidentify_documents(kept["json"]))
    if "extra" in schema.columns and kept["extra"].null_count() < kept.height:
        # JSON too: as a plain text its long numbers would be taken for telephone numbers, and what is left would be no JSON.
        told = kept["extra"].drop_nulls().unique(maintain_order=True)
        kept = kept.with_columns(extra=kept["extra"].replace(told, deidentify_documents(told)))
    refused = {
        "erased person": int(gone.sum()),
        "no consent in force": int((~known).sum()),
        "not covered by consent": int((known & ~inside).sum()),
    }
    return Passed(seal(kept, Consented[Held], schema), _counted(refused))


@checked
def link_door(
    links: Frame[Raw, LinkedAccounts], person_key: PseudonymKey, author_key: PseudonymKey, grants: pl.DataFrame, erased: set[str]
) -> Passed[Consented[Held], LinkedAccounts]:
    """Accounts that participants call theirs in, by the pseudonyms of both spaces out; of people who consented, by name, to own posts.

    Refusals: 'erased person', 'no consent that names own posts', 'no proof stated'. This is the only door that is given both keys.
    """
    _in_space(person_key, "participant")
    _in_space(author_key, "public")
    raw = unseal(links)
    data = raw.with_columns(person=person_key.names(raw["person"]), author=author_key.names(raw["author"]))
    gone = data.select(pl.col("person").is_in(sorted(erased))).to_series()
    agreed = grants.filter(pl.col("kind") == KIND_OF_TABLE["linked_accounts"])["person"].unique().to_list()
    willing = data.select(pl.col("person").is_in(agreed)).to_series()
    stated = (
        pl.col("proof").is_in(PROOFS) & (pl.col("proof_by").str.strip_chars() != "") & (pl.col("proof_reference").str.strip_chars() != "")
    )
    shown = data.select(stated.fill_null(value=False)).to_series()
    refused = {
        "erased person": int(gone.sum()),
        "no consent that names own posts": int((~gone & ~willing).sum()),
        "no proof stated": int((~gone & willing & ~shown).sum()),
    }
    return Passed(seal(data.filter(~gone & willing & shown), Consented[Held], LinkedAccounts), _counted(refused))


@checked
def own_posts_door(
    posts: Frame[Public, Posts], links: Frame[Consented[P], LinkedAccounts], grants: pl.DataFrame
) -> Frame[Consented[P], OwnPosts]:
    """Public posts in, those that a participant linked and consented to out: the only way from what is public to a person.

    A post passes if its source and author are a linked account of one participant (an account that two claim is nobody's), if some grant of
    that participant's covers own posts at the instant of posting, and if the account wrote it itself (no reposts). `grants`: in force now.
    """
    one = links.data.filter(pl.col("person").n_unique().over("source", "author") == 1)
    mine = posts.data.filter(pl.col("kind") != "repost").join(
        one.select("person", "source", "author", "zone", linked_at="known_at"), on=["source", "author"], how="inner"
    )
    inside = mine.filter(covered(mine, grants, pl.lit(KIND_OF_TABLE["linked_accounts"]), pl.col("posted_at")))
    dated = inside.with_columns(_local_day(inside), written_at=pl.col("posted_at"), known_at=pl.max_horizontal("known_at", "linked_at"))
    return links.derive(OwnPosts, dated.select(*OwnPosts.columns).sort(OwnPosts.key))


def _local_day(rows: pl.DataFrame) -> pl.Expr:
    """The day of `posted_at` in each row's zone; the UTC day where none is given."""
    day = pl.col("posted_at").dt.date()
    for zone in rows["zone"].drop_nulls().unique().sort():
        day = pl.when(pl.col("zone") == zone).then(pl.col("posted_at").dt.convert_time_zone(zone).dt.date()).otherwise(day)
    return day.alias("day")


@checked
def for_purpose(
    rows: Frame[Consented[Held], S], purpose: type[P], grants: pl.DataFrame, kinds: set[str] | None = None
) -> Frame[Consented[P], S]:
    """The rows that `purpose` may see now: of people whose grants in force for it cover every kind of data that went in.

    `kinds`: the kinds behind derived rows; base rows are asked one by one, at their own kind and time.
    """
    name = next((name for name, known in PURPOSES.items() if known is purpose), None)
    if name is None:
        raise ConsentError(f"{purpose.__name__} is not a purpose that anybody can consent to; use Care, Research or PublicHealth.")
    data, schema = rows.data, rows.schema
    if data.is_empty():
        kept = data
    elif kinds is None:
        kept = data.filter(_covered(data, grants.filter(pl.col("purpose") == name), schema))
    else:
        who = "person" if "person" in data.columns else "author"  # what a diary says names its writer as a post's author is named
        kept = data.filter(pl.col(who).is_in(sorted(people_with(grants, name, kinds))))
        if "person" in data.columns and "day" in data.columns:
            kept = kept.filter(within_named(kept, grants, name, kinds))
    return seal(kept, Consented[purpose], schema)  # type: ignore[valid-type]


@checked
def issued_series(rows: Frame[Raw, Series]) -> Frame[Aggregate, Series]:
    """Official counts are aggregates by their issuer's own disclosure rules; they hold no person."""
    return seal(unseal(rows), Aggregate, Series)


@checked
def disclose(
    people: Frame[Public, PeopleMentions], count: Callable[[pl.DataFrame, int], pl.DataFrame], minimum: int
) -> Frame[Aggregate, Counts]:
    """Public mentions by author in, counts of people out: no cell below `minimum`, and none that subtraction would give away.

    `count` is the arithmetic (`heedful.population.counts`). Raises `SettingsError` if `minimum` is below the floor.
    """
    check_minimum(minimum)
    return seal(_no_small_cell(count(people.data, minimum), minimum), Aggregate, Counts)


@checked
def disclose_beside(
    people: Frame[Public, PeopleMentions],
    voices: Frame[Public, Voices],
    count: Callable[[pl.DataFrame, pl.DataFrame, int], pl.DataFrame],
    minimum: int,
    schema: type[S],
) -> Frame[Aggregate, S]:
    """As `disclose`, with the flags of the people's days: counts of those who stay, or of those who are left out. Refuses likewise."""
    check_minimum(minimum)
    return seal(_no_small_cell(count(people.data, voices.data, minimum), minimum), Aggregate, schema)


def _no_small_cell(counts: pl.DataFrame, minimum: int) -> pl.DataFrame:
    shown = counts.filter((pl.col("suppressed") == "") & (pl.col("people") < minimum))
    if shown.height:
        raise LabelError(f"{shown.height} cells of fewer than {minimum} people would have been shown; nothing was.")
    return counts


@checked
def disclose_consented(
    features: Frame[Consented[PublicHealth], S], count: Callable[[pl.DataFrame, int], pl.DataFrame], minimum: int
) -> Frame[Aggregate, Counts]:
    """Rows of participants who agreed to public-health use in, counts out; care and research data do not type-check here."""
    return disclose_figures(features, count, minimum, Counts)


@checked
def disclose_figures(
    rows: Frame[Consented[PublicHealth], S], figure: Callable[[pl.DataFrame, int], pl.DataFrame], minimum: int, schema: type[T]
) -> Frame[Aggregate, T]:
    """As `disclose_consented`, for figures over people (means, spreads) that stand beside how many people are behind them."""
    check_minimum(minimum)
    return seal(_no_small_cell(figure(rows.data, minimum), minimum), Aggregate, schema)


def check_minimum(minimum: int) -> None:
    """Raise `SettingsError` for an unsafe minimum cell."""
    if minimum < MINIMUM_CELL_FLOOR:
        raise SettingsError(
            f"minimum_cell = {minimum} would show counts of so few people that they can be recognised. Use {MINIMUM_CELL_FLOOR} or more."
        )


def kind_of_rows(schema: type[Schema]) -> pl.Expr:
    """The kind of data of each row of a base table."""
    if schema is Observations:
        names = {name: code.kind for name, code in CODES.items()}
        return pl.col("code").replace_strict(names, default="body", return_dtype=pl.String)
    return pl.lit(KIND_OF_TABLE.get(schema.table, "body"))


def _covered(data: pl.DataFrame, grants: pl.DataFrame, schema: type[Schema]) -> pl.Series:
    """`covered`, asked once for all rows of a person and kind where one grant reaches from the first instant to the last."""
    of_kind = ["person", *(["code"] if schema is Observations else [])]
    at = event_time(schema).alias("at")
    groups = data.group_by(of_kind).agg(first=at.min(), last=at.max()).with_columns(kind=kind_of_rows(schema))
    whole = groups.join(grants, on=["person", "kind"], how="inner").filter(
        (pl.col("from_at").is_null() | pl.col("first").is_null() | (pl.col("first") >= pl.col("from_at")))
        & (pl.col("until_at").is_null() | pl.col("last").is_null() | (pl.col("last") < pl.col("until_at")))
    )
    if whole.select(of_kind).n_unique() == groups.height:
        return pl.repeat(True, data.height, dtype=pl.Boolean, eager=True)
    return covered(data, grants, kind_of_rows(schema), event_time(schema))


def event_time(schema: type[Schema]) -> pl.Expr:
    """When the thing of each row happened; null where the table keeps no such time."""
    for name in ("start_at", "written_at", "asked_at", "happened_at"):
        if name in schema.columns:
            return pl.col(name)
    if "day" in schema.columns:
        return pl.col("day").cast(pl.Datetime("us", "UTC"))
    return pl.lit(None, dtype=pl.Datetime("us", "UTC"))


def _in_space(key: PseudonymKey, space: str) -> None:
    if key.space != space:
        raise LabelError(
            f"This door names people in the {space} space and was given the key of the {key.space} space: the two are never joined."
        )


def _counted(refused: dict[str, Any]) -> dict[str, int]:
    return {reason: int(count) for reason, count in refused.items() if count}
