"""Tuples of arrays handed to a kernel as one array of numbers: for a single post unboxing ninety arrays takes longer than reading it."""

from __future__ import annotations

import typing
from typing import Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import numpy_support

_intrinsic: Any = intrinsic
_cgutils: Any = cgutils
_types: Any = types
_Number = TypeVar("_Number", bound=np.generic)
Rows = Annotated[npt.NDArray[_Number], 2]
"""A field that is an array of two dimensions; all others have one."""


def record_of(held: tuple[Any, ...]) -> npt.NDArray[np.int64]:
    """Addresses, shapes and numbers of all that a named tuple holds, nested ones within. It is valid while `held` is, arrays in C order.

    Raises `TypeError` for an array that `opening` would read wrongly.
    """
    numbers: list[int] = []
    _note(held, numbers)
    return np.array(numbers, np.int64)


def _note(held: tuple[Any, ...], numbers: list[int]) -> None:
    for value, kind in zip(held, _kind_of(type(held)).types, strict=True):
        if isinstance(value, tuple):
            _note(value, numbers)
        elif isinstance(value, np.ndarray):
            if numpy_support.from_dtype(value.dtype) != kind.dtype or value.ndim != kind.ndim or not value.flags.c_contiguous:
                raise TypeError(f"{type(held).__name__} holds {value.dtype} in {value.ndim} dimensions where {kind} is declared.")
            numbers += [value.ctypes.data, *value.shape]
        else:
            numbers.append(int(value))


def _kind_of(named: type[Any]) -> Any:
    """The type that a kernel knows a named tuple by, from its annotations."""
    hints = typing.get_type_hints(named, include_extras=True)
    return _types.NamedTuple([_field(hints[name]) for name in named._fields], named)


def _field(hint: Any) -> Any:
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        return _kind_of(hint)
    if hint in (bool, int):
        return types.boolean if hint is bool else types.int64
    if isinstance(hint, type):
        return numpy_support.from_dtype(np.dtype(hint))
    array, dimensions = (hint.__origin__, hint.__metadata__[0]) if hasattr(hint, "__metadata__") else (hint, 1)
    number = typing.get_args(typing.get_args(array)[1])[0]
    return types.Array(numpy_support.from_dtype(np.dtype(number)), dimensions, "C")


def opening(named: type[Any]) -> Any:
    """For kernels: a function from `record_of(held)` to `held`, a `named`."""
    kind = _kind_of(named)

    @_intrinsic
    def opened(typing_context: Any, record: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            value, _ = _open(context, builder, kind, data, 0)
            return value

        return kind(record), generate

    return opened


def _open(context: Any, builder: Any, kind: Any, data: Any, at: int) -> tuple[Any, int]:
    """The value of type `kind` noted from place `at` on, and the place after it."""
    word = ir.IntType(64)

    def number(place: int) -> Any:
        return builder.load(builder.gep(data, [ir.Constant(word, place)]))

    if isinstance(kind, types.NamedTuple):
        parts = []
        for one in kind.types:
            part, at = _open(context, builder, one, data, at)
            parts.append(part)
        return context.make_tuple(builder, kind, parts), at
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder)
        shape = [number(at + 1 + axis) for axis in range(kind.ndim)]
        size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
        strides = [ir.Constant(word, size)]
        for length in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        count = shape[0]
        for length in shape[1:]:
            count = builder.mul(count, length)
        array.data = builder.inttoptr(number(at), context.get_data_type(kind.dtype).as_pointer())
        array.nitems, array.itemsize = count, ir.Constant(word, size)
        array.shape, array.strides = _cgutils.pack_array(builder, shape), _cgutils.pack_array(builder, strides)
        array.meminfo, array.parent = (_cgutils.get_null_value(field.type) for field in (array.meminfo, array.parent))
        return array._getvalue(), at + 1 + kind.ndim
    if kind is types.boolean:
        return builder.icmp_signed("!=", number(at), ir.Constant(word, 0)), at + 1
    return number(at), at + 1
