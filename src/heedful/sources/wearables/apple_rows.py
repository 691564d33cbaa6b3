"""Observations from the columns of an Apple export, a batch at a time.

Numbers are worked out in numpy; text goes to polars once, a column at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.schemas import INSTANT
from heedful.sources.wearables import plausible, stamps
from heedful.sources.wearables.apple_columns import CATEGORY, DURATION, FRACTION, HOWS, MOST_DEVICES, NUMBER, STAGE, Columns, Names, Whole
from heedful.sources.wearables.apple_notes import Noted
from heedful.sources.wearables.apple_types import STAGES, category_word
from heedful.sources.wearables.numbering import Numbering, mixed

REPEATED = "exact repeat of a record: same type, interval, value, unit and source"

LONGEST_CONTENT = 10_000
"""Characters kept of a record that is set aside."""

_NOT_SET_ASIDE = pl.DataFrame(schema={"record": pl.Int64, "reason": pl.String, "content": pl.String})

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Converted:
    """`rows`: observations. `aside`: record number, reason, content. `repeated`: exact repeats left out.
    `withheld`: metadata entries left out because they hold an identifier.
    """

    rows: pl.DataFrame
    aside: pl.DataFrame
    repeated: int
    withheld: int


NOTHING = Converted(pl.DataFrame(), _NOT_SET_ASIDE, 0, 0)
"""Of a batch without records."""


@dataclass(frozen=True)
class _Typed:
    """Records of a batch as numbers; `kind` indexes the meanings, `word` the coded values, -1 for none."""

    kind: Whole
    device: Whole
    source: Whole
    start: stamps.Stamps
    end: stamps.Stamps
    texts: Callable[[Places], list[str | None]]
    value: npt.NDArray[np.float64]
    word: Whole


class Conversion:
    """Turns columns into observations of `person`; remembers what was numbered before in the file."""

    def __init__(self, names: Names, person: str, known_at: datetime) -> None:
        self._names, self._person, self._known_at = names, person, known_at
        self._numbering = Numbering()

    def convert(self, columns: Columns, first: int) -> Converted:
        """Observations of the collected records; `first` is the number of the first of them in the file, from 1."""
        typed = self._typed(columns)
        suspicious = np.flatnonzero(self._suspicious(typed))
        aside = self._set_aside(typed, suspicious, first) if len(suspicious) else _NOT_SET_ASIDE
        good = np.ones(columns.size, np.bool_)
        good[aside["record"].to_numpy() - first] = False
        kept = np.flatnonzero(good)
        rows, repeated = self._numbered(typed, kept)
        kept, rows = kept[~repeated], rows[~repeated]
        noted = self._noted(columns)
        how = np.where(noted.manual[kept], 0, self._names.how[typed.kind[kept]])
        observed = self._observed(typed, kept, rows, how, noted.extra(kept))
        return Converted(observed, aside, int(repeated.sum()), noted.withheld)

    def _noted(self, columns: Columns) -> Noted:
        return self._names.notes.read(columns.noted, columns.notes, columns.size)

    def _typed(self, columns: Columns) -> _Typed:
        names = self._names
        kind, device, source = names.resolve(columns)
        start, end, shape = stamps.parse(columns.starts.data), stamps.parse(columns.ends.data), names.shape[kind]
        theirs = columns.numbers.copy()
        if len(written := np.flatnonzero(columns.plain == 0)):
            theirs[written] = _numbers(pl.Series(columns.texts(written), dtype=pl.String))
        value = theirs * names.factor[kind] + names.shift[kind]
        if (fraction := shape == FRACTION).any():
            value[fraction & (value <= 1)] *= 100
        if (lasting := (shape == DURATION) & np.isnan(theirs)).any():
            value[lasting] = (end.instant - start.instant)[lasting] / 60e6
        word = names.workout[kind]
        if (worded := (shape == STAGE) | ((shape == CATEGORY) & np.isnan(theirs))).any():
            at = np.flatnonzero(worded)
            word[at] = self._worded(pl.Series(columns.texts(at), dtype=pl.String), shape[at] == STAGE)
        return _Typed(kind, device, source, start, end, columns.texts, value, word)

    def _worded(self, texts: pl.Series, stage: npt.NDArray[np.bool_]) -> Whole:
        """Coded values as numbers of words: sleep stages in ours, other categories in Apple's; -1 for an unknown stage or none."""
        apples = texts.drop_nulls().unique(maintain_order=True)
        as_stage = [self._names.words[STAGES[one]] if one in STAGES else -1 for one in apples]
        as_word = [self._names.words[category_word(one)] for one in apples]
        stages, words = (_renamed(texts, apples, numbers) for numbers in (as_stage, as_word))
        return np.where(stage, stages, words)

    def _suspicious(self, typed: _Typed) -> npt.NDArray[np.bool_]:
        """Records that may have to be set aside; what for is worked out for these only."""
        names, shape, start, end = self._names, self._names.shape[typed.kind], typed.start, typed.end
        low, high = names.low[typed.kind], names.high[typed.kind]
        bad = ~(start.valid & end.valid) | (end.instant < start.instant) | names.unreadable[typed.kind]
        bad |= (start.instant < _microseconds(plausible.EARLIEST)) | (start.instant > _microseconds(self._known_at + plausible.GRACE))
        bad |= ((shape == NUMBER) | (shape == FRACTION)) & ~np.isfinite(typed.value)
        bad |= (typed.value < low) | (typed.value > high) | np.isinf(typed.value)
        return np.asarray(bad | ((shape == STAGE) & (typed.word < 0)))

    def _set_aside(self, typed: _Typed, at: Places, first: int) -> pl.DataFrame:
        names, kind, shape = self._names, typed.kind[at], self._names.shape[typed.kind[at]]
        meanings = [names.meanings[one] for one in kind]
        frame = pl.DataFrame(
            {
                "record": at + first,
                "start_at": pl.Series(typed.start.instant[at]).set(pl.Series(~typed.start.valid[at]), None).cast(INSTANT),
                "end_at": pl.Series(typed.end.instant[at]).set(pl.Series(~typed.end.valid[at]), None).cast(INSTANT),
                "low": names.low[kind],
                "high": names.high[kind],
                "unit": [one.unit for one in meanings],
                "code": [one.code for one in meanings],
                "unreadable": pl.Series([one.trouble or None for one in meanings], dtype=pl.String),
                "value": pl.Series(typed.value[at]).fill_nan(None),
                "text": pl.Series(typed.texts(at), dtype=pl.String),
                "numberless": ((shape == NUMBER) | (shape == FRACTION)) & np.isnan(typed.value[at]),
                "stageless": (shape == STAGE) & (typed.word[at] < 0),
            }
        )
        reason = (
            pl.when(pl.col("unreadable").is_not_null())
            .then(pl.col("unreadable"))
            .when(pl.col("numberless"))
            .then(pl.lit("the value is missing or not a number"))
            .when(pl.col("stageless"))
            .then(pl.lit("the sleep stage is not one that heedful knows; please report it"))
            .otherwise(plausible.trouble(self._known_at))
        )
        text, start = pl.col("text").fill_null("(no value)"), pl.col("start_at").cast(pl.String).fill_null("(no time)")
        frame = frame.select(
            "record", reason=reason, content=pl.format("{} {} at {}", pl.col("code"), text, start).str.head(LONGEST_CONTENT)
        )
        return frame.filter(pl.col("reason").is_not_null())

    def _numbered(self, typed: _Typed, at: Places) -> tuple[Whole, npt.NDArray[np.bool_]]:
        """Rows are numbered within code, device and start; a repeat has the same end, value, unit and source name as well."""
        kind = typed.kind[at]
        series = self._names.code[kind].astype(np.int64) * MOST_DEVICES + typed.device[at]
        content = mixed(typed.end.instant[at], typed.value[at], kind, typed.source[at], typed.word[at])
        return self._numbering.assign(series, typed.start.instant[at], content)

    def _observed(self, typed: _Typed, at: Places, rows: Whole, how: Whole, extra: pl.Series) -> pl.DataFrame:
        names, kind = self._names, typed.kind[at]
        columns = {
            "person": pl.repeat(self._person, len(at), dtype=pl.String, eager=True),
            "code": _named([one.code for one in names.meanings], kind),
            "day": pl.Series(typed.start.day[at]).cast(pl.Date),
            "start_at": pl.Series(typed.start.instant[at]).cast(INSTANT),
            "end_at": pl.Series(typed.end.instant[at]).cast(INSTANT),
            "offset_minutes": pl.Series(typed.start.offset[at]),
            "value": pl.Series(typed.value[at]).fill_nan(None),
            "value_code": _named(list(names.words), typed.word[at]),
            "unit": _named([one.unit for one in names.meanings], kind),
            "device": _named(list(names.devices), typed.device[at]),
            "how": _named(HOWS, how),
            "row": pl.Series(rows),
            "known_at": pl.repeat(_microseconds(self._known_at), len(at), dtype=pl.Int64, eager=True).cast(INSTANT),
            "extra": extra,
        }
        return pl.DataFrame(columns)


def _numbers(text: pl.Series) -> npt.NDArray[np.float64]:
    """The texts as numbers, NaN where a text is none."""
    return np.array(text.cast(pl.Float64, strict=False).fill_null(np.nan))


def _renamed(texts: pl.Series, known: pl.Series, numbers: list[int]) -> Whole:
    """The number of each text, -1 for a missing one."""
    found = texts.replace_strict(known, pl.Series(numbers, dtype=pl.Int32), default=-1, return_dtype=pl.Int32)
    return found.to_numpy()


def _named(names: Sequence[Any], which: Whole) -> pl.Series:
    """`names` by number; null for -1."""
    return pl.Series([*names, None], dtype=pl.String).gather(np.where(which < 0, len(names), which))


def _microseconds(instant: datetime) -> int:
    """Microseconds since 1970; a naive instant is UTC."""
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1e6)
