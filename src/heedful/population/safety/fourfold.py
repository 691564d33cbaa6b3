"""The fourfold table of a drug and an effect, for many pairs at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError

Floats = npt.NDArray[np.float64]


class Fourfold(NamedTuple):
    """Accounts of the drug with (`both`) and without (`drug_only`) the effect, of other drugs with (`effect_only`) and without
    (`neither`) it; arrays of one shape."""

    both: Floats
    drug_only: Floats
    effect_only: Floats
    neither: Floats


def fourfold(observed: npt.ArrayLike, drug_total: npt.ArrayLike, effect_total: npt.ArrayLike, total: npt.ArrayLike) -> Fourfold:
    """The four cells from a pair's count and the totals around it, broadcast to one shape.

    Errors: `SettingsError` where a cell would be negative or a count is missing, naming the first such pair.

    >>> [int(cell) for cell in fourfold(41, 55, 795, 592013)]
    [41, 14, 754, 591204]
    """
    parts = (np.asarray(part, dtype=np.float64) for part in (observed, drug_total, effect_total, total))
    both, drug, effect, everything = np.broadcast_arrays(*parts)
    table = Fourfold(both, drug - both, effect - both, everything - drug - effect + both)
    wrong = ~(np.minimum.reduce(table) >= 0) | np.isinf(everything)
    if wrong.any():
        place = int(np.flatnonzero(wrong.ravel())[0])
        numbers = tuple(float(part.ravel()[place]) for part in (both, drug, effect, everything))
        raise SettingsError(
            f"Pair {place + 1}: observed, drug total, effect total and total {numbers} leave a cell of the fourfold table negative or "
            "missing. Count accounts (one person and one drug) with heedful.population.safety.accounts."
        )
    return table
