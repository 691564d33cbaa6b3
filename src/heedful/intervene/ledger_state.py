"""What the ledger already knows of a person when a decision is due: when messages were sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True)
class LedgerState:
    """Times of a person's earlier decisions to send (aware, ascending), over at least the eight days before."""

    sent_at: tuple[datetime, ...] = ()


def ledger_states(decisions: pl.DataFrame) -> dict[str, LedgerState]:
    """The state of every person from rows of `Decisions`; a decision counts as sent from its scheduled time on."""
    sent = decisions.filter(pl.col("outcome") == "send").sort("person", "scheduled_at")
    grouped = sent.group_by("person", maintain_order=True).agg("scheduled_at")
    return {person: LedgerState(tuple(times)) for person, times in grouped.iter_rows()}
