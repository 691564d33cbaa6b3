"""The derived table of claims: which posts are about a claim of the site's bank, and what they do with it. Most posts: about none.

A match needs a share of words and word parts in common above a threshold, two words that say something, and most of the words that tell the
claim from others (what "5G causes it" and "bats cause it" share is no claim). What the text does with the claim is said by rules
(`heedful.language.stance`), and that may be "unclear". Nothing here says whether a claim is true.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.schemas import Claims, Posts
from heedful.language.claims import ClaimBank, build_bank, text_rows
from heedful.language.reading import english
from heedful.language.stance import holds, stances

LEAST_SHARE = 0.35
"""Mean of three shares: word parts (cosine), weighted words of the text, weighted words of the claim. Chosen on train rows of
CheckThat! 2020 and RHMD (docs/language.md, "Claims")."""

_ROOM = 20_000_000
"""Pairs of a text and a claim that are compared at once."""


@dataclass(frozen=True, eq=False)
class SiteClaims:
    """The claims of a site; a derivation that needs them is computed again when their `fingerprint` changes.

    claims: columns claim, source, verdict.
    """

    claims: pl.DataFrame

    @functools.cached_property
    def bank(self) -> ClaimBank:
        """As `heedful.language.claims` reads it."""
        return build_bank(self.claims["claim"])

    @functools.cached_property
    def ids(self) -> pl.Series:
        """The id of each claim."""
        return pl.Series("claim", [claim_id(claim) for claim in self.claims["claim"]], dtype=pl.String)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Changes with any claim; who checked it, and what they found, changes no match."""
        return blake2b("\x1f".join(self.claims["claim"]).encode(), digest_size=16).hexdigest()


def claim_id(claim: str) -> str:
    """The id of a claim: a hash of its words.

    >>> claim_id("Garlic cures the flu.") == claim_id("garlic  cures the flu.")
    True
    """
    return blake2b(" ".join(claim.casefold().split()).encode(), digest_size=5).hexdigest()


@derivation(reads=(Posts,), writes=Claims, by=None, needs=("claims",), version=1)
def claims(posts: Frame[Public, Posts], *, claims: SiteClaims) -> Frame[Public, Claims]:
    """The claims of the site's bank that posts declared English, or not declared, are about, with stance and evidence."""
    texts = posts.data.filter(english(pl.col("language")))
    found = nearest(texts["text"], claims)
    said = texts.select(pl.all().gather(found["post"])) if found.height else texts.clear()
    rows = found.hstack(said.select("source", pl.col("post").alias("id"), "author", "day", "known_at"))
    named = rows.with_columns(claim=claims.ids.gather(rows["claim"]) if rows.height else pl.lit("")).drop("post").rename({"id": "post"})
    return posts.derive(Claims, named.select(*Claims.columns).sort(Claims.key))


def nearest(texts: pl.Series, site: SiteClaims, *, best: int = 1) -> pl.DataFrame:
    """Each text's likeliest claims, best first: post (row of the text), claim (row of the bank), score, stance, cue, evidence."""
    empty = {"post": pl.UInt32, "claim": pl.UInt32, "score": pl.Float64, "stance": pl.String, "cue": pl.String, "evidence": pl.String}
    if not site.claims.height or not texts.len():
        return pl.DataFrame(schema=empty)
    size = max(256, _ROOM // site.claims.height)
    parts = [_scored(texts[at : at + size], site).with_columns(post=pl.col("post") + at) for at in range(0, texts.len(), size)]
    close = pl.concat(parts).filter(pl.col("score") >= LEAST_SHARE).sort("post", "score", "claim", descending=[False, True, False])
    wording = (texts.gather(close["post"]).fill_null("").to_list(), site.claims["claim"].gather(close["claim"]).to_list())
    about = close.filter(pl.Series("about", [holds(text, claim) for text, claim in zip(*wording, strict=True)], dtype=pl.Boolean))
    first = about.group_by("post", maintain_order=True).head(best)
    told = stances(texts.gather(first["post"]).to_list(), site.claims["claim"].gather(first["claim"]).to_list())
    return first.hstack(told).select(pl.col(name).cast(dtype) for name, dtype in empty.items())


def _scored(texts: pl.Series, site: SiteClaims) -> pl.DataFrame:
    """Pairs of texts and claims that may reach the threshold, with their share: post, claim, score."""
    bank, rows = site.bank, text_rows(site.bank, texts)
    telling = _telling(bank)
    common = (_only(rows.weighed, telling) @ _only(bank.plain, telling).T).tocoo()
    sizes = np.bincount(_only(bank.plain, telling).tocoo().row, minlength=site.claims.height)
    close = common.data >= np.minimum(2, sizes[common.col] - 1)
    post, claim = common.row[close].astype(np.int64), common.col[close].astype(np.int64)
    shared = _dots(rows.weighed, bank.plain, post, claim)
    of_text = np.asarray(rows.weighed.sum(axis=1)).ravel() + 1e-9
    of_claim = np.asarray(bank.plain.multiply(bank.word_weight).sum(axis=1)).ravel() + 1e-9
    words = shared / of_text[post] + shared / of_claim[claim]
    near = np.flatnonzero(words >= 3 * LEAST_SHARE - 1)  # the cosine is at most 1
    post, claim = post[near], claim[near]
    texts_of, place = np.unique(post, return_inverse=True)
    share = (words[near] + _dots(rows.runs(texts_of), bank.runs, place, claim)) / 3
    return pl.DataFrame({"post": post, "claim": claim, "score": share})


def _telling(bank: ClaimBank) -> npt.NDArray[np.float64]:
    """1 for the words by which claims are looked up: those of at most ten claims, or of one in fifty in a large bank."""
    in_claims = np.bincount(bank.plain.indices, minlength=bank.word_weight.size)
    return ((in_claims > 0) & (in_claims <= max(10, (bank.plain.indptr.size - 1) / 50))).astype(np.float64)


def _only(rows: sparse.csr_matrix, kept: npt.NDArray[np.float64]) -> sparse.csr_matrix:
    """1 for each word of a row that is kept."""
    chosen = rows.copy()
    chosen.data = kept[chosen.indices]
    chosen.eliminate_zeros()
    return chosen


def _dots(
    left: sparse.csr_matrix, right: sparse.csr_matrix, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The product of each pair of rows."""
    size = 200_000
    parts = [
        np.asarray(left[rows[at : at + size]].multiply(right[columns[at : at + size]]).sum(axis=1)).ravel()
        for at in range(0, len(rows), size)
    ]
    return np.concatenate([np.empty(0), *parts])
