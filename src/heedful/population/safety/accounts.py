"""Accounts: what one person told of one treatment, however often, and how many accounts tell of each effect.

The unit of all counts is the *account*: one person and one drug. Ten posts about the same effect are one account of it, and an account of
several effects counts once for each. So every drug and effect has an exact fourfold table: accounts of the drug with and without the
effect, accounts of all other drugs with and without it.

Accounts told in public and reports sent to an authority or a clinic differ in who tells and why, and the same person may have done
both under names that must not be linked: they are different `kind`s, counted apart and never added.

A campaign (the same words from several people on one drug and effect) is one account: its first teller's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import METHODS, Card, Method

SOCIAL, SPONTANEOUS = "social", "spontaneous"
_KEY = ["kind", "drug", "effect"]

CARD = Card(
    name="safety.accounts",
    definition="Accounts (one person and one drug, repeats and campaigns taken once) by drug and effect, with the count expected if "
    "telling of the effect did not depend on the drug, within declared strata.",
    units="{account}",
    reference="DuMouchel 1999, Am Stat 53:177-190 (stratified expectation)",
    equals="R openEBGM processRaw (N, E) where each report names one product",
    limits="A drug that nobody tells of is not there; who tells is not who takes. Repeats of a person under two names are not seen.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Accounts:
    """`pairs`: one row for each kind, drug and effect told of at least once, with columns kind, drug, effect, observed, drug_total,
    effect_total, total (accounts), expected (within strata). `repeats`, `campaigns`: rows that were taken into an earlier one."""

    pairs: pl.DataFrame
    repeats: int
    campaigns: int


def count_accounts(experiences: pl.DataFrame, social_sources: Collection[str]) -> Accounts:
    """Count accounts by drug and effect.

    Parameters
    ----------
    experiences: rows person, drug, effect, source (strings; an empty effect is an account of the drug in which no effect is told); and
        where known `day` (date), `stratum` (as declared by the person, one for each person), `fingerprint` (of the wording: rows of
        several people with the same one are a campaign; empty or missing is none).
    social_sources: sources whose rows are public posts; all others are spontaneous reports.

    Errors: `SchemaError` for an absent column, a missing person, drug or source, or a person with two strata; `SettingsError` if
    `social_sources` names one that is a single string.

    >>> told = pl.DataFrame({"person": ["a", "a", "b", "c"], "drug": ["x", "x", "x", "y"], "effect": ["rash", "rash", "", "rash"],
    ...                      "source": ["forum"] * 4})
    >>> count_accounts(told, {"forum"}).pairs.select("drug", "observed", "drug_total", "effect_total", "total").rows()
    [('x', 1, 2, 2, 3), ('y', 1, 1, 2, 3)]
    """
    rows = _checked(experiences, social_sources)
    first, campaigns = _without_campaigns(rows)
    told = first.unique(["kind", "person", "drug", "effect"], keep="first", maintain_order=True)
    return Accounts(_pairs(told), first.height - told.height, campaigns)


def _checked(experiences: pl.DataFrame, social_sources: Collection[str]) -> pl.DataFrame:
    """Rows in a fixed order, with kind, stratum and fingerprint."""
    if isinstance(social_sources, str):
        raise SettingsError(f"The social sources are a collection of names; give {{{social_sources!r}}}.")
    absent = [name for name in ("person", "drug", "effect", "source") if name not in experiences.columns]
    if absent:
        raise SchemaError(f"Experiences need the columns person, drug, effect, source; {', '.join(absent)} is not there.")
    rows = experiences.with_columns(
        [pl.lit("").alias(name) for name in ("stratum", "fingerprint") if name not in experiences.columns]
        + ([] if "day" in experiences.columns else [pl.lit(None, dtype=pl.Date).alias("day")])
    ).with_columns(
        pl.col("effect", "stratum", "fingerprint").fill_null(""),
        pl.when(pl.col("source").is_in(list(social_sources))).then(pl.lit(SOCIAL)).otherwise(pl.lit(SPONTANEOUS)).alias("kind"),
    )
    for name in ("person", "drug", "source"):
        lacking = rows.select((pl.col(name).is_null() | (pl.col(name) == "")).sum()).item()
        if lacking:
            raise SchemaError(f"{lacking} of {rows.height} experiences have no {name}: nobody can say whose account of what they are.")
    torn = rows.group_by("kind", "person").agg(pl.col("stratum").n_unique()).filter(pl.col("stratum") > 1).height
    if torn:
        raise SchemaError(f"{torn} people stand in two strata. Give each person one, as it was declared, or leave the column out.")
    return rows.sort("kind", "day", "person", "drug", "effect", "source", "fingerprint", nulls_last=True)


def _without_campaigns(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Rows without those that say in the same words what somebody else said before, and how many those were."""
    same = [*_KEY, "fingerprint"]
    copied = (pl.col("fingerprint") != "") & (pl.col("person") != pl.col("person").first().over(same))
    kept = rows.filter(~copied)
    return kept, rows.height - kept.height


def _pairs(told: pl.DataFrame) -> pl.DataFrame:
    """Totals and expectation of each drug and effect."""
    accounts = told.unique(["kind", "person", "drug"])
    effects = told.filter(pl.col("effect") != "")
    counts = effects.group_by(_KEY).agg(pl.len().alias("observed"))
    drugs = accounts.group_by("kind", "drug").agg(pl.len().alias("drug_total"))
    tellings = effects.group_by("kind", "effect").agg(pl.len().alias("effect_total"))
    everything = accounts.group_by("kind").agg(pl.len().alias("total"))
    within = ["kind", "stratum"]
    expected = (
        counts.join(accounts.group_by(*within, "drug").agg(pl.len().alias("n_drug")), on=["kind", "drug"])
        .join(effects.group_by(*within, "effect").agg(pl.len().alias("n_effect")), on=[*within, "effect"])
        .join(accounts.group_by(within).agg(pl.len().alias("n")), on=within)
        .group_by(_KEY)
        .agg((pl.col("n_drug") * pl.col("n_effect") / pl.col("n")).sort().sum().alias("expected"))
    )
    return (
        counts.join(drugs, on=["kind", "drug"]).join(tellings, on=["kind", "effect"]).join(everything, on="kind").join(expected, on=_KEY)
        .select(*_KEY, pl.col("observed", "drug_total", "effect_total", "total").cast(pl.Int64), "expected").sort(_KEY)
    )  # fmt: skip
