"""Sixteen numbers at a time: the scores of a token's tags are added in one or two instructions."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

LANES = 16
"""Tags of a block. A tagger with more tags has several blocks, the last one filled with tags that cannot be."""

_intrinsic: Any = intrinsic
_sixteen = ir.VectorType(ir.IntType(32), LANES)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), _sixteen.as_pointer())


@_intrinsic
def add_lanes(typing_context: Any, target: Any, at: Any, source: Any, first: Any) -> Any:
    """Add `source[first:first + LANES]` to `target[at:at + LANES]`, both int32; the caller sees to it that both hold so many."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        taken = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        builder.store(builder.add(builder.load(to, align=4), builder.load(taken, align=4)), to, align=4)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64), generate


@_intrinsic
def set_lanes(typing_context: Any, target: Any, at: Any, source: Any, first: Any) -> Any:
    """Copy `source[first:first + LANES]` to `target[at:at + LANES]`, both int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        taken = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        builder.store(builder.load(taken, align=4), to, align=4)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64), generate
