"""Spans found by a tagger that learned from the train rows: side effects, diseases in Spanish, places named in tweets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.tagger.tagger import Recipe, learn_tagger, tag
from heedful.language.tagger.tags import SPAN_COLUMNS
from heedful.language.vocabulary import Vocabulary
from heedful.loops.evaluate.sets import Row, held_out_rows, read_set, train_rows
from heedful.loops.evaluate.tasks import Figure, measure, task
from heedful.sources.packaged import place_terms, vocabulary

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Set:
    """A set with spans: where it lies, which types are learned together, which one is judged, the bars and what a dictionary reached."""

    folder: str
    types: tuple[str, ...]
    judged: str
    recipe: Recipe
    vocabulary: Callable[[], Vocabulary | None]
    bars: tuple[float, float]
    baselines: tuple[float, float]
    train: tuple[str, ...] = ("train", "dev")


# Learning rates, types learned together and caution were chosen by cross-validation on the train rows (docs/language.md).
SETS = {
    "psytar.side_effect_spans": Set(
        "psytar/sentences", ("ADR", "WD", "SSI", "DI"), "ADR", Recipe(caution=-1.25), vocabulary, (0.60, 0.75), (0.467, 0.618)
    ),
    "cadec.side_effect_spans": Set("cadec/posts", ("ADR",), "ADR", Recipe(caution=-1.25), vocabulary, (0.63, 0.87), (0.533, 0.808)),
    "socialdisner.disease_spans": Set(
        "socialdisner_es/tweets", ("disease",), "disease", Recipe(grams=True, caution=-1.0), lambda: None, (0.84, 0.93), (0.725, 0.885),
        ("train",),
    ),
    "broad_twitter.location_spans": Set(
        "broad_twitter_corpus/posts", ("LOC", "ORG", "PER"), "LOC", Recipe(drop=0.0, caution=-2.25), place_terms, (0.51, 0.62),
        (0.416, 0.491),
    ),
}  # fmt: skip


def spans_task(name: str) -> Callable[[Path, Path], list[Figure]]:
    """The task that learns and judges one of `SETS`."""
    kind = SETS[name]

    def run(data: Path, train: Path) -> list[Figure]:
        texts, gold = marked(whole_texts(train_rows(train, kind.folder, kind.train)), kind.types)
        known = kind.vocabulary()
        tagger = learn_tagger(texts, gold, recipe=kind.recipe, seed=0, vocabulary=known)
        texts, gold = marked(whole_texts(_judged(data, kind.folder)), kind.types)
        mine = pl.col("type") == kind.judged
        counts = compare(gold.filter(mine), tag(texts, tagger, vocabulary=known).filter(mine), texts.len())
        n = int(counts[:, 2].sum())
        return [
            _figure(name, metric, n, counts, f1, bar, baseline)
            for metric, f1, bar, baseline in zip(
                ("strict F1", "overlap F1"), (strict_f1, overlap_f1), kind.bars, kind.baselines, strict=True
            )
        ]

    return run


for _name in SETS:
    task(_name)(spans_task(_name))


def _judged(data: Path, folder: str) -> list[Row]:
    """Rows of split test; of a set that has none, those of split valid."""
    named = {row.get("split") for row in read_set(data, folder)}
    return held_out_rows(data, folder, "valid" if "test" not in named and "valid" in named else "test")


def _figure(
    name: str, metric: str, n: int, counts: Counts, f1: Callable[[Counts], float], bar: float, baseline: float
) -> Figure:  # fmt: skip
    found = measure(name, metric, counts.shape[0], lambda rows: f1(counts[rows]), bar=bar, baseline=baseline)
    return Figure(**{**found.__dict__, "n": n, "note": f"{counts.shape[0]} texts are drawn by the bootstrap"})


def whole_texts(rows: list[Row]) -> list[Row]:
    """Sentences of a review (`review_id`) put together, a line each, with their spans; other rows as they are."""
    whole: dict[str, Row] = {}
    for number, row in enumerate(rows):
        key = row.get("review_id", f"row {number}")
        text = whole.setdefault(key, {"text": "", "spans": []})
        at = len(text["text"])
        text["spans"] += [{**span, "start": span["start"] + at, "end": span["end"] + at} for span in row["spans"]]
        text["text"] += row["text"] + ("\n" if "review_id" in row else "")
    return list(whole.values())


def marked(rows: list[Row], types: tuple[str, ...]) -> tuple[pl.Series, pl.DataFrame]:
    """Texts, and their spans of these types with bytes instead of characters; one that is marked twice counts once."""
    spans = [
        (post, len(row["text"][: span["start"]].encode()), len(row["text"][: span["end"]].encode()), span["type"])
        for post, row in enumerate(rows)
        for span in row["spans"]
        if span["type"] in types
    ]
    frame = pl.DataFrame(spans, schema=SPAN_COLUMNS, orient="row").unique(maintain_order=True)
    return pl.Series([row["text"] for row in rows], dtype=pl.String), frame


def compare(gold: pl.DataFrame, found: pl.DataFrame, texts: int) -> Counts:
    """By text: spans found exactly, spans found, spans marked, found ones that touch a marked one, marked ones that touch a found one."""
    counts = np.zeros((texts, 5), np.int64)
    keys = ["post", "start", "end"]
    gold, found = gold.select(keys).unique(), found.select(keys).unique()
    pairs = found.join(gold, on="post", suffix="_gold").filter(pl.col("start") < pl.col("end_gold"), pl.col("start_gold") < pl.col("end"))
    columns = (
        found.join(gold, on=keys)["post"],
        found["post"],
        gold["post"],
        pairs.select(keys).unique()["post"],
        pairs.select("post", "start_gold", "end_gold").unique()["post"],
    )
    for column, posts in enumerate(columns):
        np.add.at(counts[:, column], posts.to_numpy(), 1)
    return counts


def strict_f1(counts: Counts) -> float:
    """F1 of spans found with both ends right.

    >>> strict_f1(np.array([[1, 2, 2, 2, 2]]))
    0.5
    """
    exact, found, gold = counts[:, :3].sum(axis=0)
    return float(2 * exact / (found + gold)) if found + gold else float("nan")


def overlap_f1(counts: Counts) -> float:
    """F1 where touching counts: precision over the spans found, recall over those marked.

    >>> overlap_f1(np.array([[1, 2, 2, 2, 2]]))
    1.0
    """
    _, found, gold, right, reached = counts.sum(axis=0)
    precision, recall = right / max(found, 1), reached / max(gold, 1)
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0
