"""The claims of a site as a derivation needs them, and which of them one text is about."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from heedful.core.errors import SettingsError
from heedful.language.claim_matches import SiteClaims, nearest
from heedful.store.claim_bank import ClaimFile

FILE = "claims.jsonl"
"""Of a site's folder."""


def claim_file(folder: Path) -> ClaimFile:
    """The bank of a site."""
    return ClaimFile(folder / FILE)


def site_claims(folder: Path | None) -> SiteClaims:
    """All claims of a site; none without a folder. Adding one gives the derivation of matches a new version."""
    known = ClaimFile.none() if folder is None else claim_file(folder).claims()
    return SiteClaims(known.select("claim", "source", "verdict"))


def matched(claims: pl.DataFrame, text: str, best: int = 3) -> pl.DataFrame:
    """Claims (columns claim, source, verdict) that `text` is about, with `share` in common (0 to 1), stance, cue and evidence, best first;
    no row where none is near enough. Raises `SettingsError` if there are no claims."""
    if not claims.height:
        raise SettingsError("The claim bank is empty. Add claims to it first.")
    found = nearest(pl.Series([text], dtype=pl.String), SiteClaims(claims), best=best)
    near = claims.select(pl.col("claim", "source", "verdict").gather(found["claim"]))
    return near.hstack(found.select("stance", "cue", "evidence", share="score"))
