"""The id by which people name a row: `alarm:1f0c9a3e2b7d`, the singular of its table and a hash of its key."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import polars as pl

from heedful.core.errors import NotFoundError
from heedful.core.schemas import TABLES, Schema

SINGULAR = {
    "alarms": "alarm", "counts": "count", "features": "feature", "changes": "change", "adherence": "adherence", "plans": "plan",
    "risks": "risk", "timeline": "timeline", "mentions": "mention", "experiences": "experience", "decisions": "decision",
    "people_mentions": "person_mention", "voices": "voice", "left_out": "left_out", "claims": "claim", "alerts": "alert",
    "estimates": "estimate", "text_labels": "text_label", "rumours": "rumour", "audiences": "audience", "niches": "niche",
    "agreements": "agreement", "self_reports": "self_report", "group_agreements": "group_agreement", "progress": "progress",
    "context_features": "context_feature", "own_posts": "own_post",
}  # fmt: skip
_TABLE = {singular: table for table, singular in SINGULAR.items()}


def row_id(schema: type[Schema], row: dict[str, Any]) -> str:
    """The id of one row, given at least its key columns."""
    values = "\x1f".join(_text(row[name]) for name in schema.key)
    return f"{SINGULAR[schema.table]}:{blake2b(values.encode(), digest_size=6).hexdigest()}"


def row_ids(rows: pl.DataFrame, schema: type[Schema]) -> pl.Series:
    """Ids of many rows."""
    return pl.Series("id", [row_id(schema, row) for row in rows.select(schema.key).iter_rows(named=True)], dtype=pl.String)


def table_of(identifier: str) -> type[Schema]:
    """The table that an id belongs to. Raises `NotFoundError` naming the kinds that exist."""
    kind = identifier.split(":")[0]
    if ":" not in identifier or kind not in _TABLE:
        raise NotFoundError(f"{identifier!r} is not an id. Ids look like {', '.join(f'{name}:…' for name in sorted(_TABLE))}.")
    return TABLES[_TABLE[kind]]


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
