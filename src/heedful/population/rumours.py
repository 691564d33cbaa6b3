"""Rumours: how fast a claim spreads, how far it reaches, along which cascades, and which audiences a correction should reach first.

Everything leaves here as numbers of groups: claims, places, topics, communities of at least the minimum cell. A rumour is a claim of the
site's bank; whether it is true is its source's word.

Speed: people who spread the claim for the first time, by day, follow a log-linear quasi-Poisson trend over the window (days from the first
on); growth r a day with its interval, doubling time ln 2 / r. Reach, by week and place: `heedful.population.rumour_weeks`.
Cascades: replies and reposts link posts; a cascade is what hangs together with a post that spreads the claim.

Audience: people of a declared place who write of a topic (a concept). Those who spread, or ask about, the claim in it were met by it; the
share of the audience that meets it is estimated with the shrinkage of a beta prior fitted over all audiences by moments. A correction
first goes where it reaches most people who are met by the claim; an audience counts by those that the ones before it do not hold already
(greedy maximum coverage, Nemhauser, Wolsey & Fisher 1978, which comes within 1 - 1/e of the best choice).

Reference: McCullagh & Nelder 1989, ch. 6 (quasi-Poisson); Goel et al. 2016, Manage Sci 62:180-196 (cascades and their depth); Blondel et
al. 2008, J Stat Mech P10008 (communities).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import betaincinv, stdtrit

from heedful.core.errors import SettingsError
from heedful.core.registry import METHODS, Card, Method

WINDOW = 28
"""Days that speed and reach look back."""
LEAST_DAYS, LEAST_PEOPLE = 4, 10
"""With fewer days since its first post, or fewer people, a claim has no speed yet."""
SPREADS, ASKS = "spreads", "asks"
AUDIENCE_SCHEMA = {
    "rank": pl.Int64, "place": pl.String, "topic": pl.String, "people": pl.Int64, "met": pl.Int64, "share": pl.Float64, "low": pl.Float64,
    "high": pl.Float64, "reached": pl.Float64, "newly_reached": pl.Float64,
}  # fmt: skip
CASCADE_SCHEMA = {
    "claim": pl.String,
    "cascades": pl.Int64,
    "largest": pl.Int64,
    "deepest": pl.Int64,
    "in_communities": pl.Int64,
    "communities": pl.Int64,
}

CARD = Card(
    name="population.rumours",
    definition="Growth of a claim's first-time spreaders (quasi-Poisson), doubling time, reach, reply and repost cascades, and audiences "
    "(place x topic) ordered by the people whom a correction reaches and the claim meets.",
    units="/d; d; {people}",
    reference="McCullagh & Nelder 1989; Goel et al. 2016; Blondel et al. 2008; Nemhauser, Wolsey & Fisher 1978",
    equals="growth and interval as statsmodels GLM Poisson with scale X2; communities as networkx louvain_communities",
    limits="Of public posts that match the bank's wording; who reads without posting is not seen. The share that meets the claim is "
    "an estimate from those who write of it.",
)
METHODS.add(CARD.name, Method(CARD))


@dataclass(frozen=True)
class Growth:
    """Growth a day and its 95 % interval; all NaN where it cannot be told."""

    rate: float
    low: float
    high: float

    @property
    def doubling(self) -> tuple[float, float, float]:
        """Doubling time in days with its interval; infinite where the growth at that end is not above 0."""
        middle, low, high = (float(np.log(2) / r) if r > 0 else float("inf") for r in (self.rate, self.high, self.low))
        return middle, low, high


NO_GROWTH = Growth(float("nan"), float("nan"), float("nan"))


def growth(counts: NDArray[np.int64]) -> Growth:
    """Log-linear trend of `counts` [days] by iteratively reweighted least squares, dispersion by Pearson's X2 (at least 1), t interval.

    Fewer than `LEAST_DAYS` days or `LEAST_PEOPLE` people: `NO_GROWTH`.

    >>> growth(np.array([2, 4, 8, 16])).doubling[0].__round__(3)
    1.0
    """
    if len(counts) < LEAST_DAYS or counts.sum() < LEAST_PEOPLE or (counts > 0).sum() < 2:
        return NO_GROWTH
    y, x = counts.astype(np.float64), np.column_stack([np.ones(len(counts)), np.arange(len(counts)) - (len(counts) - 1) / 2])
    eta = np.log(y + 0.5)
    for _step in range(50):
        mean = np.exp(eta)
        information = x.T @ (mean[:, None] * x)
        beta = np.linalg.solve(information, x.T @ (mean * eta + y - mean))
        new = np.clip(x @ beta, -30, 30)
        if np.abs(new - eta).max() < 1e-10:
            break
        eta = new
    mean = np.exp(x @ beta)
    free = len(y) - 2
    dispersion = max(float(((y - mean) ** 2 / mean).sum() / free), 1.0)
    error = float(np.sqrt(dispersion * np.linalg.inv(x.T @ (mean[:, None] * x))[1, 1]))
    half = float(stdtrit(free, 0.975)) * error
    return Growth(float(beta[1]), float(beta[1]) - half, float(beta[1]) + half)


def audiences(topics: pl.DataFrame, homes: pl.DataFrame, met: pl.DataFrame, minimum: int, most: int = 20) -> pl.DataFrame:
    """Audiences (place x topic) with at least `minimum` people who were met by the claim, and who were not, in the order for a correction.

    Parameters
    ----------
    topics: author, topic. homes: author, place (one a person, so that no audience lies within another place's). met: author, of those
    who spread the claim or asked about it.

    `met`: how many of the audience were; `share`: of the audience that meets the claim (shrunk), `low` to `high` its 95 % interval of the
    beta posterior; `reached`: people times share; `newly_reached`: without those that audiences before it hold, null where fewer than
    `minimum` people are held by both. An audience that adds fewer than `minimum` people is left out.
    """
    if minimum < 2:
        raise SettingsError(f"audiences: a minimum cell of {minimum} would show single people.")
    members = topics.select("author", "topic").unique().join(homes.select("author", "place").unique(), on="author")
    members = members.with_columns(met=pl.col("author").is_in(met["author"].unique().implode()))
    sizes = members.group_by("place", "topic").agg(people=pl.len().cast(pl.Int64), met=pl.col("met").sum().cast(pl.Int64))
    rest = pl.col("people") - pl.col("met")
    sizes = sizes.filter((pl.col("met") >= minimum) & (rest >= minimum)).sort("place", "topic")
    if sizes.is_empty():
        return pl.DataFrame(schema=AUDIENCE_SCHEMA)
    a, b = _beta_prior(sizes["met"].to_numpy(), sizes["people"].to_numpy())
    sizes = sizes.with_columns(share=(pl.col("met") + a) / (pl.col("people") + a + b)).with_row_index("audience")
    inside = members.join(sizes.select("audience", "place", "topic"), on=["place", "topic"])
    person = inside["author"].rank("dense").to_numpy().astype(np.int64) - 1
    matrix = sparse.csr_matrix((np.ones(inside.height), (inside["audience"].to_numpy(), person)))
    order, added = _greedy(matrix, inside["author"].n_unique(), sizes["share"].to_numpy(), minimum, most)
    chosen = sizes[order].with_columns(rank=pl.int_range(1, len(order) + 1, dtype=pl.Int64), new=pl.Series(added, dtype=pl.Int64))
    hits, others = chosen["met"].to_numpy() + a, (chosen["people"] - chosen["met"]).to_numpy() + b
    held = pl.col("people") - pl.col("new")
    chosen = chosen.with_columns(
        low=pl.Series(betaincinv(hits, others, 0.025)), high=pl.Series(betaincinv(hits, others, 0.975)),
        reached=pl.col("people") * pl.col("share"),
        newly_reached=pl.when((held == 0) | (held >= minimum)).then(pl.col("new") * pl.col("share")),
    )  # fmt: skip
    return chosen.select(*AUDIENCE_SCHEMA)


def _beta_prior(met: NDArray[np.int64], people: NDArray[np.int64]) -> tuple[float, float]:
    """A beta prior by moments over the audiences, no stronger than a hundred people and no weaker than one."""
    share = met / people
    mean = float(met.sum() / people.sum())
    between = float(share.var() - (mean * (1 - mean) / people).mean()) if len(share) > 1 else 0.0
    strength = np.clip(mean * (1 - mean) / between - 1, 1, 100) if between > 0 else 100.0
    return mean * float(strength), (1 - mean) * float(strength)


def _greedy(matrix: sparse.csr_matrix, people: int, share: NDArray[np.float64], minimum: int, most: int) -> tuple[list[int], list[int]]:
    """Audiences by what each adds to those before it, people not yet held times its share, and how many those people are; `matrix`
    [audiences, people]."""
    left = np.ones(people)
    order: list[int] = []
    added: list[int] = []
    while len(order) < min(most, len(share)):
        new = matrix @ left
        gain = np.where(new >= minimum, new * share, -1.0)
        gain[order] = -1.0
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        order.append(best)
        added.append(int(new[best]))
        left[matrix[best].indices] = 0.0
    return order, added


def cascades(posts: pl.DataFrame, claims: pl.DataFrame, minimum: int, *, grouped: bool = True) -> pl.DataFrame:
    """By claim: cascades in which at least `minimum` people take part, people in the largest, links in the longest chain, and communities.

    posts: source, post, author, reply_to (of replies and reposts). claims: rows of `Claims`. Communities need the extra 'graphs'
    (networkx) and are null where they are not asked for (`grouped`); a community below `minimum` people is not counted.
    """
    if minimum < 2:
        raise SettingsError(f"cascades: a minimum cell of {minimum} would show single people.")
    nodes = posts.unique(["source", "post"], keep="first", maintain_order=True).with_row_index("node")
    links = nodes.select("source", "node", "author", post="reply_to").join(
        nodes.select("source", "post", above="node", other="author"), on=["source", "post"]
    )
    n = nodes.height
    child, above = links["node"].to_numpy().astype(np.int64), links["above"].to_numpy().astype(np.int64)
    parts = connected_components(sparse.csr_matrix((np.ones(len(child)), (child, above)), shape=(n, n)), directed=False)[1]
    nodes = nodes.with_columns(part=pl.Series(parts), depth=pl.Series(_depths(n, child, above)))
    found = []
    spreading = claims.filter(pl.col("stance") == SPREADS).join(nodes.select("source", "post", "part"), on=["source", "post"])
    for (claim,), mine in spreading.group_by("claim", maintain_order=True):
        held = nodes.filter(pl.col("part").is_in(mine["part"].unique().implode()))
        sizes = held.group_by("part").agg(people=pl.col("author").n_unique(), depth=pl.col("depth").max())
        shown = sizes.filter(pl.col("people") >= minimum)
        if shown.is_empty():
            continue
        groups = _groups(held.filter(pl.col("part").is_in(shown["part"].implode())), links, minimum) if grouped else None
        found.append({
            "claim": claim, "cascades": shown.height, "largest": shown["people"].max(), "deepest": shown["depth"].max(),
            "in_communities": None if groups is None else sum(groups), "communities": None if groups is None else len(groups),
        })  # fmt: skip
    return pl.DataFrame(found, schema=CASCADE_SCHEMA).sort("largest", "claim", descending=[True, False])


def _groups(inside: pl.DataFrame, links: pl.DataFrame, minimum: int) -> list[int]:
    """Sizes of the communities with enough people among the writers of the posts `inside`."""
    pairs = links.join(inside.select("node"), on="node", how="semi").filter(pl.col("author") != pl.col("other"))
    return [size for size in communities(pairs["author"].to_list(), pairs["other"].to_list()) if size >= minimum]


def _depths(n: int, child: NDArray[np.int64], above: NDArray[np.int64]) -> NDArray[np.int64]:
    """Links from each post up to one that answers nothing; a circle, which no honest source has, ends after n steps."""
    parent = np.full(n, -1)
    parent[child] = above
    depth, at = np.zeros(n, dtype=np.int64), parent.copy()
    for _step in range(n):
        going = at >= 0
        if not going.any():
            break
        depth += going
        at = np.where(going, parent[at], -1)
    return depth


def communities(one: Sequence[str], other: Sequence[str], seed: int = 1) -> list[int]:
    """Sizes of the communities (Louvain) of the graph of who answers or reposts whom, largest first; weights are numbers of links.

    Errors: `SettingsError` without networkx.
    """
    if not one:
        return []
    try:
        import networkx as nx
    except ImportError as error:
        raise SettingsError(
            "Communities of the reply graph need networkx, which is not installed. Install it with: pip install 'heedful[graphs]'"
        ) from error
    graph = nx.Graph()
    # numbers in the order of names: the order of a set of names differs from run to run
    rank = {name: n for n, name in enumerate(sorted({*one, *other}))}
    pairs = pl.DataFrame({"a": [rank[name] for name in one], "b": [rank[name] for name in other]})
    pairs = pairs.select(a=pl.min_horizontal("a", "b"), b=pl.max_horizontal("a", "b"))
    weights = pairs.group_by("a", "b").len().sort("a", "b")
    graph.add_weighted_edges_from(weights.iter_rows())
    return sorted((len(group) for group in nx.community.louvain_communities(graph, seed=seed)), reverse=True)
