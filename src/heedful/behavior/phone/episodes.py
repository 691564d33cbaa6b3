"""Episodes, shared out among the time segments that they touch.

An episode is cut into minutes of 60,000 ms, each ending 1 ms before the next begins; a minute belongs to the segments that contain its
begin or its end, and counts as far as it lies in them. So an episode's duration in a segment lacks 1 ms a minute, as in RAPIDS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from heedful.behavior.segments import assign, check_zone, in_study, local_clock, segments_for

_MINUTE_MS = 60_000


def shared_out(episodes: pl.DataFrame, segments: pl.DataFrame, arguments: Mapping[str, Any]) -> pl.DataFrame:
    """One row an episode and segment: the episode's columns, the segment's, `begin_ms` and `finish_ms` there, `minutes` (duration).

    Episodes have `row` (their number), `begin_ms` and `finish_ms`. Rows come by episode, then in order of the minutes.
    """
    pieces = _pieces(episodes, check_zone(str(arguments.get("timezone", "UTC"))))
    if pieces.is_empty():
        return pl.DataFrame()
    placed = assign(in_study(pieces, arguments), segments_for(pieces, segments, arguments))
    placed = placed.unique(["row", "begin_ms", "finish_ms", "name"], keep="first", maintain_order=True).with_columns(
        begin_ms=pl.max_horizontal("begin_ms", "start_ms"), finish_ms=pl.min_horizontal("finish_ms", "end_ms")
    )  # fmt: skip
    kept = [name for name in episodes.columns if name not in ("begin_ms", "finish_ms", "row")]
    return placed.group_by("row", "order", "series", "label", "name", "start_text", "end_text", maintain_order=True).agg(
        *(pl.col(name).first() for name in kept), pl.col("begin_ms").first(), pl.col("finish_ms").last(),
        minutes=(pl.col("finish_ms") - pl.col("begin_ms")).sum() / _MINUTE_MS,
    )  # fmt: skip


def _pieces(episodes: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The minutes, each twice: at its begin and at its end."""
    count = (pl.col("finish_ms") - pl.col("begin_ms")) // (_MINUTE_MS + 1) + 1
    minutes = episodes.with_columns(minute=pl.int_ranges(0, count)).explode("minute").with_columns(
        begin_ms=pl.col("begin_ms") + pl.col("minute") * _MINUTE_MS
    ).with_columns(finish_ms=pl.min_horizontal(pl.col("begin_ms") + _MINUTE_MS - 1, "finish_ms")).drop("minute")  # fmt: skip
    twice = pl.concat([minutes.with_columns(at_ms=pl.col("begin_ms")), minutes.with_columns(at_ms=pl.col("finish_ms"))])
    return twice.with_columns(local=local_clock("at_ms", zone))
