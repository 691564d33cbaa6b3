"""What runners of reference cases share: a recording out of a table, durations as pandas writes them, scores back to plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from heedful.behavior.actigraphy.recordings import DAY, HOUR, MINUTE, SECOND, UNKNOWN, WAKE, RecordingError, Recordings, States, recordings
from heedful.core.errors import SchemaError, SettingsError

_UNITS = {
    "d": DAY, "day": DAY, "days": DAY, "h": HOUR, "hour": HOUR, "hours": HOUR, "hr": HOUR, "t": MINUTE, "min": MINUTE, "m": MINUTE,
    "minute": MINUTE, "minutes": MINUTE, "s": SECOND, "sec": SECOND, "second": SECOND, "seconds": SECOND, "ms": 1,
}  # fmt: skip


def milliseconds(duration: str) -> int:
    """A duration as pandas writes it. Raises `SettingsError` if it is none.

    >>> milliseconds("30Min"), milliseconds("1h30min"), milliseconds("7D"), milliseconds("H")
    (1800000, 5400000, 604800000, 3600000)
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)?\s*([A-Za-z]+)", duration)
    rest = re.sub(r"(\d+(?:\.\d+)?)?\s*([A-Za-z]+)\s*", "", duration)
    if not parts or rest or any(unit.lower() not in _UNITS for _, unit in parts):
        raise SettingsError(f"{duration!r} is no duration that heedful knows. Write it like 24h, 30min, 7D or 1h30min.")
    return round(sum(float(number or 1) * _UNITS[unit.lower()] for number, unit in parts))


def known_only(method: str, arguments: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raise `SettingsError` if a case has an argument that the method does not know: ignored, it would change the answer unseen."""
    strange = sorted(arguments.keys() - set(names))
    if strange:
        raise SettingsError(f"{method} has no argument {', '.join(strange)}. It knows {', '.join(names)}.")


def recording_of(inputs: Mapping[str, pl.DataFrame]) -> Recordings:
    """The table `activity` (time, activity) as the recording of one person.

    Errors: `SchemaError` if a column is absent, `RecordingError` if the times are not equally spaced.
    """
    table = inputs.get("activity")
    if table is None or not {"time", "activity"} <= set(table.columns):
        raise SchemaError("The case has no input 'activity' with the columns time and activity.")
    if table.height < 2:
        raise RecordingError("A recording of fewer than two epochs has no epoch length.")
    text = table.get_column("time")
    try:
        time = text if text.dtype.is_temporal() else text.str.to_datetime(time_unit="ms")
    except pl.exceptions.PolarsError as error:
        raise RecordingError(
            f"A time cannot be read ({str(error).splitlines()[0]}). Write times of the device's clock, such as 2026-03-01T22:00:00."
        ) from error
    instants = time.dt.cast_time_unit("ms").to_physical().to_numpy()
    steps = np.diff(instants)
    if (steps != steps[0]).any() or steps[0] <= 0:
        place = int(np.flatnonzero(steps != steps[0])[0]) + 2 if (steps != steps[0]).any() else 2
        raise RecordingError(f"Row {place}: the times are not equally spaced. Fill the gap with empty counts.")
    counts = table.get_column("activity").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return recordings([counts], [np.datetime64(int(instants[0]), "ms")], float(steps[0]) / SECOND)


def as_in_pyactigraphy(states: States) -> States:
    """Unknown epochs as awake: the program compares with a missing number, which is never true."""
    return States(np.where(states.state == UNKNOWN, WAKE, states.state).astype(np.int8), states.begin, states.start, states.epoch)


def missing_as_still(held: Recordings) -> Recordings:
    """Missing counts as 0: where the program sums epochs, one without a count is one without movement."""
    return replace(held, counts=np.nan_to_num(held.counts, nan=0.0)) if np.isnan(held.counts).any() else held


def score_of(states: States) -> dict[str, Any]:
    """The states of one person as cases write them; unknown ones are None."""
    return {
        "score": {
            "start": str(np.datetime64(int(states.start[0]), "ms").astype("datetime64[s]")),
            "step_seconds": states.epoch / SECOND,
            "n": len(states.state),
            "values": [None if one == UNKNOWN else float(one) for one in states.state.tolist()],
        }
    }


def plain(value: float) -> float | None:
    """A number, or None if it is not finite."""
    return float(value) if np.isfinite(value) else None
