"""Pseudonyms: keyed BLAKE2b over distinct ids, in two spaces that cannot be joined.

The public space names authors, the participant space participants; each has a key of its own derived from the site's secret, so the
same person never has the same name in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import polars as pl

Space = Literal["public", "participant"]


@dataclass(frozen=True, repr=False)
class PseudonymKey:
    """The key of one space. Its repr shows nothing."""

    space: Space
    secret: bytes

    @classmethod
    def of(cls, space: Space, site_secret: bytes) -> PseudonymKey:
        """The key of `space` under a site's secret (at least 32 bytes)."""
        return cls(space, blake2b(b"space:" + space.encode(), key=site_secret[:64], digest_size=32).digest())

    def __repr__(self) -> str:
        return f"PseudonymKey({self.space})"

    def name(self, identifier: str) -> str:
        """The pseudonym of one id: a letter for the space and 24 hex digits (96 bits).

        >>> PseudonymKey.of("public", b"0" * 32).name("alice") == PseudonymKey.of("participant", b"0" * 32).name("alice")
        False
        """
        return self.space[:2] + "_" + blake2b(identifier.encode("utf-8", "surrogatepass"), key=self.secret, digest_size=12).hexdigest()

    def names(self, identifiers: pl.Series) -> pl.Series:
        """Pseudonyms of a column; each distinct id is hashed once. Missing stays missing."""
        distinct = identifiers.unique().drop_nulls()
        names = pl.Series([self.name(identifier) for identifier in distinct.to_list()], dtype=pl.String)
        return identifiers.replace_strict(distinct, names, default=None, return_dtype=pl.String)
