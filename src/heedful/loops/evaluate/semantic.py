"""Claim retrieval with sentence vectors: `heedful evaluate language --semantic FOLDER`; no part of an evaluation without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from heedful.language.claims import build_bank
from heedful.language.semantic.encoder import SentenceEncoder
from heedful.language.semantic.retrieval import learn_ranking, rank, semantic_bank
from heedful.loops.evaluate.claims import BEST, average_precision
from heedful.loops.evaluate.sets import Row, read_set
from heedful.loops.evaluate.tasks import AbsentSetError, Figure, measure

_SET = "checkthat2020_claim_retrieval"


def semantic_claims(data: Path, train: Path, encoder: SentenceEncoder) -> list[Figure]:
    """MAP@5 of the tweets to be judged; the order of candidates is learned from the train tweets."""
    claims = read_set(data, f"{_SET}/verified_claims")
    number = {str(row["id"]): place for place, row in enumerate(claims)}
    bank = semantic_bank(
        build_bank(pl.Series([f"{row['claim']} . {row['title']}" for row in claims])),
        pl.Series([row["claim"] for row in claims], dtype=pl.String),
        encoder,
    )
    learned, judged = _tweets(train, ("train",)), _tweets(data, ("dev", "test"))
    ranking = learn_ranking(bank, _texts(learned), _gold(learned, number))
    found, gold = rank(bank, _texts(judged), ranking, best=BEST), _gold(judged, number)
    precision = np.array([average_precision(ranks, right) for ranks, right in zip(found, gold, strict=True)])
    return [
        measure("checkthat.claims_semantic", "MAP@5", precision.size, lambda rows: float(precision[rows].mean()), baseline=0.789, bar=0.90,
                note="with sentence vectors of the folder given"),
    ]  # fmt: skip


def _tweets(folder: Path, splits: tuple[str, ...]) -> list[Row]:
    rows = [row for row in read_set(folder, f"{_SET}/tweets") if row["split"] in splits]
    if not rows:
        raise AbsentSetError(f"{folder}: {_SET} has no tweets of split {' or '.join(splits)}.")
    return rows


def _texts(rows: list[Row]) -> pl.Series:
    return pl.Series([row["text"] for row in rows], dtype=pl.String)


def _gold(rows: list[Row], number: dict[str, int]) -> list[set[int]]:
    return [{number[str(claim)] for claim in row["claim_ids"] if str(claim) in number} for row in rows]
