"""ActiGraph's activity counts from raw acceleration, as its maker published them (Neishabouri et al. 2022, Sci Rep 12:11958).

To 30 Hz (a first-order low pass after filling up with zeros, then every M-th sample, rounded to 0.001 g), through the band pass of the
first models, scaled, cut to 4 to 128, to 10 Hz by means of three, summed to minutes from the first sample on. Equal to agcounts 0.2.6.
Where the device slept (idle sleep mode) the last sample is held, as the maker's programs do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter, lfilter_zi

from heedful.sources.wearables.actigraphy.acceleration import MINUTE, Floats, Ints

RATES = {30: (1, 1), 40: (3, 4), 50: (3, 5), 60: (1, 2), 70: (3, 7), 80: (3, 8), 90: (1, 3), 100: (3, 10)}
"""Samples a second for which counts are defined: filled up L-fold, then every M-th taken."""
LONGEST_GAP = 14 * 86_400
"""Seconds that are held at most; after a longer pause, or a clock that jumps back, counting begins anew."""
_ZEROS = (-0.009341062898525, -0.025470289659360, -0.004235264826105, 0.044152415456420, 0.036493718347760, -0.011893961934740,
          -0.022917390623150, -0.006788163862310, 0.0)  # fmt: skip
_POLES = (1.0, -3.63367395910957, 5.03689812757486, -3.09612247819666, 0.50620507633883, 0.32421701566682, -0.15685485875559,
          0.0194913020589, 0.0)  # fmt: skip
_SCALE = (3.0 / 4096.0) / (2.6 / 256.0) * 237.5
_LEAST, _MOST = 4.0, 128.0
_TENTHS = 600
"""Values at 10 Hz in a minute."""
_FILL = 100_000


class Counts:
    """Counts of one axis, sample by sample as they come.

    >>> counts = Counts(30)
    >>> still = counts.add(np.arange(3_600) * 1_000_000 // 30, np.full(3_600, 0.5))
    >>> [(int(begin), float(value), float(held)) for begin, value, held in still]
    [(0, 0.0, 0.0), (60000000, 0.0, 0.0)]
    """

    def __init__(self, rate: int) -> None:
        self._rate, (self._up, self._down) = rate, RATES[rate]
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._low: Any = np.zeros(1)
        self._band: Any = None
        self._phase, self._first, self._last, self._value = 0, 0, 0, 0.0
        self._minutes = 0
        self._thirds, self._tenths = np.empty(0), np.empty(0)
        self._held, self._held_minutes = np.empty(0), np.empty(0)

    def add(self, at: Ints, axis: Floats) -> list[tuple[int, float, float]]:
        """Minutes that these samples end: begin (microseconds), counts, and seconds of it that were held. `at`, `axis` (g): (n)."""
        found: list[tuple[int, float, float]] = []
        edges = np.flatnonzero(np.diff(at) > 1.5e6 / self._rate) + 1
        for part in np.split(np.arange(len(at)), edges):
            begin = int(at[part[0]])
            if self._band is not None:
                missing = round((begin - self._last) * self._rate / 1e6) - 1
                if missing < -self._rate or missing > LONGEST_GAP * self._rate:
                    self._begin_anew()
                for start in range(0, max(0, missing) if self._band is not None else 0, _FILL):
                    found += self._pushed(np.full(min(_FILL, missing - start), self._value), held=1.0)
            if self._band is None:
                self._first = begin
            found += self._pushed(axis[part], held=0.0)
            self._last, self._value = int(at[part[-1]]), float(axis[part[-1]])
        return found

    def _pushed(self, axis: Floats, *, held: float) -> list[tuple[int, float, float]]:
        # Rounding of the times of samples may not shift what is held: it is counted in tenths like the counts themselves.
        thirty = self._thirty(axis)
        if not len(thirty):
            return []
        if self._band is None:
            self._band = lfilter_zi(_ZEROS, _POLES) * thirty[0]
        passed, self._band = lfilter(_ZEROS, _POLES, thirty, zi=self._band)
        size = np.abs(_SCALE * passed)
        size = np.floor(np.where(size < _LEAST, 0.0, np.minimum(size, _MOST)))
        thirds, of_held = np.concatenate([self._thirds, size]), np.concatenate([self._held, np.full(len(size), held)])
        whole = len(thirds) // 3 * 3
        self._thirds, self._held = thirds[whole:], of_held[whole:]
        tenths = np.floor(thirds[:whole].reshape(-1, 3).sum(axis=1) / 3)
        return self._summed(tenths, of_held[:whole].reshape(-1, 3).mean(axis=1))

    def _thirty(self, axis: Floats) -> Floats:
        if self._rate == 30:
            return _rounded(axis)
        filled = np.zeros(len(axis) * self._up)
        filled[:: self._up] = axis
        if self._up > 1:
            gain, back = self._up * np.pi / (np.pi + 2 * self._up), (np.pi - 2 * self._up) / (np.pi + 2 * self._up)
            filled, self._low = lfilter([gain, gain], [1.0, back], filled, zi=self._low)
        chosen = filled[self._phase :: self._down]
        self._phase = (self._phase - len(filled)) % self._down
        return _rounded(chosen)

    def _summed(self, tenths: Floats, held: Floats) -> list[tuple[int, float, float]]:
        self._tenths, self._held_minutes = np.concatenate([self._tenths, tenths]), np.concatenate([self._held_minutes, held])
        whole = len(self._tenths) // _TENTHS
        sums = self._tenths[: whole * _TENTHS].reshape(-1, _TENTHS).sum(axis=1)
        holds = self._held_minutes[: whole * _TENTHS].reshape(-1, _TENTHS).sum(axis=1) / 10
        self._tenths, self._held_minutes = self._tenths[whole * _TENTHS :], self._held_minutes[whole * _TENTHS :]
        found = [(self._first + (self._minutes + n) * MINUTE, float(sums[n]), float(holds[n])) for n in range(whole)]
        self._minutes += whole
        return found


def _rounded(values: npt.NDArray[np.float64]) -> Floats:
    return np.asarray(np.round(values * 1_000) / 1_000)
