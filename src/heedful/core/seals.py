"""The key: the only way to put a label on rows, and to look under `Raw`.

Who may import this module is decided by `tests/architecture/test_keys.py`: the doors, the store, the engine and the sources.
"""

from __future__ import annotations

from typing import Any, TypeVar

import polars as pl

from heedful.core.frames import _SEALED, Frame
from heedful.core.labels import Label, Raw
from heedful.core.schemas import Schema

L = TypeVar("L", bound=Label)
S = TypeVar("S", bound=Schema)


def seal(data: pl.DataFrame, label: type[L], schema: type[S]) -> Frame[L, S]:
    """Put `label` on rows. The caller vouches that they deserve it."""
    return Frame(_SEALED, data, label, schema)


def raw(data: pl.DataFrame, schema: type[S]) -> Frame[Raw, S]:
    """Rows as a source read them: the label that promises nothing."""
    return Frame(_SEALED, data, Raw, schema)


def unseal(frame: Frame[Any, S]) -> pl.DataFrame:
    """The rows under any label, `Raw` too."""
    return frame._data
