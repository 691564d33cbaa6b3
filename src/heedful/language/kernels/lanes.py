"""Sixteen numbers at a time: what is done for a token's tags takes one or two instructions. In plain Numba it must be asked in each loop
whether two arrays overlap. Callers see to it that the arrays hold as many numbers from the given places on."""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

LANES = 16
"""Tags of a block. A tagger with more tags has several blocks, the last one filled with tags that cannot be."""

_intrinsic: Any = intrinsic
_number, _whole, _wide = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_reals, _wholes = ir.VectorType(_number, LANES), ir.VectorType(_whole, LANES)
_FREE = ("reassoc", "contract")
"""In which order sixteen numbers are summed does not matter."""


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    lanes = _reals if kind.dtype == types.float64 else _wholes
    return builder.bitcast(builder.gep(data, [at]), lanes.as_pointer())


def _load(builder: Any, pointer: Any) -> Any:
    return builder.load(pointer, align=8 if pointer.type.pointee is _reals else 4)


def _store(builder: Any, value: Any, pointer: Any) -> None:
    builder.store(value, pointer, align=8 if pointer.type.pointee is _reals else 4)


def _all(builder: Any, value: Any, lanes: Any) -> Any:
    """The number in every lane."""
    one = builder.insert_element(ir.Constant(lanes, ir.Undefined), value, ir.Constant(_whole, 0))
    return builder.shuffle_vector(one, ir.Constant(lanes, ir.Undefined), ir.Constant(ir.VectorType(_whole, LANES), [0] * LANES))


def _reals_of(numbers: float) -> Any:
    return ir.Constant(_reals, [numbers] * LANES)


def _called(builder: Any, name: str, kinds: Any, returned: Any, arguments: Any, free: Any = ()) -> Any:
    function = builder.module.declare_intrinsic(name, (), ir.FunctionType(returned, kinds))
    return builder.call(function, arguments, fastmath=free)


def _sum(builder: Any, lanes: Any) -> Any:
    name = f"llvm.vector.reduce.fadd.v{LANES}f64"
    return _called(builder, name, [_number, _reals], _number, [ir.Constant(_number, 0.0), lanes], _FREE)


@_intrinsic
def add_lanes(typing_context: Any, target: Any, at: Any, source: Any, first: Any) -> Any:
    """Add `source[first:first + LANES]` to `target[at:at + LANES]`, both int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        taken = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        _store(builder, builder.add(_load(builder, to), _load(builder, taken)), to)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64), generate


@_intrinsic
def set_lanes(typing_context: Any, target: Any, at: Any, source: Any, first: Any) -> Any:
    """Copy `source[first:first + LANES]` to `target[at:at + LANES]`, both of one kind."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        taken = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        _store(builder, _load(builder, taken), to)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64), generate


@_intrinsic
def take_better(typing_context: Any, best: Any, at: Any, came: Any, there: Any, here: Any, steps: Any, first: Any, tag: Any) -> Any:
    """Where `here` plus `steps[first:first + LANES]` is more than `best[at:at + LANES]` (int32), set it to that, and likewise
    `came[there:there + LANES]` (uint8) to `tag`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        whence = builder.gep(context.make_array(signature.args[2])(context, builder, arguments[2]).data, [arguments[3]])
        whence = builder.bitcast(whence, ir.VectorType(ir.IntType(8), LANES).as_pointer())
        taken = _load(builder, _pointer(context, builder, signature.args[5], arguments[5], arguments[6]))
        value, held = builder.add(taken, _all(builder, arguments[4], _wholes)), _load(builder, to)
        better = builder.icmp_signed(">", value, held)
        _store(builder, builder.select(better, value, held), to)
        tags = _all(builder, arguments[7], ir.VectorType(ir.IntType(8), LANES))
        builder.store(builder.select(better, tags, builder.load(whence, align=1)), whence, align=1)
        return context.get_dummy_value()

    arguments = best, types.int64, came, types.int64, types.int32, steps, types.int64, types.uint8
    return types.void(*arguments), generate


@_intrinsic
def settle(typing_context: Any, now: Any, at: Any, best: Any, scores: Any, first: Any, less: Any, least: Any) -> Any:
    """Set `now[at:at + LANES]` to `best[at:…]` plus `scores[first:…]` minus `less`, all int32, but to no less than `least`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        longs = ir.VectorType(_wide, LANES)
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        one = _load(builder, _pointer(context, builder, signature.args[2], arguments[2], arguments[1]))
        other = _load(builder, _pointer(context, builder, signature.args[3], arguments[3], arguments[4]))
        total = builder.add(builder.sext(one, longs), builder.sext(other, longs))
        total = builder.sub(total, _all(builder, arguments[5], longs))
        floor = _all(builder, arguments[6], longs)
        total = builder.select(builder.icmp_signed("<", total, floor), floor, total)
        _store(builder, builder.trunc(total, _wholes), to)
        return context.get_dummy_value()

    return types.void(now, types.int64, best, scores, types.int64, types.int64, types.int64), generate


@_intrinsic
def largest_of_lanes(typing_context: Any, source: Any, first: Any) -> Any:
    """The largest of `source[first:first + LANES]`, int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = _load(builder, _pointer(context, builder, signature.args[0], arguments[0], arguments[1]))
        largest = _called(builder, f"llvm.vector.reduce.smax.v{LANES}i32", [_wholes], _whole, [lanes])
        return builder.sext(largest, _wide)

    return types.int64(source, types.int64), generate


@_intrinsic
def add_times(typing_context: Any, target: Any, at: Any, factor: Any, source: Any, first: Any) -> Any:
    """Add `factor` times `source[first:first + LANES]` to `target[at:at + LANES]`, both float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        taken = _pointer(context, builder, signature.args[3], arguments[3], arguments[4])
        product = builder.fmul(_all(builder, arguments[2], _reals), _load(builder, taken), flags=_FREE)
        _store(builder, builder.fadd(_load(builder, to), product, flags=_FREE), to)
        return context.get_dummy_value()

    return types.void(target, types.int64, types.float64, source, types.int64), generate


@_intrinsic
def set_times(typing_context: Any, target: Any, at: Any, factor: Any, source: Any, first: Any) -> Any:
    """Set `target[at:at + LANES]` to `factor` times `source[first:first + LANES]`, both float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        taken = _pointer(context, builder, signature.args[3], arguments[3], arguments[4])
        _store(builder, builder.fmul(_all(builder, arguments[2], _reals), _load(builder, taken)), to)
        return context.get_dummy_value()

    return types.void(target, types.int64, types.float64, source, types.int64), generate


@_intrinsic
def set_product(typing_context: Any, target: Any, at: Any, one: Any, first: Any, other: Any, then: Any) -> Any:
    """Set `target[at:at + LANES]` to `one[first:first + LANES]` times `other[then:then + LANES]`, all float64; their sum."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        left = _load(builder, _pointer(context, builder, signature.args[2], arguments[2], arguments[3]))
        right = _load(builder, _pointer(context, builder, signature.args[4], arguments[4], arguments[5]))
        product = builder.fmul(left, right)
        _store(builder, product, to)
        return _sum(builder, product)

    return types.float64(target, types.int64, one, types.int64, other, types.int64), generate


@_intrinsic
def product_of_lanes(typing_context: Any, one: Any, first: Any, other: Any, then: Any) -> Any:
    """The sum of `one[first:first + LANES]` times `other[then:then + LANES]`, float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left = _load(builder, _pointer(context, builder, signature.args[0], arguments[0], arguments[1]))
        right = _load(builder, _pointer(context, builder, signature.args[2], arguments[2], arguments[3]))
        return _sum(builder, builder.fmul(left, right, flags=_FREE))

    return types.float64(one, types.int64, other, types.int64), generate


_LEAST = -700.0
_DEGREE = 11


@_intrinsic
def set_exponentials(typing_context: Any, target: Any, at: Any, source: Any, first: Any, less: Any, unit: Any) -> Any:
    """Set `target[at:at + LANES]` (float64) to the exponentials of (`source[first:first + LANES]` (int32) - `less`) times `unit`.

    By powers of two and a series (Taylor's, relative error below 1e-13); what would be below e ** -700 is that.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        taken = _load(builder, _pointer(context, builder, signature.args[2], arguments[2], arguments[3]))
        longs = ir.VectorType(_wide, LANES)
        apart = builder.sub(builder.sext(taken, longs), _all(builder, arguments[4], longs))
        x = builder.fmul(builder.sitofp(apart, _reals), _all(builder, arguments[5], _reals))
        x = builder.select(builder.fcmp_ordered("<", x, _reals_of(_LEAST)), _reals_of(_LEAST), x)
        halves = builder.fmul(x, _reals_of(1 / math.log(2)))
        whole = _called(builder, f"llvm.floor.v{LANES}f64", [_reals], _reals, [builder.fadd(halves, _reals_of(0.5))])
        # the logarithm of 2 in two parts, the first of them short, so that taking it away whole times leaves nothing to round
        rest = builder.fsub(x, builder.fmul(whole, _reals_of(6.93147180369123816490e-01)))
        rest = builder.fsub(rest, builder.fmul(whole, _reals_of(1.90821492927058770002e-10)))
        series = _reals_of(1 / math.factorial(_DEGREE))
        for power in range(_DEGREE - 1, -1, -1):
            series = builder.fadd(builder.fmul(series, rest, flags=_FREE), _reals_of(1 / math.factorial(power)), flags=_FREE)
        exponent = builder.add(builder.fptosi(whole, longs), ir.Constant(longs, [1023] * LANES))
        two = builder.bitcast(builder.shl(exponent, ir.Constant(longs, [52] * LANES)), _reals)
        _store(builder, builder.fmul(series, two), to)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64, types.float64), generate
