"""What people say of claims and treatments, as signals of a person's day: stance, worry, concerns, and what heads read in their texts.

Nothing here is about a person: the rows go to the disclosure door and leave it as people per 100,000. A stance is of a text, by rules; a
concern is the reason somebody gives for stopping, switching or missing a medicine; who worries says so in so many words.
"""

from __future__ import annotations

import polars as pl

from heedful.population.people_mentions import ANY

STANCES = ("spreads", "refutes", "asks", "jokes")
"""Stances that are counted; an unclear one is none."""
WORRY = "worry"
_WORLD = "world"
_SAID = ["day", "author", "signal"]


def said(
    mentions: pl.DataFrame, claims: pl.DataFrame, worries: pl.DataFrame, labels: pl.DataFrame, experiences: pl.DataFrame
) -> pl.DataFrame:
    """Distinct rows day, author, signal of what was said, `ANY` included.

    Parameters
    ----------
    mentions: rows of `PeopleMentions` (their concepts are signals). claims: of `Claims` ('claim:ID:spreads'; with a worry in the same text
    'claim:ID:worries'). worries: of `Worries` ('worry'). labels: of `TextLabels` that are sure ('label:head:label'). experiences: of
    `Experiences` ('concern:reason').
    """
    sure = labels.filter(~pl.col("unsure") & (pl.col("label") != "unfamiliar"))
    reasons = experiences.filter(pl.col("reason").is_not_null() & (pl.col("reason") != "") & (pl.col("source") != "diary"))
    stated = claims.filter(pl.col("stance").is_in(STANCES))
    worried = claims.join(worries.select("source", "post").unique(), on=["source", "post"], how="semi")
    parts = [
        mentions.filter(pl.col("place") == _WORLD).select("day", "author", signal="concept"),
        stated.select("day", "author", signal=pl.format("claim:{}:{}", "claim", "stance")),
        worried.select("day", "author", signal=pl.format("claim:{}:worries", "claim")),
        worries.select("day", "author", signal=pl.lit(WORRY)),
        sure.select("day", "author", signal=pl.format("label:{}:{}", "head", "label")),
        reasons.select("day", "author", signal=pl.format("concern:{}", "reason")),
    ]
    return pl.concat(parts).select(_SAID).unique()


def without(rows: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Rows (day, author, …) less the days of authors who are not counted (`heedful.population.left_out.gone_days`)."""
    return rows.join(gone, on=["day", "author"], how="anti")


LABEL_NAMES = {
    "treatment:ADR": "text read as telling a side effect", "treatment:WD": "text read as telling withdrawal",
    "treatment:EF": "text read as saying that a medicine works", "treatment:INF": "text read as saying that a medicine does not work",
    "treatment:SSI": "text read as telling symptoms of the illness", "treatment:DI": "text read as telling what a medicine is taken for",
}  # fmt: skip
"""PsyTAR's labels in words; a head's answer is a reading, not what the writer has."""


def signal_name(signal: str, claims: dict[str, str]) -> str:
    """A signal of opinion in words; `claims`: text by id. Others are given back as they are.

    >>> signal_name("label:treatment:ADR", {})
    'text read as telling a side effect'
    >>> signal_name("claim:1f:asks", {"1f": "Garlic cures the flu."}), signal_name("concern:cost", {}), signal_name("worry", {})
    ('asks about: Garlic cures the flu.', 'reason given: cost', 'says to worry')
    """
    kind, _, rest = signal.partition(":")
    if kind == "claim":
        claim, _, stance = rest.rpartition(":")
        words = {"asks": "asks about", "jokes": "jokes about", "worries": "worries beside"}.get(stance, stance)
        return f"{words}: {claims.get(claim, claim)}"
    if kind == "concern":
        return f"reason given: {rest.replace('_', ' ')}"
    if kind == "label":
        return LABEL_NAMES.get(rest, f"text read as: {rest.replace(':', ', ').replace('_', ' ')}")
    return "says to worry" if signal == WORRY else signal


__all__ = ["ANY", "STANCES", "WORRY", "said", "signal_name", "without"]
