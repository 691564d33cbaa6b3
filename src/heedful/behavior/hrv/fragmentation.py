"""Heart-rate fragmentation: how often the intervals turn from lengthening to shortening and back.

`PIP` is the share of turning points, `IALS` the inverse mean length of stretches of one direction, `PSS` the share of stretches under
three, `PAS` the share of alternating stretches with four turns or more.

Costa et al. 2017, Front Physiol 8:255. Equal to NeuroKit2 0.2.13, which counts stretches, not intervals, in PSS and PAS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fragmentation(rr_ms: NDArray[np.float64]) -> dict[str, float]:
    """The four shares; NaN where there is no stretch.

    >>> fragmentation(np.array([800.0, 810, 800, 810, 800, 810]))["PIP"]
    0.6666666666666666
    """
    change = np.diff(rr_ms)
    turns = np.flatnonzero(np.diff(np.sign(change)))
    lengths = np.concatenate([_stretches(np.flatnonzero(change > 0)), _stretches(np.flatnonzero(change < 0))])
    alternating = _stretches(turns)
    return {
        "PIP": len(turns) / (len(change) + 1),
        "IALS": float(1 / lengths.mean()) if len(lengths) else float("nan"),
        "PSS": float(np.mean(lengths < 3)) if len(lengths) else float("nan"),
        "PAS": float(np.mean(alternating >= 4)) if len(alternating) else float("nan"),
    }


def _stretches(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lengths of runs of consecutive places."""
    if not len(places):
        return np.empty(0, np.int64)
    ends = np.flatnonzero(np.diff(places) > 1)
    return np.diff(np.concatenate([[-1], ends, [len(places) - 1]]))
