"""New words: phrases of one to three words that nobody has coded and that people suddenly say beside a symptom, condition or drug.

People are counted, not posts; a phrase must be said by at least the minimum cell of them, in sentences with a mention, and burst against
the days before. A phrase within a longer one that nearly the same people say gives way to it. What the list shows of texts are words that
as many people said. A person accepts or dismisses; nothing enters a vocabulary by itself.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from heedful.core.registry import METHODS, Card, Method
from heedful.language.bursts import Flags, Integers, Said, burst_score, masked, q_values, shown_words

CARD = Card(
    name="language.new_words",
    definition="Uncoded phrases of 1-3 words in sentences with a mention, by distinct people of a window against a baseline: "
    "log-likelihood ratio, exact binomial p, Benjamini-Hochberg q.",
    units="1",
    reference="Dunning 1993; Przyborowski and Wilenski 1940; Benjamini and Hochberg 1995.",
    limits="Needs a baseline: in a site's first weeks everything is new. Names, places and seasons burst as well; a person judges.",
)
METHODS.add(CARD.name, Method(CARD))

LONGEST = 3
Q_LIMIT = 0.05
_SAME_PEOPLE = 0.8

NEW_WORD_COLUMNS: dict[str, type[pl.DataType]] = {
    "phrase": pl.String, "people": pl.Int64, "before": pl.Int64, "of_people": pl.Int64, "of_before": pl.Int64, "score": pl.Float64,
    "p": pl.Float64, "q": pl.Float64, "example": pl.String,
}  # fmt: skip


def new_words(said: Said, minimum: int, *, q_limit: float = Q_LIMIT) -> pl.DataFrame:
    """Bursting phrases, the highest score first.

    Returns columns phrase; people and before (who said it in the window and in the baseline); of_people, of_before (who said anything near
    health context); score, p, q; example (a sentence, words of fewer than `minimum` people as '…'). No row where there is no baseline.
    """
    people_now, people_before = said.people()
    if not people_now or not people_before:
        return pl.DataFrame(schema=NEW_WORD_COLUMNS)
    found = _counted(said, _phrases(said), minimum)
    score, p = burst_score(found["people"].to_numpy(), found["before"].to_numpy(), people_now, people_before)
    judged = found.with_columns(score=score, p=p, q=q_values(p), of_people=pl.lit(people_now), of_before=pl.lit(people_before))
    kept = judged.filter(pl.col("q") <= q_limit, pl.col("score") > 0)
    named = kept.with_columns(phrase=pl.Series([_name(said, at, n) for at, n in kept.select("at", "length").iter_rows()], dtype=pl.String))
    whole = _longest(named).sort("score", "phrase", descending=[True, False])
    shown = shown_words(said, minimum)
    examples = [_example(said, at, shown) for at in whole["at"].to_list()]
    return whole.with_columns(example=pl.Series(examples, dtype=pl.String)).select(
        pl.col(name).cast(dtype) for name, dtype in NEW_WORD_COLUMNS.items()
    )


def _phrases(said: Said) -> pl.DataFrame:
    """One row a phrase and text: phrase (hash), at (row of its first word), length, text."""
    count = len(said.hashes)
    free: Flags = said.near & ~said.coded
    parts, key = [], said.hashes
    whole = free.copy()
    for length in range(1, LONGEST + 1):
        last = np.arange(count - length + 1) + length - 1
        if length > 1:
            whole = whole[: count - length + 1] & free[last] & (said.sentence[: count - length + 1] == said.sentence[last])
            key = _joined(key[: count - length + 1], said.hashes[last])
        at = np.flatnonzero(whole & said.telling[: count - length + 1] & said.telling[last])
        parts.append(pl.DataFrame({"phrase": key[at], "at": at, "length": np.full(at.size, length), "text": said.tokens.text[at]}))
    return pl.concat(parts)


def _joined(run: np.ndarray, word: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        mixed = (run ^ word) * np.uint64(0x9E3779B97F4A7C15)
        return np.asarray((mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xC2B2AE3D27D4EB4F))


def _counted(said: Said, phrases: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Phrases that at least `minimum` people said in the window: phrase, people, before, at (its first place), length."""
    text = phrases["text"].to_numpy()
    rows = phrases.with_columns(author=said.author[text], recent=said.recent[text])
    once = rows.group_by("phrase", "author", "recent").agg(pl.col("at").min(), pl.col("length").first())
    now = pl.col("recent")
    counts = once.group_by("phrase").agg(
        people=now.sum().cast(pl.Int64),
        before=(~now).sum().cast(pl.Int64),
        at=pl.col("at").filter(now).min(),
        length=pl.col("length").first(),
    )
    return counts.filter(pl.col("people") >= minimum).sort("at", "length")


def _name(said: Said, at: int, length: int) -> str:
    return " ".join(said.words[at : at + length])


def _longest(found: pl.DataFrame) -> pl.DataFrame:
    """Without phrases within a longer one that nearly as many people said, and without longer ones that fewer of them said."""
    rows = found.to_dicts()
    gone: set[str] = set()
    for row in sorted(rows, key=lambda row: -row["length"]):
        inner = f" {row['phrase']} "
        for other in rows:
            if other["length"] >= row["length"] or f" {other['phrase']} " not in inner:
                continue
            gone.add(other["phrase"] if row["people"] >= _SAME_PEOPLE * other["people"] else row["phrase"])
    return found.filter(~pl.col("phrase").is_in(sorted(gone)))


def _example(said: Said, at: int, shown: Flags) -> str:
    """The sentence at a place; of a long one the dozen words on either side."""
    rows: Integers = np.flatnonzero(said.sentence == said.sentence[at])
    return masked(said, rows[(rows >= at - 12) & (rows <= at + 12)], shown)
