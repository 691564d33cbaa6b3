"""The audit chain: every act carries the hash of the one before, so that a change anywhere shows."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import polars as pl

GENESIS = "0" * 64


def chain_hash(previous: str, n: int, at: datetime, act: str, detail: str) -> str:
    """BLAKE2b-256 of one link and the hash before it, hex."""
    text = "\x1f".join((previous, str(n), str(round(at.timestamp() * 1_000_000)), act, detail))
    return blake2b(text.encode(), digest_size=32).hexdigest()


def verify_chain(rows: pl.DataFrame) -> int | None:
    """The number of the first link that does not fit (missing, changed or out of order), or None if the chain is whole.

    `rows`: the audit table ordered by n. A chain cut off at its end cannot be seen from inside: keep the last hash elsewhere.
    """
    previous = GENESIS
    for expected, row in enumerate(rows.iter_rows(named=True), start=1):
        previous = chain_hash(previous, row["n"], row["at"], row["act"], row["detail"])
        if row["n"] != expected or row["hash"] != previous:
            return expected
    return None
