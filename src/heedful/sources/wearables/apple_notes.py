"""MetadataEntry elements: who typed a value in, and the rest as JSON, without identifiers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

_IDENTIFYING = re.compile(r"uuid|identifier|user ?id|serial|udi$|link|session_?id|(^|_)id$|address|e-?mail|account", re.IGNORECASE)
_ENTERED, _NOT_ENTERED, _WITHHELD, _FIRST_TEXT = 0, 1, 2, 3
_MOST = 100_000

Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Noted:
    """Of a batch: which records a person typed in, number of the JSON text of each record (0 for none), entries withheld."""

    manual: npt.NDArray[np.bool_]
    text_of: Numbers
    texts: list[str | None]
    withheld: int

    def extra(self, at: npt.NDArray[np.int64]) -> pl.Series:
        """JSON of the records at these places, null where there is none."""
        return pl.Series(self.texts, dtype=pl.String).gather(self.text_of[at])


class Notes(dict[tuple[str, str], int]):
    """Numbers of notes (key, value), and what they say; the few that come again and again are worked out once.

    The numbers hold until `read` is called, which forgets them when there are many.
    """

    def __init__(self) -> None:
        self._texts: list[str | None] = [None] * _FIRST_TEXT

    def __missing__(self, note: tuple[str, str]) -> int:
        self[note] = number = self._new(*note)
        return number

    def _new(self, key: str, value: str) -> int:
        if key == "HKWasUserEntered":
            return _ENTERED if value in ("1", "YES", "true") else _NOT_ENTERED
        if _IDENTIFYING.search(key):
            return _WITHHELD
        self._texts.append(orjson.dumps({key: value}).decode())
        return len(self._texts) - 1

    def read(self, at: npt.NDArray[np.int64], numbers: Numbers, size: int) -> Noted:
        """What notes with these numbers, on the records `at` (ascending), say about a batch of `size` records."""
        manual, text_of = np.zeros(size, np.bool_), np.zeros(size, np.int32)
        manual[at[numbers == _ENTERED]] = True
        told = numbers >= _FIRST_TEXT
        text_of[at[told]] = numbers[told]
        texts = self._joined(at[told], numbers[told], text_of)
        if len(self) > _MOST:
            self.clear()
            self._texts = [None] * _FIRST_TEXT
        return Noted(manual, text_of, texts, int((numbers == _WITHHELD).sum()))

    def _joined(self, at: npt.NDArray[np.int64], numbers: Numbers, text_of: Numbers) -> list[str | None]:
        """The texts, and joined ones for records with several notes, whose `text_of` is set."""
        texts = list(self._texts)
        several = np.zeros(len(at), np.bool_)
        several[1:] = at[1:] == at[:-1]
        several[:-1] |= several[1:]
        together: dict[int, dict[str, str]] = {}
        for place, number in zip(at[several].tolist(), numbers[several].tolist(), strict=True):
            together.setdefault(place, {}).update(orjson.loads(self._texts[number] or "{}"))
        for place, parts in together.items():
            text_of[place] = len(texts)
            texts.append(orjson.dumps(parts).decode())
        return texts
