"""Answers of an outside model, kept with their origin under a keyed hash of what was asked; and what was spent on them, day by day.

No text and no author is kept: an answer is found again only by whoever still holds the text. So a deleted post takes its answers out of
every report by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import orjson

from heedful.core.errors import StoreError

_TABLES = """
create table if not exists answers (
  key text primary key, labels text not null, model text not null, host text not null, prompt text not null, asked_at text not null
);
create table if not exists spent (day text primary key, calls integer not null, characters integer not null);
create table if not exists refused (day text not null, reason text not null, answers integer not null, primary key (day, reason));
"""
_CHUNK = 500


class Spent(NamedTuple):
    """Calls made and characters sent on a day."""

    calls: int
    characters: int


class AnswerBook:
    """The file; a context manager. Raises `StoreError` when it cannot be opened or read.

    Parameters: path of the SQLite file, made if absent; secret: key of the hashes, so that nobody
    can ask the file whether a text was in it.
    """

    def __init__(self, path: Path, secret: bytes) -> None:
        self._path, self._secret = path, secret
        try:
            self._base = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._base.execute("pragma journal_mode=wal")
            self._base.executescript(_TABLES)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be opened ({error}). If it is broken, delete it: answers are asked for again.") from error

    def __enter__(self) -> AnswerBook:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._base.close()

    def key(self, text: str, prompt: str, model: str, host: str) -> str:
        """What an answer lies under: it changes with the text, the question, the model and where it runs."""
        asked = "\x1f".join((prompt, model, host, text)).encode("utf-8", "surrogatepass")
        return blake2b(asked, key=self._secret[:64], digest_size=16).hexdigest()

    def answers(self, keys: Iterable[str]) -> dict[str, dict[str, bool]]:
        """The answers that are held, by key."""
        wanted, found = list(keys), dict[str, dict[str, bool]]()
        for at in range(0, len(wanted), _CHUNK):
            piece = wanted[at : at + _CHUNK]
            marks = ",".join("?" * len(piece))
            with self._reading():
                rows = self._base.execute(f"select key, labels from answers where key in ({marks})", piece).fetchall()
            found |= {key: orjson.loads(labels) for key, labels in rows}
        return found

    def keep(self, key: str, labels: dict[str, bool], *, model: str, host: str, prompt: str, at: datetime) -> None:
        """Keep an answer with its origin; one that is held already stays."""
        said = orjson.dumps(labels).decode()
        with self._reading():
            self._base.execute(
                "insert or ignore into answers values (?, ?, ?, ?, ?, ?)",
                (key, said, model, host, prompt, at.isoformat()),
            )

    def spend(self, day: date, characters: int) -> None:
        """Count a call before it is made, so that a crash cannot make it free."""
        with self._reading():
            self._base.execute(
                "insert into spent values (?, 1, ?) on conflict (day) do update "
                "set calls = calls + 1, characters = characters + excluded.characters",
                (day.isoformat(), characters),
            )

    def spent(self, day: date) -> Spent:
        """What was spent on a day."""
        with self._reading():
            row = self._base.execute("select calls, characters from spent where day = ?", (day.isoformat(),)).fetchone()
        return Spent(*row) if row else Spent(0, 0)

    def refuse(self, day: date, reason: str) -> None:
        """Count an answer that was not taken."""
        with self._reading():
            self._base.execute(
                "insert into refused values (?, ?, 1) on conflict (day, reason) do update set answers = answers + 1",
                (day.isoformat(), reason),
            )

    def refused(self) -> dict[str, int]:
        """Answers that were not taken, by reason, over all days."""
        with self._reading():
            return dict(self._base.execute("select reason, sum(answers) from refused group by reason order by reason").fetchall())

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be used ({error}). If it is broken, delete it: answers are asked for again.") from error
