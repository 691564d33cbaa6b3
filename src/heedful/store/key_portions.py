"""Hashes of known keys on disk, by portion (eight UTC days and a code of the key), so that memory need not hold those of all days."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import StoreError
from heedful.core.schemas import Schema

Portions = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.int64]
"""Two columns: hash of the key, hash of the content."""

_EPOCH = date(1970, 1, 1)
_TIMES = ("start_at", "day")
_CODES, _DAYS = 256, 8
_PAIR_BYTES = 16


def portion_column(schema: type[Schema]) -> str | None:
    """The column of the key that tells the portion; None where the key has no time, and all keys are one portion."""
    return next((name for name in _TIMES if name in schema.key), None)


def portion(schema: type[Schema]) -> pl.Expr:
    """The `_portion` of each row, from its key: eight days, and one of 256 numbers of the code. Versions of one key are of one portion.

    Numbers of codes mean something within one process only.
    """
    name = portion_column(schema)
    if name is None:
        return pl.lit(0, pl.Int64).alias("_portion")
    spans = pl.col(name).cast(pl.Date).to_physical().cast(pl.Int64) // _DAYS * _CODES
    if "code" in schema.key:
        spans = spans + (pl.col("code").hash() % _CODES).cast(pl.Int64)
    return spans.alias("_portion")


def days_of(portions: Collection[int]) -> list[date]:
    """The days of portions, sorted."""
    spans = sorted({name // _CODES for name in portions})
    return [_EPOCH + timedelta(days=span * _DAYS + day) for span in spans for day in range(_DAYS)]


class KeyPortions:
    """Pairs of one table in a file without a name under `folder`, which is gone with the process: nothing of an erased row stays behind.

    Raises `StoreError` where the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end = 0
        self._pieces: dict[int, list[tuple[int, int]]] = {}

    def add(self, portions: Portions, pairs: Pairs) -> None:
        """Keep pairs, each under its portion."""
        if not len(portions):
            return
        if (portions[1:] < portions[:-1]).any():
            order = np.argsort(portions, kind="stable")
            portions, pairs = portions[order], pairs[order]
        self._write(np.ascontiguousarray(pairs))
        starts = np.concatenate([[0], np.flatnonzero(np.diff(portions)) + 1, [len(portions)]])
        for name, start, stop in zip(portions[starts[:-1]].tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            pieces = self._pieces.setdefault(name, [])
            if pieces and pieces[-1][1] == self._end + start:
                pieces[-1] = (pieces[-1][0], self._end + stop)
            else:
                pieces.append((self._end + start, self._end + stop))
        self._end += len(portions)

    def read(self, names: Collection[int]) -> Pairs:
        """All that was kept under `names`."""
        pieces = sorted(piece for name in names for piece in self._pieces.get(name, ()))
        pairs, at = np.empty((sum(stop - start for start, stop in pieces), 2), np.int64), 0
        for start, stop in pieces:
            assert self._file is not None
            size = stop - start
            read = os.preadv(self._file.fileno(), [pairs[at : at + size].data], start * _PAIR_BYTES)
            if read != size * _PAIR_BYTES:
                raise StoreError(f"{self._folder}: the file of known keys ends early. Check the disk and run the command again.")
            at += size
        return pairs

    def _write(self, pairs: Pairs) -> None:
        try:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (kept as long as the table)
            data, at = pairs.data.cast("B"), self._end * _PAIR_BYTES
            while data:
                written = os.pwrite(self._file.fileno(), data, at)
                data, at = data[written:], at + written
        except OSError as error:
            raise StoreError(
                f"{self._folder}: hashes of known keys could not be kept on disk ({error}): a command needs 16 bytes a row as it runs. "
                "Make room and run the command again."
            ) from error
