"""Safety niches: people who tell of a treatment in pregnancy, of misuse, of no effect, and why they stopped; counts, with minimum cells.

These come first because spontaneous systems see them least. They are counts of people who tell, never rates, and never a case about a
person: a public post does not become one. Reports sent to an authority are another kind of telling and are counted apart
(`heedful.population.safety.accounts`).
"""

from __future__ import annotations

import polars as pl

from heedful.core.derivations import derivation
from heedful.core.errors import SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Experiences, Mentions, NichePosts, Niches, NicheTellings, PeopleMentions

NAMES = {
    "pregnancy": "in pregnancy or breastfeeding", "misuse": "taken otherwise than meant", "no_effect": "no effect", "stop": "stopped",
}  # fmt: skip
NOT_SAID = "not_said"
_BETWEEN = "\x1f"
_COUNTED = ("self", "partner", "child")

CARD = Card(
    name="safety.niches",
    definition="Distinct people who tell of a treatment in pregnancy, of misuse, of no effect, and of each reason for stopping.",
    units="{people}",
    reference="EMA GVP module VI (rev 2) B.6.1-B.6.4: pregnancy, misuse, lack of efficacy are special situations",
    equals="",
    limits="English words for pregnancy and misuse, and a drug in the same text: who is pregnant, and which of its drugs is meant, is "
    "not told apart. Counts say what is told, not how often it happens.",
)
METHODS.add(CARD.name, Method(CARD))


@derivation(reads=(Mentions, NichePosts, Experiences), writes=NicheTellings, by=("source", "post"), version=1)
def niche_tellings(
    mentions: Frame[Public, Mentions], niche_posts: Frame[Public, NichePosts], experiences: Frame[Public, Experiences]
) -> Frame[Public, NicheTellings]:
    """Which public posts tell of a treatment in a niche: pregnancy or misuse beside a drug taken, no effect, or why it was stopped."""
    return mentions.derive(NicheTellings, tellings(mentions.data, niche_posts.data, experiences.data))


def tellings(mentions: pl.DataFrame, niche_posts: pl.DataFrame, experiences: pl.DataFrame) -> pl.DataFrame:
    """Rows of `NicheTellings`.

    Parameters
    ----------
    mentions: rows of `Mentions`: drugs taken (present, of the writer, their partner or child) name the treatment of a niche post.
    niche_posts: of `NichePosts`. experiences: of `Experiences` ('no_effect'; 'stop:reason'). Diaries are left out of all.
    """
    drugs = mentions.filter(
        (pl.col("source") != "diary") & (pl.col("type") == "drug") & pl.col("assertion").is_in(["present", "historical", "resolved"])
        & pl.col("experiencer").is_in(_COUNTED)
    )  # fmt: skip
    placed = drugs.select("source", "post", treatment="label").join(niche_posts, on=["source", "post"])
    told = experiences.filter(pl.col("source") != "diary").with_columns(
        treatment=pl.when(pl.col("treatment_label") != "").then("treatment_label").otherwise("treatment")
    )
    reason = pl.when(pl.col("reason").is_null() | (pl.col("reason") == "")).then(pl.lit(NOT_SAID)).otherwise("reason")
    columns = list(NicheTellings.columns)
    rows = pl.concat(
        [
            placed.select(columns),
            told.filter(pl.col("axis") == "no_effect").with_columns(niche=pl.lit("no_effect")).select(columns),
            told.filter(pl.col("axis") == "stop").with_columns(niche=pl.format("stop:{}", reason)).select(columns),
        ]
    )
    return NicheTellings.check(rows.unique(NicheTellings.key).sort(NicheTellings.key))


def people_telling(told: pl.DataFrame) -> pl.DataFrame:
    """Rows of `NicheTellings` as rows of `PeopleMentions`, as the disclosure door takes them: treatment and niche are the concept."""
    named = told.select("day", "author", "known_at", concept=pl.concat_str("treatment", "niche", separator=_BETWEEN), place=pl.lit("world"))
    rows = named.group_by("day", "place", "concept", "author").agg(posts=pl.len().cast(pl.Int32), known_at=pl.col("known_at").min())
    return rows.select(*PeopleMentions.columns)


def niches(people: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows of `Niches` by calendar year from rows of `people_telling`; most people first.

    minimum: smallest number of people that is shown. Where one reason for stopping a treatment is withheld, so is the smallest shown one.
    """
    if minimum < 2:
        raise SettingsError(f"niches: a minimum cell of {minimum} would show single people.")
    parts = pl.col("concept").str.splitn(_BETWEEN, 2)
    told = people.with_columns(treatment=parts.struct.field("field_0"), niche=parts.struct.field("field_1"))
    counted = told.group_by("treatment", "niche", pl.col("day").dt.truncate("1y")).agg(people=pl.col("author").n_unique().cast(pl.Int64))
    judged = counted.with_columns(suppressed=_suppressed(minimum)).sort(
        "day", "people", "treatment", "niche", descending=[True, True, False, False]
    )
    shown = pl.col("suppressed") == ""
    said = pl.format("{} people told of it in {}: what is told, not how often it happens.", "people", pl.col("day").dt.year())
    hidden = pl.lit("Withheld to protect the few people behind it, or behind another reason for stopping.")
    return Niches.check(
        judged.with_columns(people=pl.when(shown).then("people"), why=pl.when(shown).then(said).otherwise(hidden)).select(*Niches.columns)
    )


def _suppressed(minimum: int) -> pl.Expr:
    """Reasons for stopping nearly add up to those who stopped, who are shown elsewhere: one withheld reason takes another with it."""
    family = pl.concat_str("treatment", pl.col("day").cast(pl.String), pl.col("niche").str.starts_with("stop:").cast(pl.String))
    small = pl.col("people") < minimum
    stop = pl.col("niche").str.starts_with("stop:")
    alone = stop & ~small & (small.sum().over(family) == 1)
    rank = pl.when(~small).then(pl.struct("people", "niche")).rank("ordinal").over(family)
    return pl.when(small).then(pl.lit("minimum")).when(alone & (rank == 1)).then(pl.lit("complementary")).otherwise(pl.lit(""))


def niche_name(niche: str) -> str:
    """A niche in words.

    >>> niche_name("stop:side_effect"), niche_name("misuse"), niche_name("stop:not_said")
    ('stopped: side effect', 'taken otherwise than meant', 'stopped, no reason given')
    """
    kind, _, reason = niche.partition(":")
    if reason == NOT_SAID:
        return f"{NAMES[kind]}, no reason given"
    return f"{NAMES[kind]}: {reason.replace('_', ' ')}" if reason else NAMES[kind]
