"""Which claims of a site's bank a text repeats, by words in common alone: for banks without examples to learn a scorer from."""

from __future__ import annotations

import polars as pl
from scipy.special import logit

from heedful.language.claims import FEATURES, ClaimScorer, build_bank, match

SHARES = ("runs", "words of text", "words of claim")
LEAST_SHARE = 0.4
"""Of the mean of `SHARES`. Chosen on train rows of CheckThat! 2020 and RHMD: among 10,190 claims a fifth of the tweets is matched, 94 % of
these rightly, and 2 % of personal posts are; among five claims 12 % of the tweets, all rightly, and no personal post."""

_STEEPNESS = 10.0
_WEIGHTS = (*(_STEEPNESS / len(SHARES) if name in SHARES else 0.0 for name in FEATURES), -_STEEPNESS * LEAST_SHARE)
PLAIN = ClaimScorer(weights=_WEIGHTS, acceptance=_WEIGHTS, threshold=0.5)
"""Nothing in it is learned: three shares weigh the same."""


def matched(claims: pl.DataFrame, text: str, best: int = 3) -> pl.DataFrame:
    """Claims (columns claim, source, verdict) that `text` shares enough words with, with `share` in common (0 to 1), best first; no row
    where none reaches `LEAST_SHARE`. Raises `SettingsError` if there are no claims."""
    found = match(build_bank(claims["claim"]), pl.Series([text]), PLAIN, best=best).filter(pl.col("score") > PLAIN.threshold)
    near = claims.select(pl.col("claim", "source", "verdict").gather(found["claim"]))
    return near.with_columns(share=pl.Series(logit(found["score"].to_numpy()) / _STEEPNESS + LEAST_SHARE))
