"""Consent as data: what is in force for whom, for which purpose, kind of data and instant.

An act is a row of `consents`: a grant covers events from `from_at` on (null: all), until `until_at` (null: open); a withdrawal ends
every grant of its purpose and kinds from the instant at which it was recorded. In force *now* and covering *the event's time* are two
questions, and both must be yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl

from heedful.core.codes import KINDS, NAMED_KINDS
from heedful.core.errors import ConsentError
from heedful.core.labels import PURPOSES
from heedful.core.schemas import INSTANT

_EARLIEST_ZONE = timedelta(hours=14)
"""A day begins nowhere earlier before that of UTC."""


def in_force(consents: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The grants in force at `now`, one row per person, purpose and kind of data.

    Columns: person, purpose, kind, from_at, until_at. A withdrawal of one purpose leaves the others; one of some kinds leaves the rest.
    A grant of ``*`` covers every kind but those that must be named (`NAMED_KINDS`); a withdrawal of ``*`` ends these too.
    """
    granted_by_star = ",".join(kind for kind in KINDS if kind not in NAMED_KINDS)
    star = pl.when(pl.col("act") == "grant").then(pl.lit(granted_by_star)).otherwise(pl.lit(",".join(KINDS)))
    acts = consents.filter(pl.col("recorded_at") <= now).with_columns(
        kind=pl.when(pl.col("kinds") == "*").then(star).otherwise(pl.col("kinds")).str.split(",")
    ).explode("kind")  # fmt: skip
    withdrawn = acts.filter(pl.col("act") == "withdraw").group_by("person", "purpose", "kind").agg(ended_at=pl.col("recorded_at").max())
    granted = acts.filter(pl.col("act") == "grant").join(withdrawn, on=["person", "purpose", "kind"], how="left")
    return granted.filter(
        (pl.col("ended_at").is_null() | (pl.col("recorded_at") > pl.col("ended_at")))
        & (pl.col("until_at").is_null() | (pl.col("until_at") > now))
    ).select("person", "purpose", "kind", "from_at", "until_at")  # fmt: skip


def covered(rows: pl.DataFrame, grants: pl.DataFrame, kind: pl.Expr, at: pl.Expr) -> pl.Series:
    """For each row (with `person`), whether some grant covers its `kind` of data at its instant `at` (a missing instant: any time)."""
    asked = rows.select(pl.col("person"), kind.alias("kind"), at.alias("_at")).with_row_index("_n")
    hits = (
        asked.join(grants, on=["person", "kind"], how="inner")
        .filter(
            (pl.col("from_at").is_null() | pl.col("_at").is_null() | (pl.col("_at") >= pl.col("from_at")))
            & (pl.col("until_at").is_null() | pl.col("_at").is_null() | (pl.col("_at") < pl.col("until_at")))
        )["_n"].unique()
    )  # fmt: skip
    mask = pl.zeros(rows.height, dtype=pl.Int8, eager=True)
    return mask.scatter(hits, 1).cast(pl.Boolean) if hits.len() else mask.cast(pl.Boolean)


def within_named(rows: pl.DataFrame, grants: pl.DataFrame, purpose: str, kinds: Iterable[str]) -> pl.Series:
    """For each derived row (with `person` and `day`), whether grants for `purpose` cover its instant (`written_at`; without one the whole
    day) for each of the kinds among `kinds` that a consent must name (`NAMED_KINDS`); without such kinds, always.

    A day is one of the person's zone, which the row does not tell: it is taken to begin as early as it does anywhere. Other derived rows
    are shown by kind alone: their base rows were asked one by one as they came. These came in public, unasked.
    """
    inside = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    mine = grants.filter(pl.col("purpose") == purpose)
    first = pl.col("day").cast(pl.Datetime("us", "UTC"))
    day = first - _EARLIEST_ZONE, first + pl.duration(days=1) - pl.duration(microseconds=1)
    instants = (pl.col("written_at"),) if "written_at" in rows.columns else day
    for kind in sorted(set(kinds) & set(NAMED_KINDS)):
        whole = mine.filter(pl.col("kind") == kind)
        for at in instants:
            inside = inside & covered(rows, whole, pl.lit(kind), at)
    return inside


def people_with(grants: pl.DataFrame, purpose: str, kinds: Iterable[str]) -> set[str]:
    """People whose grants in force for `purpose` cover every kind in `kinds`."""
    wanted = sorted(set(kinds))
    held = grants.filter((pl.col("purpose") == purpose) & pl.col("kind").is_in(wanted)).group_by("person").agg(n=pl.col("kind").n_unique())
    return set(held.filter(pl.col("n") == len(wanted))["person"].to_list())


def check_act(purpose: str, kinds: str, from_at: datetime | None, until_at: datetime | None) -> None:
    """Raise `ConsentError` for an act that nobody could mean."""
    if purpose not in PURPOSES:
        raise ConsentError(f"There is no purpose {purpose!r}. A consent names one of: {', '.join(PURPOSES)}.")
    unknown = [kind for kind in kinds.split(",") if kind != "*" and kind not in KINDS]
    if unknown:
        raise ConsentError(f"There are no kinds of data {', '.join(unknown)}. Known: {', '.join(KINDS)}, or * for all.")
    if from_at is not None and until_at is not None and until_at <= from_at:
        raise ConsentError(f"The consent would end ({until_at:%Y-%m-%d}) before it begins ({from_at:%Y-%m-%d}).")


EMPTY = pl.DataFrame(schema={"person": pl.String, "purpose": pl.String, "kind": pl.String, "from_at": INSTANT, "until_at": INSTANT})
"""No grant at all, as `in_force` would return it."""
