"""Accounts that act together: they pass on or copy the same things within a minute of each other, more often than chance has it.

`co_sharing` gives each pair of accounts a p-value under a null model in which the times of each thing are dealt anew among its sharers;
a pair counts where it met over at least two different things and its q over all pairs that could have met is small. Networks are chains
of such pairs. What so many share at once that the pairs would not fit in memory says nothing about any two of them, and is left out.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl
from scipy import sparse

from heedful.language.voices.co_sharing import Shares, co_sharing_network, near_counts

WINDOW_SECONDS = 60.0
LEAST_OBJECTS = 2
Q_LIMIT = 0.01
MOST_PAIRS = 2_000_000
"""Pairs of shares near in time; things are left out from the one with most pairs on until so many remain."""


def acting_together(shares: pl.DataFrame, today: pl.Expr) -> pl.DataFrame:
    """One row an author of a network who shared something on the judged day: author, campaign, accounts, posts, score, p, q, known_at, why.

    shares: author, object (any text), source, post, posted_at, known_at. today: true of shares on the judged day.
    """
    rows = shares.unique(["author", "object", "source", "post"]).sort("object", "posted_at", "author", "source", "post")
    if rows.height < 2:
        return _NOBODY
    numbers = {name: rows[name].rank("dense").cast(pl.Int64).to_numpy() - 1 for name in ("author", "object")}
    post = rows.select(pl.struct("source", "post").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    seconds = rows["posted_at"].dt.epoch("us").to_numpy() / 1e6
    near = near_counts(numbers["object"], seconds, WINDOW_SECONDS)
    order = np.argsort(near, kind="stable")
    allowed = np.zeros(len(near), np.bool_)
    allowed[order[np.cumsum(near[order]) <= MOST_PAIRS]] = True
    kept = np.flatnonzero(allowed[numbers["object"]])
    found = co_sharing_network(
        Shares(numbers["author"][kept], numbers["object"][kept], post[kept], seconds[kept]), window=WINDOW_SECONDS, most_pairs=MOST_PAIRS
    )
    told = np.flatnonzero((found.objects >= LEAST_OBJECTS) & (found.timing_q <= Q_LIMIT))
    if not told.size:
        return _NOBODY
    names = rows["author"].unique().sort()
    shape = (len(names), len(names))
    graph = sparse.coo_array((np.ones(told.size), (found.first[told], found.second[told])), shape=shape)
    _, network = sparse.csgraph.connected_components(graph, directed=False)
    ends = np.concatenate([found.first[told], found.second[told]])
    edges = pl.DataFrame({
        "author": names.gather(ends), "network": network[ends], "objects": np.tile(found.objects[told], 2),
        "p": np.tile(found.timing[told], 2), "q": np.tile(found.timing_q[told], 2),
    })  # fmt: skip
    members = edges.group_by("author", "network").agg(pl.col("objects").max(), pl.col("p").min(), pl.col("q").min(), pairs=pl.len())
    networks = members.group_by("network").agg(accounts=pl.len().cast(pl.Int32), first=pl.col("author").min())
    ids = [blake2b(author.encode(), digest_size=5).hexdigest() for author in networks["first"].to_list()]
    members = members.join(networks.with_columns(campaign=pl.Series(ids, dtype=pl.String)), on="network")
    mine = rows.group_by("author").agg(posts=pl.len().cast(pl.Int32), today=today.any(), known_at=pl.col("known_at").max())
    return (
        members.join(mine.filter("today"), on="author")
        .select(
            "author", "campaign", "accounts", "posts", score=pl.col("objects").cast(pl.Float64), p="p", q="q", known_at="known_at",
            why=pl.format(
                "Shared {} things within a minute of another account; by chance that happens with p {} (q {}; {} accounts act together).",
                "objects", _small("p"), _small("q"), "accounts",
            ),
        )
        .sort("author")
    )  # fmt: skip


_NOBODY = pl.DataFrame(schema={
    "author": pl.String, "campaign": pl.String, "accounts": pl.Int32, "posts": pl.Int32, "score": pl.Float64, "p": pl.Float64,
    "q": pl.Float64, "known_at": pl.Datetime("us", "UTC"), "why": pl.String,
})  # fmt: skip


def _small(name: str) -> pl.Expr:
    return pl.when(pl.col(name) < 1e-4).then(pl.lit("< 0.0001")).otherwise(pl.format("= {}", pl.col(name).round_sig_figs(2)))
