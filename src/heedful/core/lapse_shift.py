"""By how much a site moves the risk of a gap in a medicine to its own place."""

from __future__ import annotations

from dataclasses import dataclass

from heedful.core.errors import SettingsError

MOST_SHIFT = 3.0


@dataclass(frozen=True)
class LapseShift:
    """The resource `lapse`: by how much gaps are commoner in this place than the risk expects, in log odds; 0 where nobody said.

    Raises `SettingsError` beyond `MOST_SHIFT`.

    >>> LapseShift(0.5).fingerprint
    'shift=0.5'
    """

    shift: float = 0.0

    def __post_init__(self) -> None:
        if not abs(self.shift) <= MOST_SHIFT:
            raise SettingsError(f"risk.lapse_shift is {self.shift}; it lies between -{MOST_SHIFT:g} and {MOST_SHIFT:g}: log odds.")

    @property
    def fingerprint(self) -> str:
        return f"shift={self.shift!r}"


NO_SHIFT = LapseShift()
