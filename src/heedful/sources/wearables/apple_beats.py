"""Beats that Apple's watch lists within a record of heart-rate variability: an instantaneous rate and a clock time each.

The times have no date, and are of the zone in which the phone stood at export, which need not be the one of the record's stamps. So only
their place within a quarter of an hour counts (zones differ by whole quarters), from the record's start on; a record lasts about a minute.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from heedful.sources.base import Options
from heedful.sources.wearables.apple_types import clean, device_name
from heedful.sources.wearables.beats import CODE, of_rates
from heedful.sources.wearables.drafts import Draft, Rows, Settled

OUTSIDE = "its clock time lies outside the record that lists it; export again, or leave the list out"
_UNREADABLE = "its rate or clock time cannot be read; please report it"
_CLOCK = re.compile(r"(\d{1,2}):(\d\d):(\d\d(?:[.,]\d+)?)")
_QUARTER, _SLACK = 900.0, 5.0

Beat = tuple[dict[str, str], str, str]
"""The attributes of the record that lists it, its rate and its clock time."""


class Beats:
    """Turns listed beats into intervals of `options.subject`; remembers what was numbered before in the file."""

    def __init__(self, path: Path, options: Options, known_at: datetime) -> None:
        self._file, self._settled, self._number = path.name, Settled(options, known_at), 0
        self._last: tuple[dict[str, str], float] = ({}, float("nan"))
        """The record that listed the last beat, and its time: a batch may be cut within a list."""

    def rows(self, beats: list[Beat]) -> tuple[pl.DataFrame, tuple[Any, ...], Counter[str]]:
        """Observations, frames of what is set aside (`line` is the beat's number in the file), and exact repeats."""
        rows, unread = Rows(), list[tuple[int, str, str | bytes | None]]()
        if not beats:
            return rows.table(), (), Counter()
        for _, listed in groupby(beats, key=lambda beat: id(beat[0])):
            self._add(list(listed), rows, unread)
        draft = Draft(self._file, rows.table(), unread)
        observed, aside = self._settled.of(draft)
        return observed, aside, draft.skipped

    def _add(self, listed: list[Beat], rows: Rows, unread: list[tuple[int, str, str | bytes | None]]) -> None:
        record = listed[0][0]
        start, end = (_stamp(record.get(name)) for name in ("startDate", "endDate"))
        device = device_name(clean(record.get("sourceName")), record.get("sourceVersion"), _tail(record.get("device")))
        offset = round((start.utcoffset() or timedelta()).total_seconds() / 60) if start else 0
        placed = list[tuple[int, float, float]]()
        for _, rate, clock in listed:
            self._number += 1
            told, number = _CLOCK.search(clock), _positive(rate)
            if told is None or number is None:
                unread.append((self._number, f"{CODE}: {_UNREADABLE}", f"{rate} at {clock}"))
                continue
            since = _since(start, end, told)
            if since is None:
                unread.append((self._number, f"{CODE}: {OUTSIDE}", f"{rate} at {clock}"))
                continue
            placed.append((self._number, number, since))
        if start is None or not placed:
            return
        before = self._last[1] if self._last[0] == record else float("nan")
        self._last = (dict(record), placed[-1][2])
        lengths = of_rates(np.array([one[1] for one in placed]), np.array([one[2] for one in placed]), before)
        for (number, rate_told, since), length in zip(placed, lengths.tolist(), strict=True):
            at = start + timedelta(seconds=since)
            rows.add(number, CODE, at - timedelta(milliseconds=length), round(length, 3), end=at, device=device, offset_minutes=offset,
                     written=f"{rate_told:g} beats a minute at {at}")  # fmt: skip


def _since(start: datetime | None, end: datetime | None, told: re.Match[str]) -> float | None:
    """Seconds from the record's start; None where the record does not hold this clock time."""
    if start is None or end is None:
        return None
    clock = int(told[1]) * 3_600 + int(told[2]) * 60 + float(told[3].replace(",", "."))
    since = (clock - (start.minute * 60 + start.second)) % _QUARTER
    since = since - _QUARTER if since > _QUARTER - _SLACK else since
    length = (end - start).total_seconds()
    return round(since, 3) if since <= length + _SLACK and length < _QUARTER - 2 * _SLACK else None


def _stamp(written: str | None) -> datetime | None:
    try:
        return datetime.strptime(written or "", "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None


def _positive(written: str) -> float | None:
    try:
        number = float(written.replace(",", "."))
    except ValueError:
        return None
    return number if 1 <= number <= 1_000 else None


def _tail(device: str | None) -> str | None:
    """Without the memory address, as the records' own devices are read."""
    return device and device[device.find(">") :]
