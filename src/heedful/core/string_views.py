"""The 16-byte views in which polars holds text, read in place through Arrow's C stream interface.

A view is a text's length and its first bytes, or where it lies: rows with equal views hold equal text, so that a million rows which
repeat a handful of texts can be numbered without touching one. No Arrow library is needed (it would add 176 MB to an install).
Reference: Arrow C data and C stream interfaces, https://arrow.apache.org/docs/format/CDataInterface.html.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.errors import SchemaError


class _Array(ctypes.Structure):
    pass


_Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64), ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)), ("children", ctypes.c_void_p), ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))), ("private_data", ctypes.c_void_p),
]  # fmt: skip


class _Schema(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p), ("flags", ctypes.c_int64), ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p), ("dictionary", ctypes.c_void_p), ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))), ("private_data", ctypes.c_void_p),
]  # fmt: skip


class _Stream(ctypes.Structure):
    _fields_ = (
        ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Schema))),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Array))),
        ("get_last_error", ctypes.c_void_p), ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p),
    )  # fmt: skip


_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


class _Held:
    """Keeps an Arrow array alive as long as a NumPy array looks at its buffer."""

    def __init__(self, array: _Array, address: int, count: int) -> None:
        self._array = array
        self.__array_interface__ = {"version": 3, "shape": (count, 2), "typestr": "<u8", "data": (address, True)}

    def __del__(self) -> None:
        if self._array.release:
            self._array.release(ctypes.byref(self._array))


def string_views(column: pl.Series) -> npt.NDArray[np.uint64]:
    """Two words a row, [rows, 2], of a String column that is one chunk without missing values; read-only, and not copied.

    Raises `SchemaError` if the column is not that.

    >>> views = string_views(pl.Series(["a", "b", "a"]))
    >>> bool((views[0] == views[2]).all()), bool((views[0] == views[1]).all())
    (True, False)
    """
    if column.dtype != pl.String or column.n_chunks() != 1 or column.null_count():
        raise SchemaError(f"{column.name}: string views are read of one chunk of text without missing values.")
    if not len(column):
        return np.empty((0, 2), np.uint64)
    capsule: Any = column.__arrow_c_stream__(None)
    address = _capsule_pointer(capsule, b"arrow_array_stream")
    stream = _Stream.from_address(address)
    schema, array = _Schema(), _Array()
    if stream.get_schema(address, ctypes.byref(schema)):
        raise SchemaError(f"{column.name}: its Arrow schema cannot be read.")
    form = schema.format
    schema.release(ctypes.byref(schema))
    if form != b"vu" or stream.get_next(address, ctypes.byref(array)):
        raise SchemaError(f"{column.name}: it is not held as string views (Arrow format {form!r}).")
    return np.asarray(_Held(array, array.buffers[1] + 16 * array.offset, array.length))
