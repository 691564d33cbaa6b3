"""Spans as tags of tokens and back: a span begins, goes on and ends, or is one whole token (the BIOES scheme)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.tagger.features import Tokens, places_of

SPAN_COLUMNS = {"post": pl.Int32, "start": pl.Int32, "end": pl.Int32, "type": pl.String}
"""A span: row of its text, bytes in it, and what it is."""

ROLES = 4
BEGINS, INSIDE, ENDS, WHOLE = 1, 2, 3, 4
"""Tag 0 is outside; type number t has tags 4 t + 1 to 4 t + 4 in this order."""

_REACH = 2
"""Most characters beside its tokens that a span takes in."""

Edges = npt.NDArray[np.bool_]


def allowed_steps(types: int) -> npt.NDArray[np.bool_]:
    """Which tag may follow which: (tags + 2, tags), the last two rows say which may begin and which may end a chain.

    >>> allowed_steps(1).astype(int).tolist()
    [[1, 1, 0, 0, 1], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [1, 1, 0, 0, 1], [1, 1, 0, 0, 1], [1, 1, 0, 0, 1], [1, 0, 0, 1, 1]]
    """
    tags = np.arange(1 + ROLES * types)
    role, kind = (tags - 1) % ROLES + 1, (tags - 1) // ROLES
    role[0] = 0
    opens, goes_on = (role == BEGINS) | (role == INSIDE), (role == INSIDE) | (role == ENDS)
    steps = np.where(opens[:, None], (kind[:, None] == kind) & goes_on, ~goes_on)
    return np.vstack([steps, ~goes_on, ~opens])


def tags_of(tokens: Tokens, spans: pl.DataFrame, types: tuple[str, ...]) -> npt.NDArray[np.int8]:
    """Tags of tokens by the spans that they touch; where spans overlap, the one that begins first (the longest of those) counts."""
    tags = np.zeros(tokens.text.size, np.int8)
    ordered = spans.sort("post", "start", -pl.col("end").cast(pl.Int64), "type")
    first, after = places_of(ordered, tokens)
    number, free = {name: i for i, name in enumerate(types)}, 0
    for a, b, kind in zip(first.tolist(), after.tolist(), ordered["type"], strict=True):
        if b <= a or a < free:
            continue
        base, free = ROLES * number[kind], b
        tags[a:b] = base + INSIDE
        tags[a], tags[b - 1] = (base + WHOLE, base + WHOLE) if b == a + 1 else (base + BEGINS, base + ENDS)
    return tags


def spans_of(tokens: Tokens, tags: npt.NDArray[np.int8], types: tuple[str, ...]) -> pl.DataFrame:
    """Spans (`SPAN_COLUMNS`) of tags that keep to `allowed_steps`."""
    role = np.where(tags > 0, (tags - 1) % ROLES + 1, 0)
    first, last = np.flatnonzero((role == BEGINS) | (role == WHOLE)), np.flatnonzero((role == ENDS) | (role == WHOLE))
    kind = pl.Series(types, dtype=pl.String).gather((tags[first] - 1) // ROLES)
    columns = {"post": tokens.text[first], "start": tokens.start[first], "end": tokens.end[last], "type": kind}
    return pl.DataFrame(columns, schema_overrides=SPAN_COLUMNS)


def edges_of(texts: pl.Series, tokens: Tokens, spans: pl.DataFrame) -> Edges:
    """Which bytes beside its tokens are mostly part of a span: (3, 256), before, after, and after where a bracket is open in it.

    One set of examples marks "#Libya", another only "Libya"; all mark "nausea (at first)" with its last bracket.
    """
    data = [text.encode() for text in texts.fill_null("")]
    inside, met = np.zeros((3, 256), np.int64), np.zeros((3, 256), np.int64)
    first, after = places_of(spans, tokens)
    rows = spans.select("post", "start", "end").iter_rows()
    for (post, start, end), a, b in zip(rows, first.tolist(), after.tolist(), strict=True):
        if b <= a:
            continue
        text, left, right = data[post], int(tokens.start[a]), int(tokens.end[b - 1])
        if left > 0:
            met[0, text[left - 1]] += 1
            inside[0, text[left - 1]] += start < left
        if right < len(text):
            side = 1 + _is_open(text[left:right])
            met[side, text[right]] += 1
            inside[side, text[right]] += end > right
    ascii_ = np.arange(256) < 128  # half a character would be no text
    return (2 * inside > met) & ascii_


def with_edges(texts: pl.Series, spans: pl.DataFrame, edges: Edges) -> pl.DataFrame:
    """Spans with the characters beside them that `edges` takes in."""
    starts, ends = spans["start"].to_list(), spans["end"].to_list()
    said = [text.encode() for text in texts.fill_null("").gather(spans["post"])]
    for i, (text, first, last) in enumerate(zip(said, starts[:], ends[:], strict=True)):
        start, end = first, last
        while end < min(len(text), last + _REACH) and edges[1 + _is_open(text[start:end]), text[end]]:
            end += 1
        while start > max(0, first - _REACH) and edges[0, text[start - 1]]:
            start -= 1
        starts[i], ends[i] = start, end
    return spans.with_columns(start=pl.Series(starts, dtype=pl.Int32), end=pl.Series(ends, dtype=pl.Int32))


def _is_open(text: bytes) -> bool:
    return text.count(b"(") > text.count(b")")
