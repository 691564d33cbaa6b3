"""From what a file says to batches of observations: judged, numbered, cut, and every record accounted for; the same for all readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import INSTANT, Observations
from heedful.sources.base import BATCH_ROWS, Batch, Options, frame
from heedful.sources.cut_json import BrokenOffError
from heedful.sources.quarantine import QuarantineList
from heedful.sources.wearables import plausible
from heedful.sources.wearables.numbering import Numbering, mixed
from heedful.sources.wearables.parts import Part
from heedful.sources.wearables.stamps import offset_minutes

REPEAT = "exact repeat of a row: same time and value"

COLUMNS: dict[str, Any] = {
    "line": pl.Int64, "person": pl.String, "code": pl.String, "start_at": INSTANT, "end_at": INSTANT, "offset_minutes": pl.Int16,
    "value": pl.Float64, "value_code": pl.String, "unit": pl.String, "how": pl.String, "device": pl.String, "written": pl.String,
    "extra": pl.String, "trouble": pl.String,
}  # fmt: skip


@dataclass
class Draft:
    """Rows of one file, or of a stretch of it, before they are judged, with the columns of `COLUMNS`; absent ones become nulls.

    `line`: 1-based line or record; `written`: the cell or record as it stood, kept if the row is set aside. A null `offset_minutes`
    is filled from the declared zone, a null `person` with the subject; a unit counts only for codes that are not heedful's. `trouble`:
    why the reader itself does not believe a row.
    `unread`: records that are no rows, as (line, reason, content). `skipped`, `aside`: as in `Batch`.
    """

    file: str
    rows: pl.DataFrame
    unread: Sequence[tuple[int, str, str | bytes | None]] = ()
    skipped: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    done: int = 0


class BrokenDraftError(SourceError):
    """A file breaks off; `draft` holds what was read before, under the keys that the whole file would give it."""

    def __init__(self, error: SourceError, draft: Draft) -> None:
        self.draft = draft
        super().__init__(error.path, f"{error.reason}; what was read before is kept", error.cure, error.line)


def of_parts(parts: Sequence[Part], read: Callable[[Part], Draft]) -> Iterator[Draft]:
    """A draft of each file; of several files one that is refused is set aside with its reason, and a single one raises `SourceError`.

    Of a file that breaks off, what is whole comes first.
    """
    done = 0
    for part in parts:
        done += part.size
        broken: SourceError | None = None
        try:
            draft = read(part)
        except BrokenOffError as error:
            draft, broken = read(part.of(error.whole.data)), error
        except BrokenDraftError as error:
            draft, broken = error.draft, error
        except SourceError as error:
            if len(parts) == 1:
                raise
            draft, broken = Draft(part.name, empty()), error
        if broken and len(parts) > 1:
            draft.unread = [*draft.unread, (broken.line or 1, f"{broken.reason}; {broken.cure}", None)]
        draft.done = done
        yield draft
        if broken and len(parts) == 1:
            raise broken


class Rows:
    """Collects observations one by one, for formats of records rather than columns."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def add(self, line: int, code: str, start: datetime | None, value: Any = None, *, end: datetime | None = None, **more: Any) -> None:
        """One observation; `start` carries its offset or is UTC, and that is its local time unless `offset_minutes` says another.

        A value that is no number is kept as null, so that the row is set aside with what was `written`.
        """
        if start is not None and "offset_minutes" not in more and (gap := start.utcoffset()):
            more["offset_minutes"] = round(gap.total_seconds() / 60)
        plain = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        more.setdefault("written", f"{code} {value} at {start}")
        self._rows.append({"line": line, "code": code, "start_at": _utc(start), "end_at": _utc(end or start), "value": plain} | more)

    def __len__(self) -> int:
        return len(self._rows)

    def table(self) -> pl.DataFrame:
        """All rows, with the columns of `COLUMNS`."""
        return pl.DataFrame(self._rows, schema=COLUMNS, strict=False) if self._rows else empty()


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def empty() -> pl.DataFrame:
    """No rows."""
    return pl.DataFrame(schema=COLUMNS)


def batches(drafts: Iterable[Draft], options: Options, known_at: datetime, cursor: Mapping[str, Any] | None, total: int) -> Iterator[Batch]:
    """Batches of the drafts, in order, after `cursor`; what stands before it is read again, because rows are numbered across files.

    Rows that cannot be true go to quarantine, exact repeats are counted as skipped, different values of one time are numbered.
    """
    settled = Settled(options, known_at)
    after = (int(cursor["draft"]), int(cursor["row"])) if cursor else (-1, 0)
    for number, draft in enumerate(drafts):
        rows, quarantined = settled.of(draft)
        skipped, aside = dict(+draft.skipped), dict(+draft.aside)
        held = sum(len(one) for one in quarantined) + sum(skipped.values())
        for start in range(0, rows.height, BATCH_ROWS) if rows.height else range(1):
            piece, first = rows.slice(start, BATCH_ROWS), start == 0
            place = (number, start + max(1, piece.height))
            if place > after and (piece.height or held or aside):
                yield Batch(
                    rows=((frame(piece, Observations),) if piece.height else ()) + (quarantined if first else ()),
                    cursor={"draft": place[0], "row": place[1]},
                    done=min(draft.done, total),
                    total=total,
                    records=piece.height + (held if first else 0),
                    skipped=skipped if first else {},
                    aside=aside if first else {},
                )


class Settled:
    """Judges and numbers the rows of drafts; remembers what was numbered before in the input."""

    def __init__(self, options: Options, known_at: datetime) -> None:
        self._options, self._known_at = options, known_at
        self._numbering, self._series = Numbering(), dict[tuple[str, ...], int]()

    def of(self, draft: Draft) -> tuple[pl.DataFrame, tuple[Any, ...]]:
        """Observations, and frames of what was set aside; exact repeats are counted in `draft.skipped`."""
        quarantine = QuarantineList(self._options.name, Path(draft.file), self._known_at)
        for line, reason, content in draft.unread:
            quarantine.add(max(1, line), reason, content)
        rows = self._numbered(self._judged(self._placed(_whole(draft.rows)), quarantine), draft.skipped)
        return rows, quarantine.take()

    def _placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        rows = _within_time(rows)
        offset = pl.coalesce("offset_minutes", offset_minutes(pl.col("start_at"), self._options.zone))
        return rows.with_columns(
            person=pl.col("person").fill_null(self._options.subject or "self"), end_at=pl.coalesce("end_at", "start_at"),
            offset_minutes=offset,
        ).with_columns(day=(pl.col("start_at") + pl.duration(minutes="offset_minutes")).dt.date())  # fmt: skip

    def _judged(self, rows: pl.DataFrame, quarantine: QuarantineList) -> pl.DataFrame:
        units = {name: code.unit for name, code in CODES.items()}
        low, high = ({name: float(getattr(code, end)) for name, code in CODES.items()} for end in ("low", "high"))
        no_value = pl.col("value").is_null() & pl.col("value_code").is_null()
        judged = rows.with_columns(
            unit=pl.coalesce(pl.col("code").replace_strict(units, default=None, return_dtype=pl.String), "unit", pl.lit("1")),
            low=pl.col("code").replace_strict(low, default=float("-inf"), return_dtype=pl.Float64),
            high=pl.col("code").replace_strict(high, default=float("inf"), return_dtype=pl.Float64),
        ).with_columns(
            reason=pl.when(pl.col("trouble").is_not_null())
            .then(pl.col("trouble"))
            .when(no_value)
            .then(pl.lit("the value is not a number that can be read"))
            .otherwise(plausible.trouble(self._known_at))
        )
        bad = judged.filter(pl.col("reason").is_not_null())
        for line, reason, code, written in bad.select("line", "reason", "code", "written").iter_rows():
            quarantine.add(max(1, line or 1), f"{code}: {reason}", written)
        return judged.filter(pl.col("reason").is_null())

    def _numbered(self, rows: pl.DataFrame, skipped: Counter[str]) -> pl.DataFrame:
        keys = rows.select("person", "code", "device").unique(maintain_order=True)
        numbers = [self._series.setdefault(key, len(self._series)) for key in keys.iter_rows()]
        series = rows.join(keys.with_columns(number=pl.Series(numbers, dtype=pl.Int64)), on=keys.columns, how="left", maintain_order="left")
        words = pl.struct("value_code", "extra", "how").hash(seed=7)
        content = mixed(rows["value"].fill_null(0.0).to_numpy(), rows.select(words).to_series().to_numpy(), _instants(rows, "end_at"))
        row, repeated = self._numbering.assign(series["number"].to_numpy(), _instants(rows, "start_at"), content)
        skipped[REPEAT] += int(repeated.sum())
        rows = rows.with_columns(row=pl.Series(row, dtype=pl.Int32), known_at=pl.lit(self._known_at, dtype=INSTANT))
        rows = rows.filter(pl.Series(~repeated, dtype=pl.Boolean))
        return rows.select([name for name in Observations.columns if name in rows.columns])


def _within_time(rows: pl.DataFrame) -> pl.DataFrame:
    """Instants of no year that a calendar has (a damaged file's) as trouble; polars panics when it is asked for their day, even behind a
    null, so that they become 1970 on their way to the quarantine."""
    within = pl.col("start_at", "end_at").to_physical().is_between(_FIRST, _LAST)
    if rows.select(within.all()).row(0) == (True, True):
        return rows
    outside = pl.any_horizontal(~within).fill_null(value=False)
    return rows.with_columns(
        *(pl.when(outside).then(pl.lit(_EPOCH, dtype=INSTANT)).otherwise(name).alias(name) for name in ("start_at", "end_at")),
        trouble=pl.when(outside).then(pl.coalesce("trouble", pl.lit(_NO_YEAR))).otherwise("trouble"),
    )


_FIRST, _LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (1, 9_999))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_YEAR = "its time is of no year that a calendar has; export it again, or leave it out"


def _instants(rows: pl.DataFrame, column: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    return rows[column].dt.timestamp("us").to_numpy()


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    """All columns of `COLUMNS`, in order; device is never null."""
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in COLUMNS.items() if name not in rows.columns]
    whole = rows.with_columns(absent).select(list(COLUMNS)) if absent or rows.columns != list(COLUMNS) else rows
    return whole.with_columns(pl.col("device").fill_null("unknown"), pl.col("how").fill_null("measured"))
