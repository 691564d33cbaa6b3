"""Minimal pairs: a text with a cue and its near miss, which says something else of the same mention."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.language.reading import read
from heedful.language.vocabulary import Vocabulary

PAIRS = pl.read_csv(Path(__file__).parent / "minimal_pairs.tsv", separator="\t", comment_prefix="#", quote_char=None)


def said(texts: pl.Series, mentions: pl.Series, attributes: pl.Series, vocabulary: Vocabulary) -> list[str | None]:
    """What is said of the first occurrence of each mention in its text."""
    found: dict[tuple[int, str], dict[str, object]] = {}
    for row in read(texts, vocabulary).iter_rows(named=True):
        found.setdefault((row["row"], row["surface"].lower()), row)
    return [found.get((n, mention), {}).get(what) for n, (mention, what) in enumerate(zip(mentions, attributes, strict=True))]  # type: ignore[misc]


def test_there_are_enough_pairs_and_none_twice() -> None:
    assert PAIRS.height >= 500
    assert PAIRS.select("hit", "miss").is_unique().all()
    assert PAIRS.filter(pl.col("of_hit") == pl.col("of_miss")).height == 0


def test_every_pair_is_told_apart(vocabulary: Vocabulary) -> None:
    for side in ("hit", "miss"):
        answers = pl.Series("answer", said(PAIRS[side], PAIRS["mention"], PAIRS["attribute"], vocabulary), dtype=pl.String)
        wrong = PAIRS.with_columns(answers).filter(pl.col("answer").ne_missing(pl.col(f"of_{side}")))
        assert wrong.select(side, f"of_{side}", "answer").rows() == []
