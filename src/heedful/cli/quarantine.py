"""`heedful quarantine`: the rows that were set aside, each with file, line, what is wrong, what it is about, and the cure."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.cli.console import emit, open_site, say, table
from heedful.core.schemas import Quarantine

SHOWN = ("source", "file", "line", "reason")
"""The line itself stays sealed: it may hold what identifies somebody."""


def quarantine(config: Path, source: str, most: int, json: bool) -> None:
    """Rows set aside, by file and line; of one input if `source` names it."""
    with open_site(config) as site:
        rows = site.lake.read(Quarantine).sort("source", "file", "line", "reason")
        chosen = rows.filter(pl.col("source") == source) if source else rows
        site.ledger.audit(site.clock.now(), "read", {"queue": "quarantine", "rows": chosen.height})
    if json:
        emit({"rows": chosen.select(*SHOWN).head(most).to_dicts(), "all": chosen.height})
        return
    table("Set aside", SHOWN, chosen.select(*SHOWN).head(most).rows())
    if not chosen.height:
        say("Nothing is set aside.")
        return
    more = f" {chosen.height - most:,} more: --most {chosen.height}." if chosen.height > most else ""
    are = "1 row is" if chosen.height == 1 else f"{chosen.height:,} rows are"
    say(f"{are} set aside; nothing was lost. Correct the file and read it again: heedful run.{more}")
