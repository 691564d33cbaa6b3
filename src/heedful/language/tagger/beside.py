"""What a tagger finds beside the vocabulary, in texts that speak of health: spans without a code, with the context of their sentence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from heedful.core.text_buffers import text_buffers
from heedful.language.tagger.dictionary import marks_of, occurrences
from heedful.language.tagger.tagger import Tagger, tag_marked
from heedful.language.vocabulary import FIGURE, Vocabulary

KINDS = {"ADR": "symptom", "WD": "symptom", "SSI": "symptom", "DI": "condition", "disease": "condition"}
"""What a tagger's type is as a mention's: the packaged ones are PsyTAR's and SocialDisNER's."""


@dataclass(frozen=True, eq=False)
class Taggers:
    """The tagger of each language, each read when the first text in its language is.

    by_language: by code. fingerprint: changes with any weight; a derivation that needs them is then computed again.
    """

    by_language: Mapping[str, Callable[[], Tagger]]
    fingerprint: str

    def of(self, language: str) -> Tagger | None:
        """The tagger of a language, if it has one."""
        read = self.by_language.get(language)
        return None if read is None else read()


NONE = Taggers({}, "none")
"""No taggers: what the vocabulary finds is all."""


class Beside(NamedTuple):
    """`found`: rows as of `find`, each of a span without a term; `types` and `probability` of each; `spans`: all that the tagger found
    (columns post, start, end, probability)."""

    found: pl.DataFrame
    types: pl.Series
    probability: pl.Series
    spans: pl.DataFrame


def found_beside(texts: pl.Series, found: pl.DataFrame, vocabulary: Vocabulary, tagger: Tagger) -> Beside:
    """Spans that `tagger` finds in texts with health context, and that touch nothing in `found`.

    Parameters
    ----------
    texts: String. found: `find(texts, vocabulary.index)`.

    A text has health context if the vocabulary finds a symptom, condition or drug in it, other than in a figure of speech. Where the
    vocabulary is small (fewer than 10,000 terms), a string of the tagger's examples does as well. Of PsyTAR's and CADEC's side effects less
    than 1 % stand in texts without (docs/language.md).
    """
    terms = found.filter(pl.col("term") < vocabulary.terms.height)
    rows = _telling(texts, terms, vocabulary, tagger)
    some = texts.gather(rows)
    marks = marks_of(terms, vocabulary).join(_numbered(rows), on="post", how="inner", maintain_order="left").select(
        pl.col("number").alias("post"), "start", "end", "kind"
    )  # fmt: skip
    spans = tag_marked(some, tagger, marks)
    offsets, data = text_buffers(some.fill_null(""))
    free = _free(spans, marks)
    first = vocabulary.terms.height + vocabulary.rules.height
    given = free.select("post", "start", "end", term=pl.int_range(first, first + pl.len(), dtype=pl.Int32))
    from heedful.language.kernels.given import context_of_given

    more = context_of_given(data, offsets, vocabulary.index, np.ascontiguousarray(given.to_numpy()))
    more_rows = pl.DataFrame(more, schema=found.schema).with_columns(rows.gather(given["post"]).alias("post"))
    kinds = free["type"].replace_strict(KINDS, default="symptom", return_dtype=pl.String)
    return Beside(
        more_rows, kinds, free["probability"], spans.select(rows.gather(spans["post"]).alias("post"), "start", "end", "probability")
    )


_SMALL = 10_000


def _telling(texts: pl.Series, terms: pl.DataFrame, vocabulary: Vocabulary, tagger: Tagger) -> pl.Series:
    """Rows of the texts with health context, in order."""
    posts = terms["post"].filter(_tells_of_health(vocabulary).gather(terms["term"]))
    if vocabulary.terms.height < _SMALL:
        every = pl.Series(np.arange(texts.len()), dtype=pl.Int32)
        posts = pl.concat([posts, occurrences(texts, tagger.index, every)["post"]])
    return posts.unique().sort()


@functools.lru_cache(8)
def _tells_of_health(vocabulary: Vocabulary) -> pl.Series:
    told = pl.col("type").is_in(["symptom", "condition", "drug"]) & (pl.col("code") != FIGURE)
    return vocabulary.terms.select(told=told)["told"]


def _numbered(rows: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"post": rows, "number": pl.int_range(rows.len(), dtype=pl.Int32, eager=True)})


def _free(spans: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """Spans that touch no mark."""
    return spans.filter(touching(spans, marks.with_columns(probability=pl.lit(1.0))).is_null())


def touching(rows: pl.DataFrame, spans: pl.DataFrame) -> pl.Series:
    """The probability of the first of `spans` (by post and start, apart from each other) that touches each row; null if none does.

    Both have columns post, start, end.
    """
    wide = np.int64(1) << 32
    own, start, end = (rows[name].to_numpy().astype(np.int64) for name in ("post", "start", "end"))
    post, begins, ends = (spans[name].to_numpy().astype(np.int64) for name in ("post", "start", "end"))
    first = np.searchsorted(post * wide + ends, own * wide + start, side="right")
    there = np.minimum(first, max(post.size - 1, 0))
    touches = first < post.size
    if post.size:
        touches &= (post[there] == own) & (begins[there] < end)
    which = pl.Series(np.where(touches, there, -1)).cast(pl.Int64)
    return spans["probability"].gather(which.replace(-1, None).cast(pl.UInt32)).rename("probability")
