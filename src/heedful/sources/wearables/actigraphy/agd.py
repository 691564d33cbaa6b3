"""ActiGraph AGD: a SQLite file of epochs; the count is the first (vertical) axis."""

from __future__ import annotations

import numpy as np

from heedful.core.errors import SourceError
from heedful.sources.wearables.actigraphy.epochs import CURE, Epochs, Format, Wanted
from heedful.sources.wearables.sqlite_bytes import MAGIC, opened

_ZERO = 62_135_596_800_000_000
"""Microseconds from the year 1, where .NET's ticks begin, to 1970."""


def fits(head: bytes) -> bool:
    """Whether a file that begins so is an ActiGraph AGD."""
    return head.startswith(MAGIC) and b"dataTimestamp" in head and b"settingName" in head


def read(data: bytes, place: str, wanted: Wanted) -> Epochs:
    """The recording; `place` names the file in errors. Raises `SourceError` where it is damaged or says too little."""
    with opened(data, place) as database:
        settings = dict(database.rows("SELECT settingName, settingValue FROM settings"))
        has_steps = "steps" in {row[1] for row in database.rows("PRAGMA table_info(data)")}
        rows = database.rows(f"SELECT rowid, dataTimestamp, axis1, {'steps' if has_steps else 'NULL'} FROM data ORDER BY dataTimestamp")
    try:
        seconds = float(settings["epochlength"])
        table = np.array([[np.nan if one is None else float(one) for one in (row[2], row[3])] for row in rows]).reshape(-1, 2)
        begins = np.array([int(row[1]) for row in rows], np.int64) // 10 - _ZERO
        lines = np.array([int(row[0]) for row in rows], np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(place, f"its tables are not those of ActiLife ({type(error).__name__}: {str(error)[:80]})", CURE) from error
    if not len(rows) or not seconds > 0:
        raise SourceError(place, "it holds no epoch", CURE)
    return Epochs("ActiGraph", seconds, begins, table[:, 0], lines, table[:, 1] if has_steps else None)


AGD = Format("AGD", fits, read)
