"""JSON lines as cuts: one object a line, parsed by orjson; a line that is none is set aside with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import SourceError
from heedful.sources.base import BATCH_ROWS
from heedful.sources.posts.cuts import Cut, Unread
from heedful.sources.posts.lines import LineReader
from heedful.sources.posts.mapping import PERSONAL, plain, resolve

Object = dict[str, Any]
# Parsed objects are many times larger than their line, and the garbage collector walks all that live: they are turned into columns
# and dropped this many at a time (measured on nested Bluesky posts: 47,000/s at 4,096, 93,000/s at 256).
PIECE_ROWS = 512
_AUTHOR_KEYS = ("id_str", "id", "did", "screen_name", "username", "acct", "handle", "name")


def parse_lines(lines: list[bytes], first: int) -> tuple[list[Object], list[int], list[Unread]]:
    """Objects of `lines`, the 1-based line of each (the first has number `first`), and the lines that are no object."""
    try:
        values: list[Any] = list(map(orjson.loads, lines))
    except orjson.JSONDecodeError:
        values = [_parse(line) for line in lines]
    if set(map(type, values)) <= {dict}:
        return values, list(range(first, first + len(lines))), []
    objects, numbers, unread = [], [], []
    for number, (line, value) in enumerate(zip(lines, values, strict=True), first):
        if isinstance(value, dict):
            objects.append(value)
            numbers.append(number)
        elif line.strip():
            unread.append(Unread(number, value if isinstance(value, str) else "the line is JSON, but not an object", line.rstrip()))
    return objects, numbers, unread


def refuse_if_nothing(path: Path, read: int, unread: list[Unread]) -> None:
    """Raise `SourceError` if a file's first portion holds lines and none of them is what it should be."""
    if unread and not read:
        raise SourceError(
            path,
            f"none of its first {len(unread):,} lines is one JSON object ({unread[0].reason})",
            "JSON lines hold one object a line; a JSON array becomes that with: jq -c '.[]'.",
            unread[0].line,
        )


def cuts(path: Path, reader: LineReader, declared: Mapping[str, str], cursor: Mapping[str, Any] | None) -> Iterator[Cut]:
    """Cuts of at most `BATCH_ROWS` lines; the mapping is settled by the first portion and kept in the cursor."""
    mapping: dict[str, str] | None = dict(cursor["columns"]) if cursor else None
    while True:
        first = reader.line + 1
        lines = reader.take(BATCH_ROWS)
        if not lines:
            return
        gathered = _Gathered(mapping)
        for start in range(0, len(lines), PIECE_ROWS):
            objects, numbers, unread = parse_lines(lines[start : start + PIECE_ROWS], first + start)
            gathered.unread += unread
            if objects and gathered.mapping is None:
                gathered.mapping = mapping = _settle(path, objects, declared)
            gathered.add(objects, numbers)
        if mapping is None:
            refuse_if_nothing(path, 0, gathered.unread)
            continue
        place = {"offset": reader.offset, "line": reader.line, "columns": mapping}
        yield gathered.cut(place, reader, lines, first)


def _parse(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"not JSON: {error}"


def _settle(path: Path, objects: list[Object], declared: Mapping[str, str]) -> dict[str, str]:
    names = dict.fromkeys(chain.from_iterable(objects))
    texts = [name for name in names if any(isinstance(item.get(name), str) for item in objects)]
    return resolve(path, names, declared, texts)


class _Gathered:
    """Columns of one cut, filled piece by piece."""

    def __init__(self, mapping: dict[str, str] | None) -> None:
        self.mapping = mapping
        self.unread: list[Unread] = []
        self._lines: list[int] = []
        self._columns: dict[str, list[Any]] = {}
        self._extra: list[str | None] = []
        self._shapes: Counter[tuple[str, ...]] = Counter()

    def add(self, objects: list[Object], numbers: list[int]) -> None:
        if not objects or self.mapping is None:
            return
        for ours, values in zip(self.mapping, fields(objects, list(self.mapping.values())), strict=True):
            self._columns.setdefault(ours, []).extend(values)
        self._lines += numbers
        shapes = Counter(map(tuple, objects))
        self._shapes.update(shapes)
        used = {theirs.partition(".")[0] for theirs in self.mapping.values()}
        rest = [name for name in dict.fromkeys(chain.from_iterable(shapes)) if name not in used and plain(name) not in PERSONAL]
        self._extra += extras(objects, rest)

    def cut(self, cursor: dict[str, Any], reader: LineReader, lines: list[bytes], first: int) -> Cut:
        columns = {ours: self._series(ours, values) for ours, values in self._columns.items()}
        aside: Counter[str] = Counter()
        used = {theirs.partition(".")[0] for theirs in (self.mapping or {}).values()}
        for shape, count in self._shapes.items():
            aside.update({name: count for name in shape if name not in used})
        numbers = self._lines
        return Cut(
            columns=columns,
            extra=pl.Series(self._extra, dtype=pl.String),
            lines=numbers,
            content=lambda row: lines[numbers[row] - first].rstrip(),
            cursor=cursor,
            done=reader.done,
            total=reader.total,
            unread=self.unread,
            aside=dict(aside),
        )

    def _series(self, ours: str, values: list[Any]) -> pl.Series:
        kinds = set(map(type, values)) - {type(None)}
        if kinds <= {str}:
            return pl.Series(values, dtype=pl.String)
        if ours in ("posted_at", "known_at") and kinds <= {int, float}:
            return pl.Series(values, dtype=pl.Float64 if float in kinds else pl.Int64, strict=False)
        if ours == "synthetic" and kinds == {bool}:
            return pl.Series(values, dtype=pl.Boolean)
        return pl.Series([_as_text(ours, value) for value in values], dtype=pl.String)


def fields(objects: list[Object], names: Sequence[str]) -> Sequence[Sequence[Any]]:
    """The values of each of `names` in all `objects`; None where one is absent, and a dotted name looks inside nested objects."""
    try:
        # One C loop over all objects; objects of one archive nearly always have the same fields.
        return list(zip(*map(itemgetter(*names, names[0]), objects), strict=True))[:-1]
    except KeyError:
        return [_values(objects, name) for name in names]


def extras(objects: list[Object], names: Sequence[str]) -> list[str | None]:
    """The fields `names` of each object as JSON; None for an object that has none of them."""
    if not names:
        return [None] * len(objects)
    try:
        rows = map(itemgetter(*names, names[0]), objects)
        return [orjson.dumps(dict(zip(names, row, strict=False))).decode() for row in rows]
    except KeyError:
        kept = ({name: item[name] for name in names if name in item} for item in objects)
        return [orjson.dumps(some).decode() if some else None for some in kept]


def _values(objects: list[Object], theirs: str) -> list[Any]:
    head, _, inner = theirs.partition(".")
    if not inner or any(theirs in item for item in objects):
        return [item.get(theirs) for item in objects]
    inside = [item.get(head) for item in objects]
    return _values([value if isinstance(value, dict) else {} for value in inside], inner)


def _as_text(ours: str, value: Any) -> str | None:
    """A value of another JSON type as text, if it has one faithful form; a float that is a rounded integer id has none."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict) and ours == "author":
        return next((str(value[key]) for key in _AUTHOR_KEYS if isinstance(value.get(key), str | int)), None)
    if isinstance(value, bool) or (isinstance(value, int) and ours != "text"):
        return str(value).lower()
    if isinstance(value, float) and abs(value) < 2**53:
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value) if isinstance(value, int) else None
