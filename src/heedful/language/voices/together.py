"""Accounts that act together: they pass on or copy the same things within a minute of each other, more often than chance has it.

`co_sharing` gives each pair of accounts a p-value under a null model in which the times of each thing are dealt anew among its sharers;
a pair counts where it met over at least two different things and its q over all pairs that could have met is small. Networks are chains
of such pairs. What so many share at once that the pairs would not fit in memory says nothing about any two of them, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from heedful.language.voices.co_sharing import Shares, co_sharing_network, near_counts, near_ends

WINDOW_SECONDS = 60.0
LEAST_OBJECTS = 2
Q_LIMIT = 0.01
MOST_PAIRS = 2_000_000
"""Pairs of shares near in time; things are left out from the one with most pairs on until so many remain."""


def acting_together(shares: pl.DataFrame, today: pl.Expr) -> pl.DataFrame:
    """One row an author of a network who shared something on a judged day: judged, author, campaign, accounts, posts, score, p, q,
    known_at, why.

    shares: judged (the day that is judged; each is a network of its own), author, object (any text), source, post, posted_at, known_at.
    today: true of shares on the judged day.
    """
    each = shares.unique(["judged", "author", "object", "source", "post"])
    return pl.concat([_NOBODY, *(_acting_together(rows, today) for rows in _met_twice(each))])


def _met_twice(shares: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The shares of each judged day on which two accounts met over things enough: on the others there is nothing to test."""
    rows = shares.sort("judged", "object", "posted_at", "author", "source", "post")
    if rows.height < 2:
        return
    thing = rows.select(pl.struct("judged", "object").rle_id().cast(pl.Int64)).to_series().to_numpy()
    account = rows["author"].rank("dense").cast(pl.Int64).to_numpy()
    near = near_ends(thing, _seconds(rows), WINDOW_SECONDS) - np.arange(rows.height) - 1
    begins = np.flatnonzero((rows["judged"] != rows["judged"].shift(1)).fill_null(value=True).to_numpy())
    for begin, end in pairwise([*begins.tolist(), rows.height]):
        some = near[begin:end]
        if some.sum() > MOST_PAIRS or _meetings(account[begin:end], thing[begin:end], some) >= LEAST_OBJECTS:
            yield rows[begin:end]


def _meetings(account: npt.NDArray[np.int64], thing: npt.NDArray[np.int64], near: npt.NDArray[np.int64]) -> int:
    """The most things over which two accounts met; `near` of the rows after each are within its window."""
    earlier = np.repeat(np.arange(len(near)), near)
    later = earlier + 1 + np.arange(len(earlier)) - np.repeat(np.cumsum(near) - near, near)
    a, b = account[earlier], account[later]
    pairs = np.stack([np.minimum(a, b), np.maximum(a, b), thing[earlier]], axis=1)[a != b]
    if not len(pairs):
        return 0
    met = np.unique(pairs, axis=0)
    return int(np.unique(met[:, :2], axis=0, return_counts=True)[1].max())


def _seconds(rows: pl.DataFrame) -> npt.NDArray[np.float64]:
    return np.asarray(rows["posted_at"].dt.epoch("us").to_numpy() / 1e6, np.float64)


def _acting_together(rows: pl.DataFrame, today: pl.Expr) -> pl.DataFrame:
    """`acting_together` of one judged day; rows in order of object and time."""
    numbers = {name: rows[name].rank("dense").cast(pl.Int64).to_numpy() - 1 for name in ("author", "object")}
    post = rows.select(pl.struct("source", "post").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    seconds = _seconds(rows)
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
            pl.lit(rows["judged"][0]).alias("judged"),
            "author", "campaign", "accounts", "posts", score=pl.col("objects").cast(pl.Float64), p="p", q="q", known_at="known_at",
            why=pl.format(
                "Shared {} things within a minute of another account; by chance that happens with p {} (q {}; {} accounts act together).",
                "objects", _small("p"), _small("q"), "accounts",
            ),
        )
        .sort("author")
    )  # fmt: skip


_NOBODY = pl.DataFrame(schema={
    "judged": pl.Date,
    "author": pl.String, "campaign": pl.String, "accounts": pl.Int32, "posts": pl.Int32, "score": pl.Float64, "p": pl.Float64,
    "q": pl.Float64, "known_at": pl.Datetime("us", "UTC"), "why": pl.String,
})  # fmt: skip


def _small(name: str) -> pl.Expr:
    return pl.when(pl.col(name) < 1e-4).then(pl.lit("< 0.0001")).otherwise(pl.format("= {}", pl.col(name).round_sig_figs(2)))
