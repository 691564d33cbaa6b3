"""The claim bank of a site: one JSON line a claim, with who checked it and what they found."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import polars as pl

from heedful.core.errors import SettingsError, StoreError
from heedful.core.schemas import INSTANT

VERDICTS = ("false", "misleading", "unproven", "mixed", "true")
"""What a source found of a claim."""

CLAIM_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "claim": pl.String,
    "source": pl.String,
    "verdict": pl.String,
    "added_at": INSTANT,
}


class ClaimFile:
    """Claims in the order of their adding. path: its file, made by the first claim."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def none() -> pl.DataFrame:
        """A bank without claims."""
        return pl.DataFrame(schema=CLAIM_COLUMNS)

    def claims(self) -> pl.DataFrame:
        """All claims: claim, source, verdict, added_at. Raises `StoreError` with the line that cannot be read."""
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        rows = [self._claim(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
        return pl.DataFrame(rows, schema=CLAIM_COLUMNS)

    def add(self, claim: str, source: str, verdict: str, added_at: datetime) -> None:
        """Add a claim. Raises `SettingsError` if it is empty or known, has an unknown verdict, or a source without an address."""
        claim = " ".join(claim.split())
        check_claim(claim, source, verdict)
        if claim.casefold() in {known.casefold() for known in self.claims()["claim"]}:
            raise SettingsError(f"The claim {claim!r} is in the bank already. See: heedful claims list")
        row = {"claim": claim, "source": source, "verdict": verdict, "added_at": added_at.isoformat()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        before = self.path.read_bytes() if self.path.exists() else b""
        before += b"" if before.endswith(b"\n") or not before else b"\n"
        part = self.path.with_suffix(".part")
        part.write_bytes(before + orjson.dumps(row) + b"\n")
        part.replace(self.path)

    def _claim(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            row = orjson.loads(line)
            check_claim(row["claim"], row["source"], row["verdict"])
            return {**{name: row[name] for name in CLAIM_COLUMNS}, "added_at": datetime.fromisoformat(row["added_at"])}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError, SettingsError) as error:
            raise StoreError(f"{self.path}, line {number}: this is no claim ({error}). Correct or remove the line.") from error


def check_claim(claim: str, source: str, verdict: str) -> None:
    """Raise `SettingsError` with the cure for what cannot be a claim of a bank."""
    if not any(letter.isalnum() for letter in claim):
        raise SettingsError("The claim is empty. Write it as one plain sentence.")
    if verdict not in VERDICTS:
        raise SettingsError(f"{verdict!r} is not a verdict; write one of {', '.join(VERDICTS)}: what the source found, not what you think.")
    address = urlsplit(source)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SettingsError(f"{source!r} is not an address. Name who checked the claim, as https://...")
