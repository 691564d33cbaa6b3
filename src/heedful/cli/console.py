"""How commands speak: plain lines, tables, progress with rate and time left, or one JSON document."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from heedful.core.errors import SettingsError
from heedful.loops.settings import load_settings
from heedful.loops.site import Site

screen = Console(highlight=False, soft_wrap=True)
aside = Console(stderr=True, highlight=False)


def day_of(text: str) -> date:
    """The day that a user wrote; `SettingsError` says how to write one."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{text!r} is not a day. Write it as YYYY-MM-DD.") from error


def emit(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(
        orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY, default=str).decode()
        + "\n"
    )


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under a title, brackets as they stand; nothing at all if there are none."""
    if not rows:
        return
    grid = Table(title=Text(title), title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(_cell(value)) for value in row))
    screen.print(grid)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def accounts_table(title: str, rows: pl.DataFrame) -> None:
    """The accounting of inputs, with headings that fit a terminal."""
    short = {"rows_in": "in", "rows_out": "out", "quarantined": "quarantine", "superseded": "corrected"}
    shown = [name for name in rows.columns if name not in ("kind", "reasons")]
    table(title, [str(short.get(name, name)) for name in shown], rows.select(shown).rows())
    for row in rows.filter(rows["reasons"].is_not_null()).iter_rows(named=True):
        say(f"  {row['input']}: {row['reasons'][:300]}")
    if rows["quarantined"].sum():
        say("Which rows, about which series and date, and what cures them: heedful quarantine")


def say(text: str) -> None:
    """Print one line for people."""
    screen.print(text, markup=False)


@contextmanager
def open_site(config: Path) -> Iterator[Site]:
    """The site of a settings file, closed at the end."""
    settings = load_settings(config)
    site = Site(settings, config.parent / settings.site.folder)
    try:
        yield site
    finally:
        site.close()


class ReadingProgress:
    """A bar an input: records, rate and time left; silent with `--json` or where there is no terminal."""

    def __init__(self, quiet: bool) -> None:
        self._bar = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[records]:>12,} records"),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(), console=aside, transient=True, disable=quiet or not aside.is_terminal,
        )  # fmt: skip
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> ReadingProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, name: str, done: int, total: int, records: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(name[:40], total=total or None, records=0, rate="")
        task = self._bar.tasks[self._bar.task_ids.index(self._tasks[name])]
        seconds = task.elapsed or 0.0
        self._bar.update(self._tasks[name], completed=done, records=records, rate=f"{records / seconds:,.0f}/s" if seconds else "")

    def step(self, name: str) -> None:
        """Say which derivation is being brought up to date."""
        if "derive" not in self._tasks:
            self._tasks["derive"] = self._bar.add_task("deriving", total=None, records=0, rate="")
        self._bar.update(self._tasks["derive"], description=f"deriving {name}")


def counts_line(counts: Mapping[str, int]) -> str:
    """Counts by reason in one line, largest first."""
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]))
