"""Adding a row of a table to running sums, eight numbers at a time; in plain Numba it must be asked at each row whether the two overlap."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_intrinsic: Any = intrinsic
EIGHT = 8
"""Rows are as wide as a multiple of this."""


@_intrinsic
def add_row(typing_context: Any, sums: Any, at: Any, rows: Any, first: Any, width: Any) -> Any:
    """Add `rows[first : first + width]` (float32) to `sums[at : at + width]` (float64); both lie in a row, `width` is a multiple of 8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _sums, _at, _rows, _first, _width = arguments
        target = builder.gep(context.make_array(signature.args[0])(context, builder, _sums).data, [_at])
        source = builder.gep(context.make_array(signature.args[2])(context, builder, _rows).data, [_first])
        eight_doubles = ir.VectorType(ir.DoubleType(), EIGHT)
        eight_floats = ir.VectorType(ir.FloatType(), EIGHT)
        step = ir.Constant(ir.IntType(64), EIGHT)
        with cgutils.for_range_slice(builder, ir.Constant(ir.IntType(64), 0), _width, step, intp=ir.IntType(64)) as (place, _):
            there = builder.bitcast(builder.gep(target, [place]), eight_doubles.as_pointer())
            added = builder.load(builder.bitcast(builder.gep(source, [place]), eight_floats.as_pointer()), align=4)
            total = builder.fadd(builder.load(there, align=8), builder.fpext(added, eight_doubles))
            builder.store(total, there, align=8)
        return context.get_dummy_value()

    return types.void(sums, types.int64, rows, types.int64, types.int64), generate


@_intrinsic
def set_bits(typing_context: Any, value: Any) -> Any:
    """How many bits are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@_intrinsic
def fetch(typing_context: Any, array: Any, at: Any) -> Any:
    """Have the cache line of element `at` of a flat array brought near, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        builder.call(builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind), [pointer, *map(number, (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
