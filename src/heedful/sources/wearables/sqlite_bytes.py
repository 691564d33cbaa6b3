"""Reading SQLite files that come from elsewhere: in memory, read only, nothing in their schema trusted, errors in one sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from heedful.core.errors import SourceError

MAGIC = b"SQLite format 3\0"
_CURE = "Export or copy the database again, with the app that writes it closed."
_BROKEN = (sqlite3.Error, OverflowError, UnicodeDecodeError)
"""A damaged schema may make sqlite's own error message undecodable."""


@dataclass(frozen=True)
class Database:
    """An opened file. `place` names it in errors."""

    place: str
    _connection: sqlite3.Connection

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises `SourceError` if the file is damaged or lacks what is asked for."""
        try:
            return self._connection.execute(query, values).fetchall()
        except _BROKEN as error:
            raise SourceError(self.place, f"the database cannot be read ({error})", _CURE) from error

    def portions(self, query: str, *values: Any, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, `size` at a time."""
        try:
            found = self._connection.execute(query, values)
            while portion := found.fetchmany(size):
                yield portion
        except _BROKEN as error:
            raise SourceError(self.place, f"the database cannot be read ({error})", _CURE) from error

    def tables(self) -> set[str]:
        """Names of its tables."""
        return {str(row[0]) for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}


@contextmanager
def opened(data: bytes, place: str) -> Iterator[Database]:
    """The database in `data`. Raises `SourceError` if it is none."""
    if not data.startswith(MAGIC):
        raise SourceError(place, "it is no SQLite database", _CURE)
    connection = sqlite3.connect(":memory:")
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        # A file in write-ahead mode cannot be opened in memory; what its log holds is not in the file anyhow.
        connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        yield Database(place, connection)
    except _BROKEN as error:
        raise SourceError(place, f"the database cannot be read ({error})", _CURE) from error
    finally:
        connection.close()
