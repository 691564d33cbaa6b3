"""A REDCap project: its data as CSV (raw codes) beside its data dictionary, or the project's XML, which holds both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import INSTANT, Answers, Quarantine
from heedful.sources.answers.redcap_dictionary import Field, dictionary, is_dictionary
from heedful.sources.answers.redcap_xml import is_project, project_xml
from heedful.sources.base import BATCH_ROWS, SOURCES, Batch, Options, SourceCard, frame
from heedful.sources.csv_columns import AT, LINE, READING, Columns, earlier, only, peeked, table
from heedful.sources.posts.streams import opening, peek
from heedful.sources.quarantine import QuarantineList
from heedful.sources.records.local_times import local_times
from heedful.sources.records.occurrences import Occurrences

NAME = "answers.redcap"
SETTINGS = (*READING, "data", "dates", "asked_on", "keep", "instruments")
UNDATED = "answer without a day: declare dates = {form = field}, or asked_on"
STATUS = "status of a form"
_OWN = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group", "redcap_survey_identifier")
_KEY = ["person", "instrument", "item", "asked_at"]


class Redcap:
    """Reads a folder with one data file and one dictionary, or a project's XML; each cell of a kept field is an answer.

    Fields that the dictionary marks as identifying, contacts, birthdays and free text are not kept; `keep = ["field"]` keeps a free
    text. When a form was filled in: `dates = {form = "field"}`, else its survey timestamp, else its only date, else `asked_on` (a day
    for all); answers without are skipped and counted. A choice has its code as value (if a number) and its label as text; of a checkbox
    each choice is an item. A repetition, by REDCap's own number, and else a second
    answer under one key, is of the instrument "form#2". `instruments =
    {form = "phq9"}` gives a form another name; `data` names the data file where there are several.
    """

    card = SourceCard(
        name=NAME,
        says="a REDCap project: data as CSV with raw codes and its data dictionary, or the project's XML",
        family="answers",
        tables=(Answers, Quarantine),
        zone_rule="Days and times are local without offset: of the declared zone; a day is its midnight.",
        terms="Data of participants: only under their consent; fields marked as identifying are never kept.",
        tested_on="real form, invented people: 18 test projects of REDCapR, as CSV and as XML",
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """A folder with a dictionary, and a table whose columns are the dictionary's fields; XML as REDCap writes its projects."""
        if not path.is_dir():
            return 0.9 if is_project(head) else 0.0
        try:
            found, tables = _files(path)
        except SourceError:
            return 0.0
        return 0.9 if found and tables else 0.0

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of answers. Errors: `SourceError` if dictionary or data are missing; `SettingsError` for a setting."""
        only(path, NAME, options.settings, SETTINGS)
        if path.is_file() and is_project(peek(path)):
            yield from _of_xml(path, options, known_at, cursor)
            return
        project = _project(path, options.settings)
        columns = Columns(project.data, options.settings, cursor)
        reading = _Reading(project, columns.names, options, known_at)
        for rows, _ in earlier(project.data, options.settings, cursor):
            reading.answers(rows, Counter())
            reading.quarantine.take()
        for cut in columns.portions():
            skipped = Counter[str]()
            for unread in cut.unread:
                reading.quarantine.add(unread.line, unread.reason, None)
            answers = reading.answers(table(cut), skipped)
            aside = reading.quarantine.take()
            yield Batch(
                rows=(*((frame(answers, Answers),) if answers.height else ()), *aside),
                cursor=cut.cursor,
                done=cut.done,
                total=cut.total,
                records=answers.height + sum(len(one) for one in aside) + sum(skipped.values()),
                skipped=dict(+skipped),
            )


def _of_xml(path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None) -> Iterator[Batch]:
    found = project_xml(path)
    names = [name for name in found.rows.columns if name not in (LINE, AT)]
    reading = _Reading(_declared(path, path, found.fields, options.settings), names, options, known_at)
    done, total = int((cursor or {}).get("row", 0)), found.rows.height
    if done:
        reading.answers(found.rows.head(done), Counter())
        reading.quarantine.take()
    for start in range(done, total, BATCH_ROWS):
        rows, skipped = found.rows.slice(start, BATCH_ROWS), Counter[str]()
        answers = reading.answers(rows, skipped)
        aside = reading.quarantine.take()
        yield Batch(
            rows=(*((frame(answers, Answers),) if answers.height else ()), *aside),
            cursor={"row": start + rows.height},
            done=start + rows.height,
            total=total,
            records=answers.height + sum(len(one) for one in aside) + sum(skipped.values()),
            skipped=dict(+skipped),
        )


@dataclass(frozen=True)
class _Project:
    data: Path
    fields: list[Field]
    dates: Mapping[str, str]
    asked_on: str
    instruments: Mapping[str, str]
    keep: tuple[str, ...]


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Dictionaries and tables of data in a folder; a table shares its first column and most others with the dictionary."""
    found, tables = [], list[tuple[Path, tuple[str, ...]]]()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().endswith(".csv"):
            with path.open("rb") as file:
                raw = file.read(1 << 16)
            names = peeked(opening(path, raw, 1 << 16), rows=1).names
            if is_dictionary(names):
                found.append(path)
            elif names:
                tables.append((path, names))
    named = [path for path in found if path.name.lower() == "dictionary.csv"]
    found = named if len(named) == 1 else found
    known = {field.name for field in dictionary(found[0])} if len(found) == 1 else set()
    return found, [path for path, names in tables if names[0] in known and _share(names, known) > 0.6]


def _share(names: tuple[str, ...], known: set[str]) -> float:
    own = [name for name in names if name.split("___")[0] in known or name in _OWN or name.endswith(("_complete", "_timestamp"))]
    return len(own) / len(names)


def _project(path: Path, settings: Mapping[str, Any]) -> _Project:
    if not path.is_dir():
        cure = "Put the exported data and dictionary.csv into a folder and give that, or give the project's XML."
        raise SourceError(path, "a REDCap project is a folder, or the project's XML", cure)
    found, tables = _files(path)
    if len(found) != 1:
        cure = "Put exactly one beside the data (Project Setup, Data Dictionary, Download)."
        raise SourceError(path, f"there are {len(found)} data dictionaries in it", cure)
    named = [one for one in tables if one.name == settings.get("data", "data.csv")]
    if not named and (len(tables) != 1 or "data" in settings):
        cure = 'Name the file in the settings: data = "data.csv".'
        raise SourceError(path, f"its data may be any of {[one.name for one in tables]}", cure)
    return _declared(path, (named or tables)[0], dictionary(found[0]), settings)


def _declared(path: Path, data: Path, fields: list[Field], settings: Mapping[str, Any]) -> _Project:
    """The project with what the settings declare of it, checked against its fields."""
    dates, instruments, keep = (settings.get(name, {}) for name in ("dates", "instruments", "keep"))
    if not isinstance(dates, Mapping) or not isinstance(instruments, Mapping) or not isinstance(keep, list | tuple | dict):
        raise SettingsError(f'{path}: dates and instruments are tables such as dates = {{form = "field"}}, keep is a list of fields.')
    wrong = sorted({*dates, *instruments} - {field.form for field in fields} | {*dates.values(), *keep} - {field.name for field in fields})
    if wrong:
        raise SettingsError(f"{path}: the dictionary has no form or field {wrong}.")
    asked_on = str(settings.get("asked_on", ""))
    try:
        date.fromisoformat(asked_on or "2000-01-01")
    except ValueError as error:
        raise SettingsError(f"{path}: asked_on is a day such as 2024-01-31, not {asked_on!r}.") from error
    return _Project(data, fields, dates, asked_on, instruments, tuple(keep))


class _Reading:
    """One reading of a project's data."""

    def __init__(self, project: _Project, names: list[str], options: Options, known_at: datetime) -> None:
        self._project, self._names, self._zone, self._known_at = project, names, options.zone, known_at
        self.quarantine = QuarantineList(options.name, project.data, known_at)
        self._seen, self._numbered = Occurrences(), Occurrences()

    def answers(self, rows: pl.DataFrame, skipped: Counter[str]) -> pl.DataFrame:
        """The answers in some rows; those that cannot be read go to `quarantine`."""
        for name in self._names:
            if name.endswith("_complete"):
                skipped[STATUS] += int(_told(rows, name).sum())
        parts, times = [], dict[str, pl.DataFrame]()
        for field in self._project.fields[1:]:
            if field.form not in times:
                times[field.form] = self._times(field.form, rows)
            parts += self._of_field(field, rows, times[field.form], skipped)
        found = pl.concat(parts) if parts else Answers.empty().drop("known_at").with_columns(instance=pl.lit(None, dtype=pl.Int64))
        # REDCap's own number counts where it has one: it is the same in a push of one repetition as in the whole project.
        found = found.with_columns(again=self._seen.number(found.select(_KEY)).cast(pl.Int64))
        found = found.with_columns(again=pl.coalesce(pl.col("instance") - 1, "again"))
        # Two events may hold the same repetition of one day.
        found = found.with_columns(again=pl.col("again") + 1_000 * self._numbered.number(found.select(*_KEY, "again")))
        again = pl.col("again")
        suffix = pl.when(again > 0).then(pl.format("{}#{}", "instrument", again + 1)).otherwise("instrument")
        return found.with_columns(instrument=suffix).drop("instance", "again").with_columns(known_at=pl.lit(self._known_at, dtype=INSTANT))

    def _times(self, form: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Columns `at` and `day` of each row for a form, and whether `at` is when it was answered."""
        dated = [field.name for field in self._project.fields if field.form == form and field.is_day and field.name in rows.columns]
        stamp = f"{form}_timestamp" if f"{form}_timestamp" in rows.columns else ""
        chosen = self._project.dates.get(form) or stamp or (dated[0] if len(dated) == 1 else "")
        written = rows[chosen] if chosen in rows.columns else pl.Series([None] * rows.height, dtype=pl.String)
        read = local_times(written.fill_null(self._project.asked_on or ""), self._zone)
        return read.with_columns(answered=pl.lit(bool(stamp) and chosen == stamp))

    def _of_field(self, field: Field, rows: pl.DataFrame, times: pl.DataFrame, skipped: Counter[str]) -> list[pl.DataFrame]:
        if field.kind == "checkbox":
            columns = [(f"{field.name}___{code.lower().replace('-', '_')}", label) for code, label in field.choices.items()]
        else:
            columns = [(field.name, "")]
        parts = []
        for column, label in columns:
            if column not in rows.columns:
                continue
            told = _told(rows, column)
            if not field.kept and field.name not in self._project.keep:
                skipped[field.why] += int(told.sum())
                continue
            part = pl.DataFrame({"line": rows[LINE], "person": rows[self._names[0]], "written": rows[column].str.strip_chars(),
                                 "instance": _instances(rows)})  # fmt: skip
            part = pl.concat([part, times], how="horizontal").filter(told)
            skipped[UNDATED] += part["at"].null_count()
            parts.append(self._fit(part.filter(pl.col("at").is_not_null()), field, column, label))
        return parts

    def _fit(self, part: pl.DataFrame, field: Field, column: str, label: str) -> pl.DataFrame:
        plain = pl.col("written").str.replace(",", ".", literal=True) if field.has_comma else pl.col("written")
        value = plain.cast(pl.Float64, strict=False)
        words = pl.col("written").replace_strict(field.choices, default=None, return_dtype=pl.String) if field.choices else pl.lit(None)
        text = {"number": pl.lit(None), "coded": pl.lit(label) if label else words, "day": pl.col("written"), "text": pl.col("written")}
        reason: Any = pl.when(pl.col("person").fill_null("").str.strip_chars() == "").then(pl.lit("the row names no record"))
        if field.kept == "number":
            reason = reason.when(~value.is_finite().fill_null(value=False)).then(pl.format("{} is not a number", "written"))
        elif field.kept == "coded" and not label and field.choices:
            reason = reason.when(words.is_null()).then(pl.format("{} is none of the field's choices", "written"))
        told = part.with_columns(
            instrument=pl.lit(self._project.instruments.get(field.form, field.form)), item=pl.lit(column), asked_at=pl.col("at"),
            answered_at=pl.when("answered").then("at"), value=value if field.kept in ("number", "coded") else pl.lit(None),
            value_text=text.get(field.kept, pl.col("written")), reason=reason,
        )  # fmt: skip
        for line, why in told.filter(pl.col("reason").is_not_null()).select("line", "reason").iter_rows():
            self.quarantine.add(line, f"{column}: {why}; correct it in REDCap")
        good = told.filter(pl.col("reason").is_null()).with_columns(person=pl.col("person").str.strip_chars())
        return good.select("instance", *(pl.col(name).cast(Answers.dtypes()[name]) for name in Answers.columns if name != "known_at"))


def _instances(rows: pl.DataFrame) -> pl.Series:
    """REDCap's number of each row's repetition, from the second on; null where there is none."""
    name = "redcap_repeat_instance"
    number = (
        rows[name].str.strip_chars().cast(pl.Int64, strict=False)
        if name in rows.columns
        else pl.Series([None] * rows.height, dtype=pl.Int64)
    )
    return number.set(number < 2, None).alias("instance")


def _told(rows: pl.DataFrame, column: str) -> pl.Series:
    return rows.select(pl.col(column).str.strip_chars().fill_null("") != "").to_series()


SOURCES.add(NAME, Redcap())
