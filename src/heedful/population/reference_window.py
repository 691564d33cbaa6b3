"""Same weeks of earlier years: the reference values that several detectors compare a date with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heedful.core.errors import SettingsError
from heedful.population.cases import Floats


@dataclass(frozen=True)
class ReferenceWindow:
    """Which rows before row t are its reference: t - `period` i - w .. t - `period` i + w for i = 1..`years_back` (w = `half_window`),
    and with `current_year` also t - w .. t - 1.

    Errors: `SettingsError` if that is no row at all, or windows overlap.
    """

    years_back: int
    half_window: int
    current_year: bool = True
    period: int = 52

    def __post_init__(self) -> None:
        if not self.offsets:
            raise SettingsError(
                f"{self}: no reference values. Look at least one year back, or at the current year with a half window of 1."
            )
        if len(set(self.offsets)) < len(self.offsets) or min(self.offsets) < 1:
            raise SettingsError(f"{self}: windows overlap. Take a half window under half a period.")

    @property
    def offsets(self) -> list[int]:
        """How many rows back each reference value lies.

        >>> ReferenceWindow(1, 2).offsets
        [54, 53, 52, 51, 50, 2, 1]
        """
        w = self.half_window
        earlier = [self.period * year - step for year in range(self.years_back, 0, -1) for step in range(-w, w + 1)]
        return earlier + (list(range(w, 0, -1)) if self.current_year else [])


def reference_moments(counts: Floats, window: ReferenceWindow) -> tuple[Floats, Floats]:
    """Sum and standard deviation (n - 1) of the reference values of each date, [series, dates]; NaN where one is missing."""
    total = sum(_back(counts, offset) for offset in window.offsets)
    mean = total / np.float64(len(window.offsets))
    squares = sum((_back(counts, offset) - mean) ** 2 for offset in window.offsets)
    return np.asarray(total), np.sqrt(squares / np.float64(max(len(window.offsets) - 1, 1)))


def _back(counts: Floats, offset: int) -> Floats:
    out = np.full_like(counts, np.nan)
    out[:, offset:] = counts[:, : max(counts.shape[1] - offset, 0)]
    return out
