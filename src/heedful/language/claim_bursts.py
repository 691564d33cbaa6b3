"""Bursts that match no claim: many people suddenly writing the same thing near health context, for a person to name, or to dismiss.

Texts are one cluster if a chain of likenesses connects them by their telling words (copies, and texts that share most of their rare words).
A cluster is listed if at least the minimum cell of people are in it, few of them speak of themselves, and its words burst against the
days before. It is named by its words; what is shown of a text are words that enough people said.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl

from heedful.core.registry import METHODS, Card, Method
from heedful.language.bursts import Said, burst_score, masked, q_values, shown_words
from heedful.language.voices.near_duplicates import groups_of_copies
from heedful.language.voices.shingles import shingle_sets

CARD = Card(
    name="language.claim_bursts",
    definition="Clusters of texts near health context that match no claim, by Jaccard likeness of their telling words, by distinct people, "
    "with the log-likelihood ratio, exact p and q of their words against a baseline.",
    units="1",
    reference="As language.new_words; likeness after Broder 1997.",
    limits="The same thing told in other words is another cluster. A burst is a question, not a rumor: news and campaigns burst as well.",
)
METHODS.add(CARD.name, Method(CARD))

LIKENESS = 0.4
LEAST_WORDS = 4
"""Telling words of a text that is compared."""

COMMON = 0.05
"""Share of the baseline's people beyond which a word does not tell a text from others."""

Q_LIMIT = 0.05
SELF_SHARE = 0.5

BURST_COLUMNS: dict[str, type[pl.DataType]] = {
    "burst": pl.String, "words": pl.String, "people": pl.Int64, "posts": pl.Int64, "before": pl.Int64, "of_people": pl.Int64,
    "of_before": pl.Int64, "score": pl.Float64, "p": pl.Float64, "q": pl.Float64, "example": pl.String,
}  # fmt: skip
_SELF = ("i", "im", "ive", "id", "my", "me", "mine", "myself")


def claim_bursts(said: Said, minimum: int, *, q_limit: float = Q_LIMIT) -> pl.DataFrame:
    """Bursting clusters, the highest score first.

    Returns columns burst (its id), words (said in at least half of its texts), people, posts, before (people of the baseline who wrote most
    of the words), of_people, of_before, score, p, q, example. No row where there is no baseline.
    """
    people_now, people_before = said.people()
    if not people_now or not people_before:
        return pl.DataFrame(schema=BURST_COLUMNS)
    words = _telling(said)
    clusters = _clusters(said, words, minimum)
    if not clusters.height:
        return pl.DataFrame(schema=BURST_COLUMNS)
    before = _before(words, clusters)
    score, p = burst_score(clusters["people"].to_numpy(), before.to_numpy(), people_now, people_before)
    shown = shown_words(said, minimum)
    judged = clusters.with_columns(
        before=before, score=score, p=p, q=q_values(p), of_people=pl.lit(people_now), of_before=pl.lit(people_before)
    ).filter(pl.col("q") <= q_limit, pl.col("score") > 0)
    examples = [masked(said, np.flatnonzero(said.tokens.text == text), shown) for text in judged["text"].to_list()]
    found = judged.with_columns(example=pl.Series(examples, dtype=pl.String)).sort("score", "burst", descending=[True, False])
    return found.select(pl.col(name).cast(dtype) for name, dtype in BURST_COLUMNS.items())


def _telling(said: Said) -> pl.DataFrame:
    """Telling words by text, one row each, without those that many people of the baseline say: text, row, word, author, recent."""
    text = said.tokens.text
    rows = pl.DataFrame({
        "text": text.astype(np.int64), "row": np.arange(len(text)), "word": said.hashes, "author": said.author[text],
        "recent": said.recent[text],
    }).filter(pl.Series(said.telling))  # fmt: skip
    usual = rows.filter(~pl.col("recent")).select("word", "author").unique().group_by("word").agg(people=pl.len())
    common = usual.filter(pl.col("people") > max(1.0, COMMON * said.people()[1]))["word"]
    return rows.filter(~pl.col("word").is_in(common.implode())).unique(["text", "word"], keep="first", maintain_order=True)


def _clusters(said: Said, words: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Clusters of the window's texts: burst, words, keys (hashes), people, posts, text (one of them)."""
    recent = words.filter("recent").filter(pl.len().over("text") >= LEAST_WORDS)
    if not recent.height:
        return pl.DataFrame(schema={"keys": pl.List(pl.UInt64)})
    number = recent["text"].rank("dense").cast(pl.Int64).to_numpy() - 1
    texts = recent["text"].unique(maintain_order=True)
    sets = shingle_sets(recent["word"].to_numpy(), number, texts.len(), 1)
    group = pl.Series(groups_of_copies(sets, LIKENESS))
    members = pl.DataFrame({"text": texts, "group": group}).with_columns(
        author=said.author[texts.to_numpy()], own=pl.Series(_of_self(said)).gather(texts)
    )
    sizes = members.group_by("group").agg(
        people=pl.col("author").n_unique().cast(pl.Int64),
        posts=pl.len().cast(pl.Int64),
        own=pl.col("own").mean(),
        text=pl.col("text").min(),
    )
    large = sizes.filter(pl.col("people") >= minimum, pl.col("own") <= SELF_SHARE)
    inside = recent.join(members.select("text", "group"), on="text").join(large.select("group", "posts"), on="group")
    keys = (
        inside.group_by("group", "word")
        .agg(n=pl.len(), posts=pl.col("posts").first(), row=pl.col("row").min(), author=pl.col("author").n_unique())
        .filter(2 * pl.col("n") >= pl.col("posts"), pl.col("author") >= minimum)
        .sort("group", "row").group_by("group", maintain_order=True).agg(keys=pl.col("word"), rows=pl.col("row"))
        .filter(pl.col("keys").list.len() >= 2)
    )  # fmt: skip
    names = [" ".join(said.words[row] for row in rows) for rows in keys["rows"].to_list()]
    ids = [blake2b(" ".join(sorted(name.split())).encode(), digest_size=4).hexdigest() for name in names]
    named = keys.with_columns(words=pl.Series(names, dtype=pl.String), burst=pl.Series(ids, dtype=pl.String))
    return large.join(named, on="group").unique("burst", keep="first", maintain_order=True).sort("burst")


def _of_self(said: Said) -> np.ndarray:
    """Whether each text says 'I'."""
    own = dict.fromkeys(_SELF, True)
    hits = np.array([word in own for word in said.words], np.bool_)
    found = np.zeros(len(said.author), np.bool_)
    found[said.tokens.text[hits]] = True
    return found


def _before(words: pl.DataFrame, clusters: pl.DataFrame) -> pl.Series:
    """People of the baseline with a text that holds most of a cluster's words."""
    keys = clusters.select("burst", word="keys").with_columns(size=pl.col("word").list.len()).explode("word")
    held = (
        words.filter(~pl.col("recent"))
        .join(keys, on="word")
        .group_by("burst", "text", "author")
        .agg(n=pl.len(), size=pl.col("size").first())
    )
    people = held.filter(2 * pl.col("n") > pl.col("size")).group_by("burst").agg(before=pl.col("author").n_unique().cast(pl.Int64))
    return clusters.select("burst").join(people, on="burst", how="left", maintain_order="left")["before"].fill_null(0)
