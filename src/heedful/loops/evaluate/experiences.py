"""Experiences told in reviews of a drug, sentence by sentence and axis by axis; how bad and how lasting a marked effect is said to be."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.experiences import tellings
from heedful.language.onset import persistence
from heedful.language.reading import read
from heedful.language.severity import severity
from heedful.loops.evaluate.sets import Row, held_out_rows
from heedful.loops.evaluate.tasks import Figure, Rows, Statistic, measure, task
from heedful.sources.packaged import tagger, vocabulary

Marks = npt.NDArray[np.bool_]
AXES = {"adverse": "ADR", "withdrawal": "WD", "benefit": "EF", "no_effect": "INF"}
"""Axes, and the labels of PsyTAR's sentences that mean them; its INF also holds worsening, which no axis of ours is."""

_ABOUT = "drug:reviewed"
_PERSISTENCE = {"persistent": "persistent", "not-persistent": "passing"}


@task("psytar.experiences")
def psytar(data: Path, train: Path) -> list[Figure]:
    """F1 a sentence of each axis; the patterns were written, and the packaged tagger learned, with the train rows in view."""
    rows = [list(group) for _, group in groupby(held_out_rows(data, "psytar/sentences"), lambda row: row["review_id"])]
    texts, sentence_of = _joined([[_ended(row["text"]) for row in review] for review in rows])
    flat = [row for review in rows for row in review]
    told = _told(texts)
    said = {axis: _marks(told.filter(pl.col("axis") == axis), sentence_of, len(flat)) for axis in AXES}
    simple = _marks(_present(texts), sentence_of, len(flat))
    figures = []
    for axis, label in AXES.items():
        gold = np.array([row["labels"].get(label) == 1 for row in flat])
        baseline = _f1(gold, simple) if axis == "adverse" else None
        figures += _figures(f"psytar.experiences_{axis}", gold, said[axis], baseline)
    return figures


@task("cadec.experiences")
def cadec(data: Path, train: Path) -> list[Figure]:
    """F1 a line of 'tells of an adverse effect', on drugs that no pattern was written for and the packaged tagger never saw."""
    posts = held_out_rows(data, "cadec/posts")
    lines = [post["text"].split("\n") for post in posts]
    gold = [_has_effect(post, lines[n]) for n, post in enumerate(posts)]
    texts = pl.Series([post["text"] for post in posts], dtype=pl.String)
    offsets, base = [], 0
    for parts in lines:
        starts = np.cumsum([0, *(len(part.encode()) + 1 for part in parts)])
        offsets.append((base, starts))
        base += len(parts)
    told = _told(texts).filter(pl.col("axis").is_in(["adverse", "withdrawal"]))
    marks, simple = _marks(told, offsets, base), _marks(_present(texts), offsets, base)
    truth = np.concatenate([np.array(one, bool) for one in gold])
    return _figures("cadec.experiences_adverse", truth, marks, _f1(truth, simple))


@task("psytar.severity")
def degrees(data: Path, train: Path) -> list[Figure]:
    """Accuracy of severity and persistence on marked effects; the baseline says 'unknown' of all."""
    spans = [
        (row["text"][: one["start"]], row["text"][one["start"] : one["end"]], row["text"][one["end"] :], one)
        for row in held_out_rows(data, "psytar/sentences") for one in row["spans"] if one["type"] in ("ADR", "WD")
    ]  # fmt: skip
    words = pl.DataFrame([span[:3] for span in spans], schema=["left", "span", "right"], orient="row")
    words = words.select(pl.all().str.to_lowercase())
    gold = {
        "severity": np.array([span[3].get("severity") or "unknown" for span in spans]),
        "persistence": np.array([_PERSISTENCE.get(span[3].get("persistence") or "", "unknown") for span in spans]),
    }
    found = words.select(
        severity=severity(pl.col("left"), pl.col("span"), pl.col("right")),
        persistence=persistence(pl.col("left"), pl.col("span"), pl.col("right")),
    )
    figures = []
    for name, truth in gold.items():
        right = truth == found[name].to_numpy()
        known = truth != "unknown"
        baseline = float((~known).mean())
        figures.append(measure(f"psytar.{name}", "accuracy", truth.size, _mean(right), baseline=baseline, note="baseline: unknown"))
        figures.append(measure(f"psytar.{name}", "accuracy where marked", int(known.sum()), _mean(right[known]), baseline=0.0))
        told = known & (found[name].to_numpy() != "unknown")
        figures.append(measure(f"psytar.{name}", "accuracy where both say", int(told.sum()), _mean(right[told])))
    return figures


def _told(texts: pl.Series) -> pl.DataFrame:
    """What is told of the reviewed drug, whose name the reviews need not give: other drugs' experiences are not labelled."""
    words = vocabulary()
    named = read(texts, words).filter(pl.col("type") == "drug").group_by("row").agg(pl.col("concept").mode().first())
    about = pl.DataFrame({"row": pl.Series(range(len(texts)), dtype=pl.Int32)}).join(named, on="row", how="left", maintain_order="left")
    drug = about["concept"].fill_null(_ABOUT)
    reviews = pl.Series([True]).new_from_index(0, len(texts))
    told = tellings(texts, words, reviews=reviews, treatments=drug, tagger=tagger("side_effects"))
    return told.filter(pl.col("treatment") == drug.gather(told["row"]))


def _present(texts: pl.Series) -> pl.DataFrame:
    """The simple way: every finding of oneself that is present is an adverse effect."""
    found = read(texts, vocabulary())
    return found.filter(pl.col("type").is_in(["symptom", "condition"]), pl.col("assertion") == "present", pl.col("experiencer") == "self")


def _joined(reviews: list[list[str]]) -> tuple[pl.Series, list[tuple[int, npt.NDArray[np.int64]]]]:
    """Reviews as texts, and for each the number of its first sentence and where its sentences begin (bytes, one more at the end)."""
    sentence_of, base = [], 0
    for sentences in reviews:
        sentence_of.append((base, np.cumsum([0, *(len(one.encode()) + 1 for one in sentences)])))
        base += len(sentences)
    return pl.Series([" ".join(sentences) for sentences in reviews], dtype=pl.String), sentence_of


def _marks(told: pl.DataFrame, sentence_of: list[tuple[int, npt.NDArray[np.int64]]], size: int) -> Marks:
    marks = np.zeros(size, bool)
    for row, start in told.select("row", "start").iter_rows():
        base, starts = sentence_of[row]
        marks[base + int(np.searchsorted(starts, start, side="right")) - 1] = True
    return marks


def _has_effect(post: Row, lines: list[str]) -> list[bool]:
    begins = np.cumsum([0, *(len(line) + 1 for line in lines)])
    at = {int(np.searchsorted(begins, span["start"], side="right")) - 1 for span in post["spans"] if span["type"] == "ADR"}
    return [n in at for n in range(len(lines))]


def _ended(sentence: str) -> str:
    text = sentence.strip()
    return text if text.endswith((".", "!", "?")) else text + "."


def _figures(name: str, gold: Marks, said: Marks, baseline: float | None) -> list[Figure]:
    note = "baseline: every present finding is adverse" if baseline is not None else ""
    return [
        measure(name, "F1", gold.size, lambda rows: _f1(gold[rows], said[rows]), baseline=baseline, note=note),
        measure(name, "recall", int(gold.sum()), _mean(said[gold])),
        measure(name, "precision", int(said.sum()), _mean(gold[said])),
    ]


def _f1(gold: Marks, said: Marks) -> float:
    both = int(gold.sum() + said.sum())
    return float(2 * (gold & said).sum() / both) if both else float("nan")


def _mean(right: Marks) -> Statistic:
    def share(rows: Rows) -> float:
        return float(right[rows].mean()) if rows.size else float("nan")

    return share
