"""What is known of a span whose role is asked, hashed: its words, the words around it, cues near it."""

from __future__ import annotations

from typing import Any

import numpy as np

from heedful.language.kernels.compiling import allocating, inner, stamp
from heedful.language.kernels.token_features import LIST, PREFIX, mix
from heedful.language.kernels.tokens import GAP_STOP

_NEAR = 4
_FARTHEST = 40
_KINDS = 12


@inner
def _sentence_of(t, text_of, gap):  # type: ignore[no-untyped-def]
    """First token of the sentence of token t."""
    while t > 0 and text_of[t - 1] == text_of[t] and gap[t] != GAP_STOP:
        t -= 1
    return t


def _role_features(source: int) -> Any:
    @allocating
    def role_features(text_of, gap, slots, first, after, near, bits):  # type: ignore[no-untyped-def]
        """Features of each span on tokens `first` to `after - 1`: its words and pairs of them, the words beside it by place and near it
        without, those of its sentence and of the one before, what kind of sentence it is."""
        _ = source
        n, shift = text_of.size, np.uint64(64 - bits)
        at, used = np.zeros(first.size + 1, np.int64), 0
        out = np.empty(first.size * (13 * _FARTHEST + 4 * _NEAR + _KINDS + near.shape[1]), np.int32)
        for s in range(first.size):
            a, b = first[s], min(after[s], first[s] + _FARTHEST)
            if a < b:
                text = text_of[a]
                whole = np.uint64(b - a)
                for t in range(a, b):
                    whole = mix(whole, slots[t, 0])
                    out[used] = mix(slots[t, 0], np.uint64(1)) >> shift
                    out[used + 1] = mix(slots[t, PREFIX + 4], np.uint64(3)) >> shift
                    out[used + 2] = mix(slots[t, 0], slots[t, LIST] + np.uint64(40)) >> shift
                    used += 3
                    if t + 1 < b:
                        out[used] = mix(slots[t, 0], slots[t + 1, 0] + np.uint64(2)) >> shift
                        used += 1
                for step in range(1, _NEAR + 1):
                    for there, kind in ((a - step, 10), (b - 1 + step, 20)):
                        if 0 <= there < n and text_of[there] == text:
                            out[used] = mix(slots[there, 0], np.uint64(kind)) >> shift
                            used += 1
                            if step <= 2:
                                out[used] = mix(slots[there, 0], np.uint64(kind + step)) >> shift
                                used += 1
                begin = _sentence_of(a, text_of, gap)
                t = begin
                while t < n and text_of[t] == text and (t == begin or gap[t] != GAP_STOP) and t < begin + 2 * _FARTHEST:
                    if t < a or t >= b:
                        out[used] = mix(slots[t, 0], np.uint64(30 if t < a else 35)) >> shift
                        out[used + 1] = mix(slots[t, 0], np.uint64(36)) >> shift
                        used += 2
                    t += 1
                if begin > 0 and text_of[begin - 1] == text:
                    t = begin - 1
                    last = max(_sentence_of(t, text_of, gap), t - _FARTHEST)
                    while t >= last:
                        out[used] = mix(slots[t, 0], np.uint64(31)) >> shift
                        used += 1
                        t -= 1
                else:
                    out[used] = mix(np.uint64(1), np.uint64(32)) >> shift
                    used += 1
                out[used] = mix(slots[a, LIST], np.uint64(33)) >> shift
                out[used + 1] = mix(np.uint64(1 + gap[a]), np.uint64(34)) >> shift
                out[used + 2] = mix(whole, np.uint64(38)) >> shift
                used += 3
                for c in range(near.shape[1]):
                    out[used] = mix(np.uint64(1 + near[s, c]), np.uint64(60 + c)) >> shift
                    used += 1
            at[s + 1] = used
        return at, out[:used].copy()

    return role_features


role_features = _role_features(stamp())
