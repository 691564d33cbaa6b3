"""A device's clock that runs fast or slow, corrected by what its owner measured: seconds a day, from the recording's first sample on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heedful.core.errors import SettingsError

SETTING = "clock_gain_seconds"
MOST_SECONDS = 600.0
"""A day. A worn device gains a second or two; a clock that is minutes off was set wrongly, and does not drift."""
DAY = 86_400


def gain(path: Path, settings: Mapping[str, Any]) -> float:
    """Seconds that the clock gains in a second, from the setting in seconds a day (negative: it loses); 0.0 if it is not declared.

    Measured by reading the device's clock beside a true one at the end: difference in seconds over days of recording.

    >>> gain(Path("x.cwa"), {"clock_gain_seconds": 8.64})
    0.0001
    """
    told = settings.get(SETTING, 0.0)
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told) or abs(told) > MOST_SECONDS:
        raise SettingsError(
            f"{path}: {SETTING} is how many seconds the clock gains a day (negative: loses), at most {MOST_SECONDS:.0f}, not {told!r}."
        )
    return float(told) / DAY
