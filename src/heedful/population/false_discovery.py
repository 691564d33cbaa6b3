"""False discoveries: among many series tested at once, which p-values are small for more than chance.

`benjamini_hochberg` takes all tests of a date as one family; `hierarchical_q` knows that tests come in strands (one signal, many places,
strata and detectors), and controls both the strands that are called and, within them, the tests.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from heedful.population.cases import Floats


def benjamini_hochberg(p: Floats) -> Floats:
    """q-values down each column: the smallest false-discovery rate at which the p-value would be called.

    Parameters
    ----------
    p: [series, dates]; NaN where a series was not tested, which takes it out of that date's family.

    Returns
    -------
    q of the same shape, never above 1, NaN where `p` is.

    Reference: Benjamini & Hochberg 1995, J R Stat Soc B 57:289-300. Equals R `p.adjust(method = "BH")`.

    >>> benjamini_hochberg(np.array([[0.01], [np.nan], [0.04], [0.03]])).round(3)[:, 0].tolist()
    [0.03, nan, 0.04, 0.04]
    """
    q = np.full_like(p, np.nan)
    if p.size == 0:
        return q
    order = np.argsort(p, axis=0, kind="stable")  # NaN goes last
    ranked = np.take_along_axis(p, order, axis=0)
    tested = np.isfinite(p).sum(axis=0)
    scaled = ranked * tested / np.arange(1, len(p) + 1)[:, None]
    from_last = np.fmin.accumulate(scaled[::-1], axis=0)[::-1]
    np.put_along_axis(q, order, np.where(np.isnan(ranked), np.nan, np.minimum(from_last, 1.0)), axis=0)
    return q


def hierarchical_q(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with q over two levels: which of the day's strands hold anything at all, and within those, which tests.

    Many places, strata and detectors look at one signal (a *strand*), and what one sees its parents see too. So the p-values of a strand
    are first made one by Simes' rule; strands are controlled among each other by Benjamini and Hochberg; within a strand the level is
    lowered by the share of strands that were chosen. At a limit L it holds, each day, that at most L of the strands with an alarm are
    false, and that over these strands the mean share of false alarms within is at most L. Tests of a strand may depend on each other
    positively, as sums over nested places do. The smallest q of a strand is the strand's own.

    Parameters
    ----------
    rows: `day`, `strand`, `p`; `tests` made in the strand that day, and `strands` tested that day. Tests that are not rows count as p = 1.

    Returns
    -------
    The same rows in the same order with `q`, `strand_q`, both at most 1; null where `p` is.

    Reference: Simes 1986, Biometrika 73:751-754; Benjamini & Bogomolov 2014, J R Stat Soc B 76:297-318; Bogomolov et al. 2021,
    Biometrika 108:575-590 (TreeBH; here with two levels).

    >>> rows = pl.DataFrame({"day": [1, 1, 1], "strand": [0, 0, 1], "p": [0.001, 0.02, 0.5], "tests": [2, 2, 1], "strands": [2, 2, 2]})
    >>> hierarchical_q(rows)["q"].round(4).to_list()
    [0.004, 0.04, 0.5]
    """
    asked = rows.with_row_index("_row").filter(pl.col("p").is_not_null() & pl.col("p").is_not_nan())
    within = ["day", "strand"]
    # ordinal ranks; a step-up minimum from the largest p makes ties equal again
    asked = asked.sort("day", "strand", "p").with_columns(_rank=pl.int_range(1, pl.len() + 1).over(within))
    scaled = (pl.col("p") * pl.col("tests") / pl.col("_rank")).clip(upper_bound=1.0)
    asked = asked.with_columns(_own=scaled.reverse().cum_min().reverse().over(within))
    strands = asked.group_by(within).agg(simes=pl.col("_own").min(), strands=pl.col("strands").first()).sort("day", "simes", "strand")
    strands = strands.with_columns(_k=pl.int_range(1, pl.len() + 1).over("day"))
    stepped = (pl.col("simes") * pl.col("strands") / pl.col("_k")).clip(upper_bound=1.0)
    strands = strands.with_columns(strand_q=stepped.reverse().cum_min().reverse().over("day"))
    asked = asked.join(strands.select(*within, "strand_q"), on=within, how="left", maintain_order="left")
    parts = [
        part.with_columns(q=_leaf_q(part["_own"].to_numpy(), by_day["strand_q"].to_numpy(), int(by_day["strands"][0])))
        for part, by_day in zip(_by_day(asked), _by_day(strands), strict=True)
    ]
    schema = {"_row": pl.UInt32, "q": pl.Float64, "strand_q": pl.Float64}
    found = pl.concat([pl.DataFrame(schema=schema), *(part.select(list(schema)) for part in parts)])
    return rows.with_row_index("_row").join(found, on="_row", how="left", maintain_order="left").drop("_row")


def _by_day(rows: pl.DataFrame) -> list[pl.DataFrame]:
    return rows.sort("day", maintain_order=True).partition_by("day", maintain_order=True)


def _leaf_q(own: Floats, strand_q: Floats, strands: int) -> Floats:
    """Smallest level at which a test is called: `own` its q within its strand; `strand_q` ascending, of the strands with a row.

    At a level L, k strands are chosen, those with a q up to L, and a test of theirs is called if `own` <= L k / `strands`.
    """
    chosen = np.arange(1, len(strand_q) + 1)
    at = np.searchsorted(chosen * strand_q / strands, own, side="left")  # the first k whose own level is enough
    enough = np.where(at < len(strand_q), strand_q[np.minimum(at, len(strand_q) - 1)], np.inf)
    before = np.where(at > 0, own * strands / np.maximum(at, 1), np.inf)
    return np.asarray(np.minimum(np.minimum(enough, before), 1.0))
