"""Fitbit's sleep logs as stretches that do not overlap: short wakes are cut out of the stages that they interrupt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

STAGES = {
    "wake": "awake", "light": "light", "deep": "deep", "rem": "rem",
    "asleep": "asleep", "awake": "awake", "restless": "awake",
}  # fmt: skip
"""Fitbit's levels in our words. The older logs' minutes asleep leave restless out, so restless is awake."""

Stretch = tuple[datetime, datetime, str]


def stretches(log: Mapping[str, Any]) -> list[Stretch]:
    """Start, end and stage of each stretch of a log, in order, in the log's local time.

    `levels.data` gives the stages, `levels.shortData` wakes of up to three minutes that lie upon them. Raises KeyError, ValueError or
    TypeError if the log lacks a part, or names a level that is not known.

    >>> stage = {"dateTime": "2021-02-04T00:30:30.000", "level": "light", "seconds": 600}
    >>> wake = {"dateTime": "2021-02-04T00:35:00.000", "level": "wake", "seconds": 60}
    >>> [(end - start).seconds for start, end, _ in stretches({"levels": {"data": [stage], "shortData": [wake]}})]
    [270, 60, 270]
    """
    levels = log["levels"]
    long, short = _read(levels["data"]), _read(levels.get("shortData") or ())
    out: list[Stretch] = []
    for start, end, stage in long:
        for wake_start, wake_end, wake in short:
            if start < wake_end and wake_start < end:
                out += [(start, wake_start, stage)] if start < wake_start else []
                out.append((max(start, wake_start), min(end, wake_end), wake))
                start = min(end, wake_end)
        out += [(start, end, stage)] if start < end else []
    return out


def _read(levels: Sequence[Mapping[str, Any]]) -> list[Stretch]:
    found = []
    for level in levels:
        start = datetime.fromisoformat(level["dateTime"])
        found.append((start, start + timedelta(seconds=float(level["seconds"])), STAGES[level["level"]]))
    return sorted(found)
