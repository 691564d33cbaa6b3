"""Copy-paste campaigns: texts too long to coincide that several accounts post as their own.

A group is a chain of near-duplicates (`near_duplicates.groups_of_copies`); reposts are no copies. Long texts are enough by themselves:
nobody else's fifteen words are one's own. Short ones ("I have a headache") coincide among honest people, and count only where the
accounts act at the same moment again and again (`together`).
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.voices.shingles import ShingleSets

LEAST_ACCOUNTS = 3
LEAST_WORDS = 15
"""Of the shortest text that counts by itself."""

_GROUP = ["judged", "group"]

SHORTEST_COPY = 6
"""Words below which texts are not compared at all."""


def campaigns(posts: pl.DataFrame, sets: ShingleSets) -> pl.DataFrame:
    """One row an author and judged day of each campaign: judged, author, campaign, accounts, posts, score, known_at, why.

    Parameters
    ----------
    posts: judged (the day that is judged; a post has a row for each whose window it is in), author, known_at, words, group (number of
        the group of copies within the window; null for what is not compared), today (whether the post is of the judged day), row (of
        `sets`).
    sets: shingles of the texts, by which a campaign is named: the same words have the same name on any day and any site.

    An account is flagged on the days on which it posts a copy. `known_at` is when the third account's copy, and its own, were known.
    """
    long = posts.filter(pl.col("group").is_not_null() & (pl.col("words") >= LEAST_WORDS))
    long = long.filter(pl.len().over(_GROUP) >= LEAST_ACCOUNTS)
    members = long.group_by(*_GROUP, "author").agg(
        known_at=pl.col("known_at").min(), posts=pl.len().cast(pl.Int32), today=pl.col("today").any(), row=pl.col("row").min()
    )
    sizes = members.group_by(_GROUP).agg(
        accounts=pl.len().cast(pl.Int32),
        enough=pl.col("known_at").sort().get(LEAST_ACCOUNTS - 1, null_on_oob=True),
        current=pl.col("today").any(),
    )
    named = sizes.filter((pl.col("accounts") >= LEAST_ACCOUNTS) & pl.col("current"))
    rows = long.join(named.select(_GROUP), on=_GROUP, how="semi").group_by(_GROUP).agg("row").sort(_GROUP)
    names = [campaign_name(sets, np.array(of, np.int64)) for of in rows["row"].to_list()]
    named = named.join(rows.select(*_GROUP, campaign=pl.Series(names, dtype=pl.String)), on=_GROUP)
    found = members.filter("today").join(named, on=_GROUP)
    found = found.sort("judged", "author", "accounts", "campaign", descending=[False, False, True, False])
    return found.unique(["judged", "author"], keep="first", maintain_order=True).select(
        "judged", "author", "campaign", "accounts", "posts",
        score=pl.col("accounts").cast(pl.Float64),
        known_at=pl.max_horizontal("known_at", "enough"),
        why=pl.format("The same words as {} other accounts within two days (campaign {}).", pl.col("accounts") - 1, "campaign"),
    )  # fmt: skip


def campaign_name(sets: ShingleSets, rows: npt.NDArray[np.int64]) -> str:
    """A name made of the words: the smallest shingle of the texts, so that it does not depend on who posted, or in which order."""
    smallest = min(int(sets.shingle[sets.starts[row] : sets.starts[row + 1]].min()) for row in rows)
    return blake2b(smallest.to_bytes(8, "little"), digest_size=5).hexdigest()
