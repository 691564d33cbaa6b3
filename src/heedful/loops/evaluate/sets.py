"""Reading the sets of an evaluation: folders of gzipped JSON lines, as `../shared/data/nlp` has them, each row with its `split`."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import orjson

from heedful.core.errors import SourceError
from heedful.loops.evaluate.tasks import AbsentSetError

Row = dict[str, Any]
LEARNED_FROM = frozenset({"train", "dev", "val", "valid"})


def read_set(folder: Path, name: str) -> list[Row]:
    """All rows of a set such as "psytar/sentences", in the order of the file (`.jsonl.gz` or `.jsonl`).

    Raises `AbsentSetError` if the folder does not have it, `SourceError` with the line if a line is not a JSON object.
    """
    packed, plain = folder / f"{name}.jsonl.gz", folder / f"{name}.jsonl"
    path = packed if packed.is_file() else plain
    if not path.is_file():
        raise AbsentSetError(f"{packed}: this set is not in the folder. Give a folder of sets in the shape of ../shared/data/nlp.")
    try:
        content = gzip.decompress(path.read_bytes()) if path is packed else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(path, f"cannot be unpacked ({error})", "Fetch the file again from its origin.") from error
    return [_row(path, number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]


def _row(path: Path, number: int, line: bytes) -> Row:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SourceError(path, f"is not JSON ({error})", "Each line must be one JSON object.", number) from error
    if not isinstance(row, dict):
        raise SourceError(path, "is not an object", "Each line must be one JSON object.", number)
    return row


def train_rows(folder: Path, name: str, splits: tuple[str, ...] = ("train", "dev", "val")) -> list[Row]:
    """The rows to learn from and to choose by. Raises `AbsentSetError` if there are none."""
    rows = [row for row in read_set(folder, name) if row.get("split") in splits]
    if not rows:
        raise AbsentSetError(f"{folder / name}: no row of split {' or '.join(splits)} to learn from. Give --train a folder that has them.")
    return rows


def held_out_rows(folder: Path, name: str, split: str = "test") -> list[Row]:
    """The rows to judge on: those of `split`; where a folder names no such split, those of none that is learned from.

    Raises `AbsentSetError` if there are none.
    """
    rows = read_set(folder, name)
    chosen = [row for row in rows if row.get("split") == split] or [row for row in rows if row.get("split") not in LEARNED_FROM]
    if not chosen:
        raise AbsentSetError(f"{folder / name}: no row of split {split} to judge on.")
    return chosen
