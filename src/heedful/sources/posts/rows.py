"""The last steps that all post sources share: from read columns to rows of `posts`, and to a batch that accounts for every record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from heedful.core.schemas import INSTANT, Posts
from heedful.sources.base import Batch, Deletion, frame
from heedful.sources.quarantine import QuarantineList

EMPTY_TEXT = "empty text"
REPEATED = "same id again in this batch: the last one is kept"
DELETION = "deletion event"
KINDS = ("post", "reply", "repost", "review", "comment")
UNKNOWN_AUTHOR = "unknown:"


@dataclass
class Tally:
    """What became of the records of one batch that are no rows: reasons with counts, deletions, unknown fields, quarantine."""

    quarantine: QuarantineList
    skipped: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    deletions: list[Deletion] = field(default_factory=list)
    records: int = 0

    def batch(self, posts: pl.DataFrame, cursor: dict[str, Any], done: int, total: int) -> Batch:
        """A batch of finished `posts` and of all that was set aside."""
        rows = (frame(posts, Posts),) if posts.height else ()
        return Batch(
            rows=(*rows, *self.quarantine.take()),
            cursor=cursor,
            done=done,
            total=total,
            records=self.records,
            deletions=tuple(self.deletions),
            skipped={reason: count for reason, count in sorted(self.skipped.items()) if count},
            aside=dict(sorted(self.aside.items())),
        )


def finish(data: pl.DataFrame, source: str, known_at: datetime, skipped: Counter[str], *, synthetic: bool = False) -> pl.DataFrame:
    """Rows of `posts` from columns of post, author, posted_at, text, kind and any nullable ones.

    A row without text is left out and counted. An author who is missing becomes `unknown:` and the post's id, so that two
    anonymous people are never taken for one. A null `known_at` is `known_at`. Of rows with one id and one `known_at`, the last stays.
    """
    if "known_at" not in data.columns:
        data = data.with_columns(known_at=pl.lit(known_at, dtype=INSTANT))
    told = data.filter(pl.col("text").str.contains(r"\S"))
    skipped[EMPTY_TEXT] += data.height - told.height
    known = told.with_columns(
        pl.col("author").fill_null(UNKNOWN_AUTHOR + pl.col("post")),
        pl.col("known_at").fill_null(pl.lit(known_at, dtype=INSTANT)),
        source=pl.lit(source),
        day=pl.col("posted_at").dt.date(),
    )
    if "synthetic" not in known.columns:
        known = known.with_columns(synthetic=pl.lit(synthetic))
    one = known.unique(["post", "known_at"], keep="last", maintain_order=True)
    skipped[REPEATED] += known.height - one.height
    return one.select([name for name in Posts.columns if name in one.columns])
