"""False discoveries: among many series tested at once, which p-values are small for more than chance."""

from __future__ import annotations

import numpy as np

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
