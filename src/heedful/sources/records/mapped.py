"""Any CSV by a declared mapping: measured values, diaries, questionnaires, participants or dispensings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Answers, Diary, Dispensings, Observations, People, Quarantine
from heedful.sources.base import SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.csv_columns import AT, LINE, READING, Columns, declared, earlier, numbers, only, set_aside, table, told
from heedful.sources.posts.cuts import Cut
from heedful.sources.quarantine import QuarantineList
from heedful.sources.records.dispensing import DISPENSING
from heedful.sources.records.fhir_units import converted
from heedful.sources.records.local_times import EPOCHS, local_times
from heedful.sources.records.mapped_tables import FINISH, HOW, SHAPES, Shape, flag
from heedful.sources.records.occurrences import Occurrences
from heedful.sources.wearables.plausible import EARLIEST_DECLARED, trouble

NAME = "records.mapped"
TABLES = (*SHAPES, "dispensings")


class Mapped:
    """A CSV whose columns the user has named.

    Settings: `table` (observations, diary, answers, people, dispensings), `columns` (ours = theirs), constants that stand for a
    column (`code`, `unit`, `device`, `how`, `instrument`, `item`, `language`), `zone` (IANA, of times without offset; default: the
    input's), `date_format` (chrono pattern, epoch_s or epoch_ms; ISO 8601 needs none), `delimiter`, `encoding`, `decimal`.
    `unit` is the file's: values of our codes are converted. Without a person column the input's subject is the person. Columns
    that are not mapped are counted as aside and not kept.
    """

    card = SourceCard(
        name=NAME,
        says="a CSV by a declared mapping: measured values, diary, questionnaire answers, participants or dispensings",
        family="records",
        tables=(Observations, Diary, Answers, People, Dispensings, Quarantine),
        zone_rule="Written offsets are kept; times without offset, and days, are of the declared zone; Z and epochs are placed in it.",
        terms="Data of participants: only under their consent.",
        tested_on="made here: four tables with every kind of time; real: Fitabase daily steps and AdhereR's dispensings by mapping",
        codes=tuple(sorted(CODES)),
        units=tuple(sorted({code.unit for code in CODES.values()})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """Never by itself: a mapping must be declared."""
        return 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of the declared table. Errors: `SettingsError` for a wrong mapping, `SourceError` for an absent column."""
        name = options.settings.get("table", "")
        if name not in TABLES:
            raise SettingsError(f"{path}: the setting table must be one of {', '.join(TABLES)}, not {name!r}.")
        if name == "dispensings":
            settings = {key: value for key, value in options.settings.items() if key != "table"}
            yield from DISPENSING.read(path, Options(options.name, options.subject, options.zone, settings), known_at, cursor)
            return
        yield from _Reading(path, options, SHAPES[name], known_at, cursor).batches()


class _Reading:
    """One file being read to one table."""

    def __init__(self, path: Path, options: Options, shape: Shape, known_at: datetime, cursor: dict[str, Any] | None) -> None:
        allowed = ("table", "columns", "date_format", *(() if "zone" in shape.columns else ("zone",)), *shape.constants, *READING)
        only(path, f"{NAME} to {shape.schema.table}", options.settings, allowed)
        self._path, self._shape, self._settings, self._cursor = path, shape, options.settings, cursor
        self._known_at, self._subject = known_at, options.subject
        self._zone = _zone(path, str(options.settings.get("zone", options.zone)))
        self._columns = Columns(path, options.settings, cursor)
        self._mapping = declared(path, NAME, self._columns.names, options.settings.get("columns", {}), shape.columns)
        self._quarantine = QuarantineList(options.name, path, known_at)
        self._contents, self._keys = Occurrences(), Occurrences()
        self._check()

    def _check(self) -> None:
        given = {*self._mapping, *(name for name in self._shape.constants if name in self._settings)}
        if self._subject:
            given.add("person")
        missing = [name for name in self._shape.needed if name not in given]
        if missing:
            cure = f'Add columns = {{{missing[0]} = "name in the file"}}' + (", or declare the subject." if missing == ["person"] else ".")
            raise SettingsError(f"{self._path}: rows of {self._shape.schema.table} need {', '.join(missing)}. {cure}")
        if self._shape.one_of and not given & set(self._shape.one_of):
            raise SettingsError(f"{self._path}: map at least one of {', '.join(self._shape.one_of)}.")
        form, how, code = (self._settings.get(name) for name in ("date_format", "how", "code"))
        if form is not None and form not in EPOCHS and "%" not in str(form):
            raise SettingsError(f"{self._path}: date_format must be a pattern such as '%d/%m/%Y %H:%M', epoch_s or epoch_ms, not {form!r}.")
        if how is not None and how not in HOW:
            raise SettingsError(f"{self._path}: how must be one of {', '.join(HOW)}, not {how!r}.")
        if code is not None and code not in CODES and ":" not in code:
            raise SettingsError(
                f"{self._path}: {code!r} is not a code; use one of {', '.join(CODES)}, or a name of your own such as clinic:{code}."
            )
        unit = self._settings.get("unit")
        if unit is not None and code in CODES and CODES[code].unit and converted(1.0, unit, CODES[code].unit) is None:
            raise SettingsError(
                f"{self._path}: {code} cannot be converted from {unit!r} to {CODES[code].unit!r}; write the unit as UCUM does."
            )

    def batches(self) -> Iterator[Batch]:
        observed = self._shape.schema is Observations
        for rows, _ in earlier(self._path, self._settings, self._cursor):
            if observed:
                self._numbered(self._typed(rows).filter(pl.col("reason").is_null()))
        first = self._cursor is None
        for cut in self._columns.portions():
            rows = self._typed(table(cut))
            if first and rows.height and self._shape.times:
                self._believe_times(rows)
            first = False
            good = set_aside(rows, cut, self._quarantine)
            fresh = self._numbered(good) if observed else good
            yield self._batch(fresh, good.height - fresh.height, cut)

    def _batch(self, rows: pl.DataFrame, again: int, cut: Cut) -> Batch:
        rows = rows.with_columns(known_at=pl.lit(self._known_at, dtype=INSTANT)).drop("line", "at", "reason")
        unused = [name for name in self._columns.names if name not in self._mapping.values()]
        return Batch(
            rows=(*((frame(rows, self._shape.schema),) if rows.height else ()), *self._quarantine.take()),
            cursor=cut.cursor,
            done=cut.done,
            total=cut.total,
            records=len(cut.lines) + len(cut.unread),
            skipped={"same value twice in this file": again} if again else {},
            aside=dict.fromkeys(unused, len(cut.lines)) if cut.lines else {},
        )

    def _numbered(self, rows: pl.DataFrame) -> pl.DataFrame:
        key = ["person", "code", "start_at", "device"]
        fresh = rows.filter(self._contents.number(rows.select(*key, "end_at", "value", "value_code")) == 0)
        return fresh.with_columns(row=self._keys.number(fresh.select(key)))

    def _believe_times(self, rows: pl.DataFrame) -> None:
        name = self._shape.times[0]
        if rows[name].null_count() == rows.height:
            theirs = self._mapping[name]
            raise SourceError(
                self._path, f"no time of the column {theirs!r} is understood", "Declare date_format, for example '%d/%m/%Y %H:%M'."
            )

    def _typed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Our columns with `line`, `at` and `reason` (null where the row is fit)."""
        texts, figures = map(self._text, self._shape.texts), map(self._number, self._shape.numbers)
        out = rows.select(pl.col(LINE).alias("line"), pl.col(AT).alias("at"), *texts, *figures)
        reasons = [self._unfit_number(rows, name) for name in self._shape.numbers if name in self._mapping]
        for place, name in enumerate(self._shape.times):
            out, reason = self._time(rows, out, name, first=place == 0)
            reasons += reason
        out = out.with_columns(pl.coalesce([pl.lit(None, pl.String), *reasons]).alias("reason"))
        for name in self._shape.needed:
            out = flag(out, pl.col(name).is_null(), f"it has no {name}; fill the column {self._mapping.get(name, name)}")
        if self._shape.one_of:
            empty = pl.all_horizontal(pl.col(name).is_null() for name in self._shape.one_of)
            out = flag(out, empty, f"it has neither {' nor '.join(self._shape.one_of)}; fill one of them, or leave the row out")
        finished = FINISH[self._shape.schema](out)
        return finished if self._shape.schema is not Observations else self._plausible(finished)

    def _plausible(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What cannot be true flagged: a heart rate of 600, a clock in 1970 or 2099. Codes of the site's own have no bounds."""
        low, high = (
            pl.col("code").replace_strict(
                {name: float(getattr(code, end)) for name, code in CODES.items()}, default=bound, return_dtype=pl.Float64
            )
            for end, bound in (("low", float("-inf")), ("high", float("inf")))
        )
        wrong = trouble(self._known_at, EARLIEST_DECLARED)
        return rows.with_columns(low=low, high=high).with_columns(reason=pl.coalesce("reason", wrong)).drop("low", "high")

    def _text(self, name: str) -> pl.Expr:
        constant = self._subject if name == "person" else self._settings.get(name) if name in self._shape.constants else None
        fixed = pl.lit(constant or None, dtype=pl.String)
        if name not in self._mapping:
            return fixed.alias(name)
        theirs = self._mapping[name]
        cell = pl.when(told(theirs)).then(pl.col(theirs).str.strip_chars())
        # A row without a person is not the subject's: it is nobody's.
        return (cell if name == "person" else pl.coalesce(cell, fixed)).alias(name)

    def _number(self, name: str) -> pl.Expr:
        if name not in self._mapping:
            return pl.lit(None, pl.Float64).alias(name)
        return numbers(self._mapping[name], str(self._settings.get("decimal", "."))).alias(name)

    def _unfit_number(self, rows: pl.DataFrame, name: str) -> pl.Expr:
        theirs = self._mapping[name]
        bad = rows.select(told(theirs) & numbers(theirs, str(self._settings.get("decimal", "."))).is_null()).to_series()
        return pl.when(pl.lit(bad)).then(pl.lit(f"{name} ({theirs}) is not a number; correct it, or declare decimal"))

    def _time(self, rows: pl.DataFrame, out: pl.DataFrame, name: str, *, first: bool) -> tuple[pl.DataFrame, list[pl.Expr]]:
        """`out` with the time column `name`; of the first one also its offset and local day."""
        if name not in self._mapping:
            return out.with_columns(pl.lit(None, INSTANT).alias(name)), []
        values = rows[self._mapping[name]]
        times = local_times(values, self._zone, str(self._settings.get("date_format", "")))
        bad = times["at"].is_null() & rows.select(told(self._mapping[name])).to_series()
        out = out.with_columns(times["at"].alias(name))
        if first:
            out = out.with_columns(times["day"], times["offset_minutes"])
        reason = f"{name} ({self._mapping[name]}) is not understood as a time; correct it, or declare date_format"
        return out, [pl.when(pl.lit(bad)).then(pl.lit(reason))]


def _zone(path: Path, name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(f"{path}: there is no time zone {name!r}; use a name such as Europe/Berlin.") from error
    return name


MAPPED = SOURCES.add(NAME, Mapped())
