"""Texts in which each drug and each finding is one sign, cut into sentences: what patterns of words between them are looked for in."""

from __future__ import annotations

import numpy as np
import polars as pl

from heedful.core.text_buffers import text_buffers
from heedful.language.folding import fold_table

DRUG, FINDING = "D", "F"
"""The signs: capitals, in words that are lower-case otherwise, so that they are words to a pattern."""

_MARKS = {DRUG: "\x01", FINDING: "\x02"}
"""What stands for them until the words are lower-case. A text that holds these control characters itself has them as blanks."""

REACH = 240
"""Bytes of a sentence that are looked at on either side of a mention or cue, so that a long one costs no more than its length."""


def masked_sentences(texts: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sentences with signs instead of mentions, and each mention's place in them.

    Parameters
    ----------
    texts: columns row (Int32), text; only rows that `found` names need be there.
    found: rows of `heedful.language.reading.read` (row, start, end, type); events are left alone.

    Returns
    -------
    sentences: row, part (number of the sentence in its text), words (lower-case, masked), start and end (bytes in the text).
    placed: `found` with part, left and right: at most `REACH` bytes of the masked sentence before and after the mention.
    """
    texts = texts.with_columns(pl.col("text").str.replace_all("[\x01\x02]", " "))
    bounds = _bounds(texts)
    found = found.with_row_index("_n").sort("row", "start").join_asof(
        bounds.select("row", "part", "first", "last").sort("row", "first"), left_on="start", right_on="first", by="row",
        strategy="backward", check_sortedness=False,
    ).with_columns(pl.col("part").fill_null(0))  # fmt: skip
    signs = {"drug": _MARKS[DRUG], "symptom": _MARKS[FINDING], "condition": _MARKS[FINDING]}
    spans = found.filter(pl.col("type").is_in(list(signs))).select(
        "row", "start", "end", sign=pl.col("type").replace_strict(signs, return_dtype=pl.String)
    )
    marked = _masked(texts, spans.unique(["row", "start"], keep="first", maintain_order=True))
    moved = [_moved(bounds, spans, edge) for edge in ("first", "last")]
    bounds = bounds.with_columns(moved[0].alias("_first"), moved[1].alias("_last"))
    cut = bounds.join(marked, on="row", how="left", maintain_order="left")
    words = _cut(cut["masked"], cut["_first"], cut["_last"]).alias("words")
    sentences = cut.select("row", "part", words, "first", "last", "_first", "_last")
    at = found.with_columns(_moved(found, spans, "start").alias("_at"), _moved(found, spans, "end").alias("_to"))
    at = at.join(sentences.select("row", "part", "_first", "_last"), on=["row", "part"], how="left", maintain_order="left").join(
        marked, on="row", how="left", maintain_order="left"
    )
    first = pl.max_horizontal(pl.col("_at") - REACH, pl.col("_first").fill_null(0))
    last = pl.min_horizontal(pl.col("_to") + REACH, pl.col("_last").fill_null(1 << 30))
    at = at.with_columns(first.alias("_from"), last.alias("_until"))
    placed = at.with_columns(
        _cut(at["masked"], at["_from"], at["_at"]).alias("left"), _cut(at["masked"], at["_to"], at["_until"]).alias("right")
    )
    dropped = ["first", "last", "_first", "_last", "_at", "_to", "_from", "_until", "masked", "_n"]
    return sentences.select("row", "part", "words", start="first", end="last"), placed.sort("_n").drop(dropped)


def _bounds(texts: pl.DataFrame) -> pl.DataFrame:
    """Sentences of texts: row, part, first and last byte; a text without words has one."""
    from heedful.language.kernels.token_features import token_rows
    from heedful.language.kernels.tokens import GAP_STOP

    offsets, data = text_buffers(texts["text"])
    table = fold_table()
    text, start, _, gap, *_ = token_rows(data, offsets, table.classes, table.at, table.folded)
    opens = np.flatnonzero((gap == GAP_STOP) & (np.diff(text, prepend=-1) == 0))
    columns = {"n": text[opens], "first": (start[opens] - offsets[text[opens]])}
    begins = pl.concat(
        [
            pl.DataFrame({"n": np.arange(texts.height), "first": np.zeros(texts.height, np.int64)}),
            pl.DataFrame(columns).with_columns(pl.all().cast(pl.Int64)),
        ]
    ).sort("n", "first")
    sizes = pl.Series("size", np.diff(offsets))
    return begins.with_columns(
        row=texts["row"].gather(begins["n"]),
        part=(pl.int_range(pl.len()).over("n")).cast(pl.Int32),
        last=pl.coalesce(pl.col("first").shift(-1).over("n"), sizes.gather(begins["n"])),
    ).select("row", "part", pl.col("first", "last").cast(pl.Int32))


def _masked(texts: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Texts with each span replaced by its sign: row, masked (Binary, lower-case ASCII letters; offsets are those of `_moved`)."""
    gaps = spans.with_columns(begin=pl.col("end").shift(1).over("row").fill_null(0)).join(
        texts, on="row", how="left", maintain_order="left"
    )
    raw = gaps["text"].cast(pl.Binary)
    pieces = gaps.select("row", piece=_slices(raw, gaps["begin"], gaps["start"]) + pl.Series(gaps["sign"]))
    joined = pieces.group_by("row", maintain_order=True).agg(pl.col("piece").str.join(""))
    ends = spans.group_by("row").agg(pl.col("end").max())
    whole = texts.join(joined, on="row", how="left", maintain_order="left").join(ends, on="row", how="left", maintain_order="left")
    raw = whole["text"].cast(pl.Binary)
    tail = _slices(raw, whole["end"].fill_null(0), raw.bin.size("b").cast(pl.Int32))
    return whole.select("row", masked=(pl.col("piece").fill_null("") + tail).cast(pl.Binary))


def _moved(rows: pl.DataFrame, spans: pl.DataFrame, column: str) -> pl.Series:
    """Where a byte of the text stands once the spans before it are signs; within a span, where its sign begins."""
    shrunk = spans.unique(["row", "start"], keep="first", maintain_order=True).sort("row", "start")
    shrunk = shrunk.with_columns(_less=(pl.col("end") - pl.col("start") - 1).cum_sum().over("row")).select(
        "row", pl.col("end").alias("_end"), "_less"
    )
    joined = rows.with_row_index("_k").sort(column).join_asof(
        shrunk.sort("_end"), left_on=column, right_on="_end", by="row", strategy="backward", check_sortedness=False
    )  # fmt: skip
    return joined.sort("_k").select((pl.col(column) - pl.col("_less").fill_null(0)).cast(pl.Int32)).to_series()


def _cut(masked: pl.Series, first: pl.Series, last: pl.Series) -> pl.Series:
    words = _slices(masked, first, last).str.to_lowercase().str.replace_all("[’‘`´]", "'")
    for sign, mark in _MARKS.items():
        words = words.str.replace_all(mark, sign, literal=True)
    return words


def _slices(raw: pl.Series, first: pl.Series, last: pl.Series) -> pl.Series:
    """Bytes first to last of each as text; a character that a bound cuts is left out."""
    bounds = pl.DataFrame({"raw": raw, "first": first.clip(0), "last": last})
    # A byte 10xxxxxx goes on with a character: both bounds move forward to where the next one begins, at most three bytes.
    for bound in ("first", "last"):
        for _ in range(3):
            within = pl.col("raw").bin.slice(pl.col(bound), 1).bin.encode("hex").str.contains("^[89ab]")
            bounds = bounds.with_columns(pl.when(within).then(pl.col(bound) + 1).otherwise(bound).alias(bound))
    length = (pl.col("last") - pl.col("first")).clip(0)
    return bounds.select(pl.col("raw").bin.slice(pl.col("first"), length).alias("piece").cast(pl.String)).to_series()
