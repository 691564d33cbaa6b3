"""From what a form's file says to batches of answers: numbered, cut, every record accounted for; the same for all readers of answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.schemas import INSTANT, Answers
from heedful.sources.base import BATCH_ROWS, Batch, Options, frame
from heedful.sources.quarantine import QuarantineList
from heedful.sources.records.occurrences import Occurrences

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
GRACE = timedelta(days=2)
REPEAT = "exact repeat of an answer"
_KEY = ["person", "instrument", "item", "asked_at"]
COLUMNS: dict[str, Any] = {"line": pl.Int64, **{name: dtype for name, dtype in Answers.dtypes().items() if name != "known_at"}}


@dataclass
class AnswerDraft:
    """Answers of one file with the columns of `COLUMNS`, as dictionaries; other words as in `wearables.drafts.Draft`."""

    file: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    unread: list[tuple[int, str, str | bytes | None]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    done: int = 0

    def add(self, line: int, person: str, instrument: str, item: str, asked_at: datetime, value: float | None, text: str | None,
            answered_at: datetime | None = None) -> None:  # fmt: skip
        """One answer; the local day is that of `asked_at`, which carries its zone."""
        self.rows.append(
            {"line": line, "person": person, "instrument": instrument, "item": item, "day": asked_at.date(), "value": value,
             "asked_at": asked_at.astimezone(UTC), "answered_at": answered_at.astimezone(UTC) if answered_at else None, "value_text": text}
        )  # fmt: skip


def answer_batches(
    drafts: Iterable[AnswerDraft], options: Options, known_at: datetime, cursor: Mapping[str, Any] | None, total: int
) -> Iterator[Batch]:
    """Batches in order after `cursor`; earlier drafts are read again, because a second answer under one key is of "form#2"."""
    seen, answers = Occurrences(), Occurrences()
    after = (int(cursor["answers"]), int(cursor["row"])) if cursor else (-1, 0)
    for number, draft in enumerate(drafts):
        quarantine = QuarantineList(options.name, Path(draft.file), known_at)
        for line, reason, content in draft.unread:
            quarantine.add(max(1, line), reason, content)
        rows = _kept(pl.DataFrame(draft.rows, schema=COLUMNS, orient="row"), known_at, quarantine)
        again = answers.number(rows.select(*_KEY, "value", "value_text")) > 0
        draft.skipped[REPEAT] += int(again.sum())
        rows = rows.filter(~again)
        times = seen.number(rows.select(_KEY))
        suffixed = pl.when(times > 0).then(pl.format("{}#{}", "instrument", times + 1)).otherwise("instrument")
        rows = rows.with_columns(instrument=suffixed, known_at=pl.lit(known_at, dtype=INSTANT)).select(list(Answers.columns))
        aside, skipped = quarantine.take(), dict(+draft.skipped)
        held = sum(len(one) for one in aside) + sum(skipped.values())
        for start in range(0, rows.height, BATCH_ROWS) if rows.height else range(1):
            piece, first = rows.slice(start, BATCH_ROWS), start == 0
            place = (number, start + max(1, piece.height))
            if place > after and (piece.height or held or draft.aside):
                yield Batch(
                    rows=((frame(piece, Answers),) if piece.height else ()) + (aside if first else ()),
                    cursor={"answers": place[0], "row": place[1]},
                    done=min(draft.done, total), total=total, records=piece.height + (held if first else 0),
                    skipped=skipped if first else {}, aside=dict(+draft.aside) if first else {},
                )  # fmt: skip


def _kept(rows: pl.DataFrame, known_at: datetime, quarantine: QuarantineList) -> pl.DataFrame:
    early, late = pl.lit(EARLIEST, dtype=INSTANT), pl.lit(known_at + GRACE, dtype=INSTANT)
    why: Any = pl.when(pl.col("asked_at") < early).then(
        pl.lit("the clock was not set: it was asked before 1980; correct the phone's clock")
    )
    why = why.when(pl.col("asked_at") > late).then(pl.lit("it was asked after the file was read: a wrong clock; correct the phone's clock"))
    judged = rows.with_columns(reason=why.otherwise(pl.lit(None, pl.String)))
    for line, reason, item in judged.filter(pl.col("reason").is_not_null()).select("line", "reason", "item").iter_rows():
        quarantine.add(max(1, line), f"{item}: {reason}")
    return judged.filter(pl.col("reason").is_null()).drop("reason")


def number(written: str) -> float | None:
    """The number that a text is, or None.

    >>> number("7"), number("often"), number("nan")
    (7.0, None, None)
    """
    try:
        value = float(written)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None
