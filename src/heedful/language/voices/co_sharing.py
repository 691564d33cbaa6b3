"""Co-sharing networks: accounts that share the same object (a link, a hashtag, a text) within seconds of each other, again and again.

Edges, weights and cuts as Righetti and Balluff's CooRTweet draws them, whose cut is a quantile of the weights: with a median weight of 1,
any two co-shares are "coordinated". So each edge gets two p-values of our own, for the number of *different* objects co-shared, each
under a null model in which nobody acts together:

* *timing*: who shared what is kept, and the times of an object are dealt anew among its sharers. Two accounts that like the same things
  meet by chance as often as the pace of these things has it. An object that nobody else shared says nothing here.
* *activity*: how often each account shared is kept, and at which moments each object was shared; the accounts are dealt anew over all
  shares. It also speaks of objects that nobody else shared, but takes a common interest for coordination: it alone accuses nobody.

Both are exact for accounts that share an object once, up to the upper tail's Poisson form in the second, and too large (careful)
otherwise. Benjamini and Hochberg's q counts every pair of accounts that could have met, not only the pairs that did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit
from scipy.special import gammainc

from heedful.core.columns import check_arguments, numbers
from heedful.core.errors import SchemaError, SettingsError
from heedful.core.registry import Card, method

MOST_PAIRS = 50_000_000
"""Pairs of shares beyond which an answer is refused: a single object shared by ten thousand accounts at once makes that many."""

_WEIGHT = "number of distinct objects pairs share"
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares, one row each: `account` shared `object` in `post` at `time` (seconds); accounts, objects and posts by number from 0.

    An object is a link, a hashtag, the post that was passed on, or a group of copies (`near_duplicates.groups_of_copies`): then the
    network is that of a copy-paste campaign. A post may share several objects, and then has several rows. `original` marks rows whose
    post is the object itself, which nobody shared yet; no row if None. Times must be numbers; raises `SchemaError` otherwise.
    """

    account: Integers
    object: Integers
    post: Integers
    time: Floats
    original: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        missing = int(np.count_nonzero(~np.isfinite(self.time)))
        if missing:
            raise SchemaError(f"{missing} shares have no time; whether they were at the same moment cannot be said. Leave them out.")


@dataclass(frozen=True, eq=False)
class CoSharing:
    """Pairs of posts, and edges between accounts in ascending order; each column of shape (pairs,) or (edges,).

    earlier, later: rows of the shares of each pair.
    first, second: accounts of each edge, first <= second. weight: pairs of posts. objects: different objects.
    timing, activity: p-values under the two null models; NaN for an account's edge to itself.
    timing_q, activity_q: Benjamini and Hochberg's, over all pairs of accounts that could have met.
    """

    earlier: Integers
    later: Integers
    first: Integers
    second: Integers
    weight: Integers
    objects: Integers
    timing: Floats
    activity: Floats
    timing_q: Floats
    activity_q: Floats

    def above_quantile(self, quantile: float) -> npt.NDArray[np.bool_]:
        """The edges whose weight is larger than this quantile of the weights: what the peer calls coordinated.

        Raises `SettingsError` if `quantile` is not from 0 to 1.
        """
        if not 0 <= quantile <= 1:
            raise SettingsError(f"There is no quantile {quantile}; give a number from 0 to 1 (0.5 is the median).")
        if not len(self.weight):
            return np.zeros(0, np.bool_)
        return np.asarray(self.weight > np.quantile(self.weight, quantile), np.bool_)


def co_sharing_network(
    shares: Shares, *, window: float = 10.0, participation: int = 2, self_loops: bool = False, most_pairs: int = MOST_PAIRS
) -> CoSharing:
    """The network of accounts whose posts share an object within `window` seconds.

    Parameters
    ----------
    participation: rows that an account must have to be looked at; then, a pair stays if at least one of its posts is by an account with
        that many rows among the posts of all pairs (the peer's rule: the other account may have fewer).
    self_loops: keep pairs of one account with itself, and of an original with what shares it.

    Raises `SettingsError` if the window is not a number of seconds from 0, or if there are more than `most_pairs` pairs.

    >>> found = co_sharing_network(Shares(*np.array([[0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 2, 3]]), np.array([0.0, 5, 100, 103])))
    >>> found.first.tolist(), found.second.tolist(), found.weight.tolist()
    ([0], [1], [2])
    """
    if not (np.isfinite(window) and window >= 0):
        raise SettingsError(f"A window of {window} seconds does not exist; give a number from 0 (10 or 60 are usual).")
    active = np.flatnonzero(np.bincount(shares.account)[shares.account] >= participation)
    order = active[np.lexsort((active, shares.time[active], shares.object[active]))]
    original = None if shares.original is None else shares.original[order]
    looked_at = Shares(shares.account[order], shares.object[order], shares.post[order], shares.time[order], original)
    reach = _reach(looked_at.object, looked_at.time, window)
    earlier, later = _close_pairs(reach, most_pairs)
    if not self_loops:
        apart = (looked_at.account[earlier] != looked_at.account[later]) & (looked_at.post[earlier] != looked_at.post[later])
        if original is not None:
            apart &= ~(original[earlier] | original[later])
        earlier, later = earlier[apart], later[apart]
    kept = _taking_part(looked_at, earlier, later, participation)
    return _network(looked_at, order, reach, earlier[kept], later[kept])


def near_counts(thing: Integers, time: Floats, window: float) -> Integers:
    """Pairs of shares within `window` seconds, by object; `thing` (numbers from 0) ascending, and `time` within it. Shape (objects,).

    >>> near_counts(np.array([0, 0, 0, 1]), np.array([0.0, 5, 100, 0]), 10.0).tolist()
    [1, 0]
    """
    reach = near_ends(thing, time, window)
    return np.bincount(thing, reach - np.arange(len(thing)) - 1, minlength=1).astype(np.int64)


def near_ends(thing: Integers, time: Floats, window: float) -> Integers:
    """For each share, the row after the last of its object that is at most `window` seconds later; order as for `near_counts`."""
    return np.asarray(_reach(thing, time, window), np.int64)


def _close_pairs(reach: Integers, most: int) -> tuple[Integers, Integers]:
    """Rows of every two shares of an object that are near in time."""
    row = np.arange(len(reach))
    sizes = reach - row - 1
    total = int(sizes.sum())
    if total > most:
        raise SettingsError(
            f"{total:,} pairs of shares are within the window, and at most {most:,} are looked at. "
            "Take a shorter window or period, or leave out the object that everybody shared."
        )
    earlier = np.repeat(row, sizes)
    return earlier, earlier + 1 + np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _taking_part(shares: Shares, earlier: Integers, later: Integers, participation: int) -> npt.NDArray[np.bool_]:
    """The pairs of which a post is by an account with enough rows among the posts of all pairs."""
    posts = int(shares.post.max(initial=-1)) + 1
    paired = np.zeros(posts, np.bool_)
    paired[shares.post[earlier]] = paired[shares.post[later]] = True
    counted = paired[shares.post]
    rows = np.bincount(shares.account[counted], minlength=int(shares.account.max(initial=-1)) + 1)
    enough = np.zeros(posts, np.bool_)
    enough[shares.post[counted & (rows[shares.account] >= participation)]] = True
    return np.asarray(enough[shares.post[earlier]] | enough[shares.post[later]], np.bool_)


def _network(shares: Shares, order: Integers, reach: Integers, earlier: Integers, later: Integers) -> CoSharing:
    a, b = shares.account[earlier], shares.account[later]
    table = pl.DataFrame({"first": np.minimum(a, b), "second": np.maximum(a, b), "object": shares.object[earlier]})
    edges = table.group_by("first", "second").agg(weight=pl.len(), objects=pl.col("object").n_unique()).sort("first", "second")
    first, second, weight, objects = (edges[name].to_numpy().astype(np.int64) for name in ("first", "second", "weight", "objects"))
    timing, could = _timing(shares, reach, first, second, objects)
    activity = _activity(shares, reach, first, second, objects)
    accounts = len(np.unique(shares.account))
    everybody = accounts * (accounts - 1) // 2
    return CoSharing(
        order[earlier], order[later], first, second, weight, objects, timing, activity,
        _q_values(timing, min(could, everybody)), _q_values(activity, everybody),
    )  # fmt: skip


def _timing(shares: Shares, reach: Integers, first: Integers, second: Integers, objects: Integers) -> tuple[Floats, int]:
    """P(as many objects or more), the times of each object dealt anew; and a bound on the pairs of accounts with a common object.

    For one share each, two accounts meet at an object with the share of its pairs of moments that are near: a Poisson binomial count.
    For k and l shares, k l times that share is an upper bound.
    """
    table = pl.DataFrame({"account": shares.account, "object": shares.object, "near": reach - np.arange(len(reach)) - 1})
    paces = table.group_by("object").agg(
        near=pl.col("near").sum(), size=pl.len().cast(pl.Int64), sharers=pl.col("account").n_unique().cast(pl.Int64)
    )
    chance = pl.col("near") / (pl.col("size") * (pl.col("size") - 1) / 2).clip(lower_bound=1)
    held = (
        table.group_by("account", "object").agg(times=pl.len().cast(pl.Float64))
        .join(paces.select("object", chance=chance), on="object").sort("account", "object")
    )  # fmt: skip
    starts = np.searchsorted(held["account"].to_numpy(), np.arange(int(shares.account.max(initial=-1)) + 2))
    thing, times, chances = (held[name].to_numpy() for name in ("object", "times", "chance"))
    could = int(paces.select((pl.col("sharers") * (pl.col("sharers") - 1) // 2).sum()).item() or 0)
    return _tails(starts, thing, times, chances, first, second, objects), could


def _activity(shares: Shares, reach: Integers, first: Integers, second: Integers, objects: Integers) -> Floats:
    """P(as many objects or more), all accounts dealt anew over the shares: a Poisson count.

    A given pair of near moments goes to accounts with d and e of the n shares with probability 2 d e / (n (n - 1)).
    """
    n = len(shares.account)
    if n < 2:
        return np.full(len(first), np.nan)
    degree = np.bincount(shares.account).astype(np.float64)
    near = float((reach - np.arange(n) - 1).sum())
    expected = near * 2 * degree[first] * degree[second] / (n * (n - 1.0))
    tail = np.asarray(gammainc(objects, expected), np.float64)  # P(a Poisson count >= objects)
    return np.where(first == second, np.nan, tail)


def _q_values(p: Floats, tests: int) -> Floats:
    """Benjamini and Hochberg's q of the p-values among `tests`, of which those not given are 1; NaN stays."""
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    raised = p[order] * max(tests, len(order)) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q


@njit(cache=True)
def _reach(thing, time, window):  # type: ignore[no-untyped-def]
    """For each row, the end of the rows of its object that are at most `window` later; rows in order of object and time."""
    n = len(thing)
    reach = np.empty(n, np.int64)
    end = 0
    for row in range(n):
        end = max(end, row + 1)
        while end < n and thing[end] == thing[row] and time[end] - time[row] <= window:
            end += 1
        reach[row] = end
    return reach


@njit(cache=True)
def _tails(starts, thing, times, chance, first, second, met):  # type: ignore[no-untyped-def]
    """P(at least `met[edge]` of the common objects), each met with its own chance."""
    tails = np.empty(len(first), np.float64)
    for edge in range(len(first)):
        if first[edge] == second[edge]:
            tails[edge] = np.nan
            continue
        wanted = met[edge]
        # below[k]: probability of k objects so far, k < wanted; what leaves it has reached `wanted`
        below = np.zeros(wanted, np.float64)
        below[0] = 1.0
        reached = 0.0
        i, j = starts[first[edge]], starts[second[edge]]
        while i < starts[first[edge] + 1] and j < starts[second[edge] + 1]:
            if thing[i] < thing[j]:
                i += 1
            elif thing[i] > thing[j]:
                j += 1
            else:
                p = min(1.0, chance[i] * times[i] * times[j])
                reached += below[wanted - 1] * p
                for k in range(wanted - 1, 0, -1):
                    below[k] = below[k] * (1 - p) + below[k - 1] * p
                below[0] *= 1 - p
                i += 1
                j += 1
        tails[edge] = min(reached, 1.0)
    return tails


@method(Card(
    name="coordination.co_sharing_network",
    definition="Pairs of accounts that share the same object within a window of seconds; edges above a quantile of the weights.",
    units="{posts}",
    reference="Righetti and Balluff 2025 (CooRTweet); Giglietto et al. 2020; null models of our own",
    equals="CooRTweet 2.1.3 detect_groups and generate_coordinated_network, exactly; the p- and q-values have no peer",
    limits="A small p says that chance and habit do not explain it, not who planned it: friends, fans and news desks act together too.",
))  # fmt: skip
def run_co_sharing_network(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: for each named setting the counts of the peer, its edges above the quantile, and our p- and q-values of these."""
    check_arguments("coordination.co_sharing_network", arguments, ("settings", "remove_self_loops", "edge_weight"))
    if arguments.get("edge_weight", _WEIGHT) != _WEIGHT:
        raise SettingsError(f"Edges are weighted by '{_WEIGHT}', not by '{arguments['edge_weight']}'.")
    shares, names = _numbered(inputs["shares"])
    loops = not arguments.get("remove_self_loops", True)
    found = {str(name): _found(shares, setting, loops) for name, setting in arguments["settings"].items()}
    return {
        **{name: _answer(shares, names, *network) for name, network in found.items()},
        "null_models": {name: _chances(*network) for name, network in found.items()},
    }


def _numbered(table: pl.DataFrame) -> tuple[Shares, list[Any]]:
    """The shares by number, and the account behind each number in the accounts' order."""
    if missing := {"account", "object", "post", "time"} - set(table.columns):
        raise SchemaError(f"The shares have no column {', '.join(sorted(missing))}; they have {', '.join(table.columns)}.")
    for name in ("account", "object", "post"):
        if table[name].null_count():
            raise SchemaError(f"{table[name].null_count()} shares have no {name}. Leave them out or name it.")
    number = {name: table[name].rank("dense").cast(pl.Int64).to_numpy() - 1 for name in ("account", "object", "post")}
    original = (table["object"].cast(pl.String) == table["post"].cast(pl.String)).to_numpy()
    shares = Shares(number["account"], number["object"], number["post"], numbers(table, "time"), original)
    return shares, table["account"].unique().sort().to_list()


def _found(shares: Shares, setting: Mapping[str, Any], self_loops: bool) -> tuple[CoSharing, Integers]:
    """The network of a setting, and the numbers of its edges above the quantile."""
    check_arguments("coordination.co_sharing_network", setting, ("time_window_seconds", "minimum_participation", "edge_weight_quantile"))
    found = co_sharing_network(
        shares, window=float(setting.get("time_window_seconds", 10)), participation=int(setting.get("minimum_participation", 2)),
        self_loops=self_loops,
    )  # fmt: skip
    return found, np.flatnonzero(found.above_quantile(float(setting.get("edge_weight_quantile", 0.5))))


def _answer(shares: Shares, names: list[Any], found: CoSharing, above: Integers) -> dict[str, Any]:
    """What the peer says."""
    kinds, counts = np.unique(found.weight, return_counts=True)
    ends = [[names[a], names[b]] for a, b in zip(found.first, found.second, strict=True)]
    return {
        "pairs_of_posts": len(found.earlier),
        "objects": len(np.unique(shares.object[found.earlier])),
        "accounts": len(np.unique([found.first, found.second])),
        "edges": len(found.first),
        "edges_above_weight_quantile": [ends[edge] for edge in above],
        "edges_with_weight_3_or_more": [
            {"accounts": ends[edge], "weight": int(found.weight[edge])} for edge in np.flatnonzero(found.weight >= 3)
        ],
        "weight_counts": {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)},
    }


def _chances(found: CoSharing, above: Integers) -> dict[str, Any]:
    """What the peer does not say: for each edge above the quantile, how likely it is without anybody acting together."""
    return {
        name: [None if np.isnan(value) else value for value in column[above].tolist()]
        for name, column in (
            ("timing_p", found.timing), ("timing_q", found.timing_q), ("activity_p", found.activity), ("activity_q", found.activity_q),
        )
    }  # fmt: skip
