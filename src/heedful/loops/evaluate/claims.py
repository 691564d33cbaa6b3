"""Finding the known claim that a tweet repeats, and leaving people's own stories alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from heedful.language.claims import ClaimBank, ClaimScorer, build_bank, learn_scorer, match
from heedful.loops.evaluate.sets import Row, held_out_rows, read_set, train_rows
from heedful.loops.evaluate.tasks import AbsentSetError, Figure, measure, task

BEST = 5
STRANGERS = 1_000
"""Personal posts of the train rows from which abstaining is learned."""


@task("checkthat.claims")
def claims(data: Path, train: Path) -> list[Figure]:
    """MAP@5 of all tweets without abstaining; then the share of RHMD's personal posts and of the tweets that are matched at all."""
    bank, number = _bank(data)
    scorer = _scorer(train, bank, number)
    rows = _tweets(data, ("dev", "test"))
    gold, texts = _gold(rows, number), pl.Series([row["text"] for row in rows])
    found = _ranked(match(bank, texts, scorer, best=BEST, abstain=False), len(rows))
    precision = np.array([average_precision(ranks, right) for ranks, right in zip(found, gold, strict=True)])
    figures = [measure("checkthat.claims", "MAP@5", precision.size, lambda rows: float(precision[rows].mean()), baseline=0.789, bar=0.82)]
    try:
        personal = _personal(held_out_rows(data, "rhmd/posts"))
    except AbsentSetError:
        return figures
    matched = np.isin(np.arange(personal.len()), match(bank, personal, scorer, best=1)["post"].to_numpy())
    reached = np.isin(np.arange(len(rows)), match(bank, texts, scorer, best=1)["post"].to_numpy())
    note = f"{reached.mean():.0%} of the tweets are matched at that threshold, which was chosen on the train rows"
    share = measure("checkthat.claims", "personal posts matched", matched.size, lambda rows: float(matched[rows].mean()), bar=0.02,
                    at_most=True, note=note)  # fmt: skip
    return [*figures, share]


def _bank(data: Path) -> tuple[ClaimBank, dict[str, int]]:
    rows = read_set(data, "checkthat2020_claim_retrieval/verified_claims")
    texts = pl.Series([f"{row['claim']} . {row['title']}" for row in rows])
    return build_bank(texts), {str(row["id"]): i for i, row in enumerate(rows)}


def _scorer(train: Path, bank: ClaimBank, number: dict[str, int]) -> ClaimScorer:
    rows = _tweets(train, ("train",))
    try:
        strangers = _personal(train_rows(train, "rhmd/posts")).head(STRANGERS)
    except AbsentSetError:
        strangers = pl.Series([], dtype=pl.String)
    return learn_scorer(bank, pl.Series([row["text"] for row in rows]), _gold(rows, number), strangers)


def _tweets(folder: Path, splits: tuple[str, ...]) -> list[Row]:
    rows = [row for row in read_set(folder, "checkthat2020_claim_retrieval/tweets") if row["split"] in splits]
    if not rows:
        raise AbsentSetError(f"{folder}: checkthat2020_claim_retrieval has no tweets of split {' or '.join(splits)}.")
    return rows


def _gold(rows: list[Row], number: dict[str, int]) -> list[set[int]]:
    return [{number[str(claim)] for claim in row["claim_ids"] if str(claim) in number} for row in rows]


def _personal(rows: list[Row]) -> pl.Series:
    """RHMD posts in which people speak of their own or another's health."""
    return pl.Series([row["text"] for row in rows if row["label"] == PERSONAL], dtype=pl.String)


PERSONAL = "health_mention"


def _ranked(found: pl.DataFrame, n: int) -> list[list[int]]:
    ranks: list[list[int]] = [[] for _ in range(n)]
    for post, claim in found.select("post", "claim").iter_rows():
        ranks[post].append(claim)
    return ranks


def average_precision(ranks: list[int], right: set[int]) -> float:
    """Average precision of the first five.

    >>> average_precision([7, 3], {3})
    0.5
    """
    hits = [place in right for place in ranks[:BEST]]
    return sum(sum(hits[: n + 1]) / (n + 1) for n, hit in enumerate(hits) if hit) / max(1, min(len(right), BEST))
