"""The epochs of formats that write a table: date and time, count, steps and wear by column."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, clock_time, day_ordered, micro, number


def split(lines: list[str], delimiter: str, place: str, first: int) -> list[list[str]]:
    """The cells of lines, of which the first is line `first` of the file."""
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error as error:
        raise SourceError(place, f"its table cannot be read ({error})", CURE, first) from error


def instants(days: list[str], times: list[str], order: str, place: str, first: int) -> list[int]:
    """Microseconds since 1970 of days and times as written; each distinct day and time is read once."""
    by_day = {written: micro(datetime.combine(day, datetime.min.time())) for written, day in
              day_ordered(list(dict.fromkeys(days)), order, place, first).items()}  # fmt: skip
    by_time = dict[str, int]()
    for written in dict.fromkeys(times):
        hour, minute, second = clock_time(written, place, first)
        by_time[written] = (hour * 3_600 + minute * 60 + second) * 1_000_000
    return [by_day[day] + by_time[time] for day, time in zip(days, times, strict=True)]


def epochs(
    device: str, begins: Iterable[int], counts: Iterable[str], lines: Iterable[int], place: str, *, seconds: float = 0.0,
    steps: list[str] | None = None, not_worn: list[str] | None = None, is_utc: bool = False,
) -> Epochs:  # fmt: skip
    """A recording of a table's columns; without `seconds` the commonest gap between epochs is their length."""
    start = np.array(list(begins), np.int64)
    if len(start) < 2 and not seconds:
        raise SourceError(place, "it has fewer than two epochs", CURE)
    gaps = np.diff(start)
    if len(gaps) and (gaps <= 0).any():
        line = int(np.array(list(lines))[int(np.flatnonzero(gaps <= 0)[0]) + 1])
        raise SourceError(place, "an epoch begins before the one above it", CURE, line)
    length = seconds or float(np.median(gaps)) / 1e6
    return Epochs(
        device, length, start, np.array([number(cell) for cell in counts]), np.array(list(lines), np.int64),
        None if steps is None else np.array([number(cell) for cell in steps]),
        None if not_worn is None else np.array([cell.strip() != "1" for cell in not_worn], np.bool_), is_utc,
    )  # fmt: skip
