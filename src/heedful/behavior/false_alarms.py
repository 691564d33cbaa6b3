"""How often a detector has alarmed on this person's own earlier days that nothing explains: the share, and its interval.

Nothing is known of illness where no record says so, so that every earlier alarm without a declared cause counts as false; days of a true
illness make the rate too high, never too low. The interval is Wilson's (1927, JASA 22:209) and takes days as independent; alarms come in
runs, so that the true interval is wider.
"""

from __future__ import annotations

import polars as pl

_Z = 1.959963984540054


def wilson(alarms: pl.Expr, judged: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper end of the 95 % interval of `alarms` out of `judged`; null where nothing was judged.

    >>> low, high = wilson(pl.col("a"), pl.col("n"))
    >>> pl.DataFrame({"a": [0, 3], "n": [20, 60]}).select(low.round(3).alias("low"), high.round(3).alias("high")).rows()
    [(0.0, 0.161), (0.017, 0.137)]
    """
    n = judged.cast(pl.Float64)
    share = alarms.cast(pl.Float64) / n
    wide = 1 + _Z**2 / n
    middle = (share + _Z**2 / (2 * n)) / wide
    half = _Z * (share * (1 - share) / n + _Z**2 / (4 * n**2)).sqrt() / wide
    some = judged > 0
    low = pl.when(alarms > 0).then((middle - half).clip(0, 1)).otherwise(0.0)  # exactly, not up to rounding
    return pl.when(some).then(low), pl.when(some).then((middle + half).clip(0, 1))


def rate_sentence(alarms: pl.Expr, judged: pl.Expr) -> pl.Expr:
    """' Of this person's 60 earlier judged days that nothing explains, 3 were raised (5 %, 95 % interval 2 to 14 %).'"""
    low, high = wilson(alarms, judged)
    percent = [(100 * share).round(0).cast(pl.Int64) for share in (alarms / judged, low, high)]
    known = pl.format(
        " Of this person's {} earlier judged days that nothing explains, {} were raised ({} %, 95 % interval {} to {} %).", judged, alarms,
        *percent,
    )  # fmt: skip
    return pl.when(judged > 0).then(known).otherwise(pl.lit(" No earlier day of this person could be judged yet."))


def explanation(because: pl.Expr) -> pl.Expr:
    """' This is expected after a vaccination on 2026-03-03.', or nothing."""
    return pl.when(because.is_not_null()).then(pl.format(" This is {}.", because)).otherwise(pl.lit(""))
