"""Eight bytes at a time: letters and digits of ASCII, lower-cased, in a handful of instructions."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from heedful.language.kernels.compiling import inlined

_intrinsic: Any = intrinsic
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_LOW = np.uint64(0x7F7F7F7F7F7F7F7F)
_CASE = np.uint64(0x2020202020202020)
_TWO, _THREE = np.uint64(2), np.uint64(3)
_FROM_A, _PAST_Z = _ONES * np.uint64(0x80 - ord("a")), _ONES * np.uint64(0x80 - ord("z") - 1)
_SPACES = _ONES * np.uint64(ord(" "))
_FROM_0, _PAST_9 = _ONES * np.uint64(0x80 - ord("0")), _ONES * np.uint64(0x80 - ord("9") - 1)


@_intrinsic
def load_eight(typing_context: Any, data: Any, at: Any) -> Any:
    """The eight bytes from `data[at]` on as a little-endian uint64; the caller sees to `at + 8 <= data.size`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), ir.IntType(64).as_pointer())
        return builder.load(pointer, align=1)

    return types.uint64(data, types.int64), generate


@_intrinsic
def trailing_zeros(typing_context: Any, value: Any) -> Any:
    """Zero bits below the lowest set one; 64 for 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@inlined
def word_bytes(eight):  # type: ignore[no-untyped-def]
    """How many of the eight bytes are a word's, counted from the first, and all of them with letters lower-cased."""
    seven = eight & _LOW
    lower = seven | _CASE
    letters = (lower + _FROM_A) & ~(lower + _PAST_Z) & ~eight & _HIGH
    digits = (seven + _FROM_0) & ~(seven + _PAST_9) & ~eight & _HIGH
    return np.int64(trailing_zeros(~(letters | digits) & _HIGH) >> _THREE), eight | (letters >> _TWO)


@inlined
def plain_bytes(eight):  # type: ignore[no-untyped-def]
    """How many of the eight bytes, counted from the first, are small letters and spaces."""
    seven = eight & _LOW
    letters = (seven + _FROM_A) & ~(seven + _PAST_Z)
    apart = eight ^ _SPACES
    spaces = ~(((apart & _LOW) + _LOW) | apart)
    return np.int64(trailing_zeros(~((letters & ~eight) | spaces) & _HIGH) >> _THREE)
