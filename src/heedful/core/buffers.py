"""The columns of a polars frame where they lie in memory, as NumPy arrays: nothing is copied.

polars hands its buffers out through Arrow's C stream interface (https://arrow.apache.org/docs/format/CStreamInterface.html), batch by batch
as it holds them. A text column comes as *views*: 16 bytes a row, its length and its text, or where the text lies.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from heedful.core.errors import SchemaError

_FORMATS: dict[str, type[np.generic]] = {
    "g": np.float64, "f": np.float32, "l": np.int64, "i": np.int32, "s": np.int16, "c": np.int8, "L": np.uint64, "I": np.uint32,
}  # fmt: skip
_VIEW = "vu"


class _Schema(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(_Schema))), ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))), ("private_data", ctypes.c_void_p),
]  # fmt: skip


class _Array(ctypes.Structure):
    pass


_Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64), ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)), ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.c_void_p), ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))), ("private_data", ctypes.c_void_p),
]  # fmt: skip


class _Stream(ctypes.Structure):
    _fields_ = (
        ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Schema))),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Array))),
        ("get_last_error", ctypes.c_void_p), ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p),
    )  # fmt: skip


_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype, _pointer_of.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)


class _Owner:
    """Keeps a batch's memory until the last NumPy array on it is gone."""

    def __init__(self) -> None:
        self.array = _Array()

    def __del__(self) -> None:
        if self.array.release:
            self.array.release(ctypes.byref(self.array))


class _Place:
    """A stretch of memory in the form in which NumPy takes it over."""

    def __init__(self, address: int, shape: tuple[int, ...], dtype: type[np.generic], owner: _Owner) -> None:
        self.owner = owner
        self.__array_interface__ = {"data": (address, True), "shape": shape, "typestr": np.dtype(dtype).str, "version": 3}


def batches(data: pl.DataFrame) -> Iterator[list[NDArray[Any]]]:
    """One list of arrays a batch, in the frame's column order: numbers, dates and instants as they are stored, text as (rows, 2) words.

    Columns must hold no missing values (their places are not looked at); raises `SchemaError` on a type without plain buffers. A frame
    whose columns are cut at different rows is joined first, which copies it.

    >>> [[column.tolist() for column in batch] for batch in batches(pl.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}))]
    [[[1, 2], [0.5, 1.5]]]
    """
    if len({tuple(column.chunk_lengths()) for column in data.get_columns()}) > 1:
        data = data.rechunk()
    # column by column: the stream of a whole frame would join all its chunks
    for arrays in zip(*(_chunks(column) for column in data.get_columns()), strict=True):
        yield list(arrays)


def _chunks(column: pl.Series) -> Iterator[NDArray[Any]]:
    capsule = column.__arrow_c_stream__(None)
    address = _pointer_of(capsule, b"arrow_array_stream")
    stream = _Stream.from_address(address)
    code = _format(stream, address, column)
    while True:
        owner = _Owner()
        if stream.get_next(address, ctypes.byref(owner.array)) != 0:
            raise SchemaError("polars did not hand out its buffers; upgrade polars, or report this with its version.")
        if not owner.array.release:
            return
        yield _numpy(owner, code)


def _format(stream: _Stream, address: int, column: pl.Series) -> str:
    """Arrow's code of the column's type: a key of `_FORMATS`, or `_VIEW`."""
    schema = _Schema()
    if stream.get_schema(address, ctypes.byref(schema)) != 0:
        raise SchemaError("polars did not describe its buffers; upgrade polars, or report this with its version.")
    code: str = schema.format.decode()
    schema.release(ctypes.byref(schema))
    code = "i" if code == "tdD" else "l" if code.startswith("ts") else code
    if code not in _FORMATS and code != _VIEW:
        raise SchemaError(f"The column {column.name} ({column.dtype}) cannot be read in place.")
    return code


def _numpy(owner: _Owner, code: str) -> NDArray[Any]:
    array, dtype, width = owner.array, _FORMATS.get(code, np.uint64), 2 if code == _VIEW else 1
    shape = (array.length, 2) if code == _VIEW else (array.length,)
    if array.length == 0:
        return np.empty(shape, dtype)
    begin = (array.buffers[1] or 0) + array.offset * width * np.dtype(dtype).itemsize
    return np.asarray(_Place(begin, shape, dtype, owner))
