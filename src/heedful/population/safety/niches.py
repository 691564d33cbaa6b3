"""Safety niches: people who tell of a treatment in pregnancy, of misuse, of no effect, and why they stopped; counts, with minimum cells.

These come first because spontaneous systems see them least. They are counts of people who tell, never rates, and never a case about a
person: a public post does not become one. Reports sent to an authority are another kind of telling and are counted apart
(`heedful.population.safety.accounts`).
"""

from __future__ import annotations

import polars as pl

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method

NAMES = {
    "pregnancy": "in pregnancy or breastfeeding", "misuse": "taken otherwise than meant", "no_effect": "no effect", "stop": "stopped",
}  # fmt: skip
NOT_SAID = "not_said"
SCHEMA = {"treatment": pl.String, "niche": pl.String, "people": pl.Int64, "suppressed": pl.String}
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


def niches(mentions: pl.DataFrame, niche_posts: pl.DataFrame, experiences: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows treatment, niche, people (null if withheld), suppressed; most people first.

    Parameters
    ----------
    mentions: rows of `Mentions`: drugs taken (present, of the writer, their partner or child) name the treatment of a niche post.
    niche_posts: of `NichePosts`. experiences: of `Experiences` ('no_effect'; 'stop:reason'). Diaries are left out of all.
    minimum: smallest number of people that is shown. Where one reason for stopping a treatment is withheld, so is the smallest shown one.
    """
    if minimum < 2:
        raise SettingsError(f"niches: a minimum cell of {minimum} would show single people.")
    drugs = mentions.filter(
        (pl.col("source") != "diary") & (pl.col("type") == "drug") & pl.col("assertion").is_in(["present", "historical", "resolved"])
        & pl.col("experiencer").is_in(_COUNTED)
    )  # fmt: skip
    placed = drugs.select("source", "post", treatment="label").join(
        niche_posts.select("source", "post", "author", "niche"), on=["source", "post"]
    )
    told = experiences.filter(pl.col("source") != "diary")
    treatment = pl.when(pl.col("treatment_label") != "").then("treatment_label").otherwise("treatment").alias("treatment")
    reason = pl.when(pl.col("reason").is_null() | (pl.col("reason") == "")).then(pl.lit(NOT_SAID)).otherwise("reason")
    rows = pl.concat(
        [
            placed.select("treatment", "niche", "author"),
            told.filter(pl.col("axis") == "no_effect").select(treatment, pl.lit("no_effect").alias("niche"), "author"),
            told.filter(pl.col("axis") == "stop").select(treatment, pl.format("stop:{}", reason).alias("niche"), "author"),
        ]
    )
    counted = rows.group_by("treatment", "niche").agg(people=pl.col("author").n_unique().cast(pl.Int64))
    judged = counted.with_columns(suppressed=_suppressed(minimum)).sort("people", "treatment", "niche", descending=[True, False, False])
    return judged.select("treatment", "niche", people=pl.when(pl.col("suppressed") == "").then("people"), suppressed="suppressed")


def _suppressed(minimum: int) -> pl.Expr:
    """Reasons for stopping nearly add up to those who stopped, who are shown elsewhere: one withheld reason takes another with it."""
    family = pl.concat_str("treatment", pl.col("niche").str.starts_with("stop:").cast(pl.String))
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
