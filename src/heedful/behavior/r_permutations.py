"""Random permutations in the order in which R (3.6 and later) draws them, so that a permutation test can be repeated number by number.

R's default generator is the Mersenne Twister seeded through a linear congruence; `sample` draws each place by rejection on 16 bits at a
time. Reference: R Core Team, "Random" (RNGkind "Mersenne-Twister", sample.kind "Rejection"). Equal to R 4.2 `set.seed(s); sample(n)`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heedful.core.errors import SettingsError

_STATE_WORDS = 624


def r_permutations(seed: int, count: int, length: int) -> NDArray[np.int64]:
    """`count` permutations of 1..`length`, one a row, as R gives them after `set.seed(seed)`.

    Errors: `SettingsError` for a length outside 1..32768 or a negative count.

    >>> r_permutations(1, 2, 5).tolist()
    [[1, 4, 3, 5, 2], [5, 3, 4, 2, 1]]
    """
    if not 1 <= length <= 32768 or count < 0:
        raise SettingsError(f"Permutations need a length of 1 to 32768 and a count of at least 0, not {length} and {count}.")
    generator = np.random.RandomState()
    generator.set_state(("MT19937", _seeded(seed), _STATE_WORDS, 0, 0.0))
    drawn: NDArray[np.uint32] = np.empty(0, np.uint32)
    found: NDArray[np.int64] = np.empty((count, length), np.int64)
    rows = 0
    while rows < count:
        # Rejection takes fewer than two draws a place on average, so that one helping is nearly always enough.
        helping = 2 * length * (count - rows) + 64
        drawn = np.concatenate([drawn, np.frombuffer(generator.bytes(4 * helping), dtype="<u4")])
        used, done = _shuffle(drawn, found[rows:])
        drawn, rows = drawn[used:], rows + done
    return found


def _seeded(seed: int) -> NDArray[np.uint32]:
    """The 624 words of state that R's `set.seed` leaves."""
    value = seed & 0xFFFFFFFF
    words = []
    for step in range(50 + 1 + _STATE_WORDS):
        value = (69069 * value + 1) & 0xFFFFFFFF
        if step > 50:  # R overwrites the first word with the place in the state
            words.append(value)
    return np.array(words, dtype=np.uint32)


@njit(cache=True)
def _shuffle(drawn, out):  # type: ignore[no-untyped-def]
    """Fill whole rows of `out`; says how many draws they took and how many rows are full."""
    count, length = out.shape
    pool = np.empty(length, np.int64)
    used = 0
    for row in range(count):
        at = used
        for i in range(length):
            pool[i] = i + 1
        left = length
        for i in range(length):
            bits = 0
            while (1 << bits) < left:
                bits += 1
            while True:
                if at >= len(drawn):
                    return used, row
                # R: floor(unif_rand() * 65536), of which the low `bits` bits count; 0 places take a draw too
                place = np.int64(drawn[at] >> np.uint32(16)) & ((1 << bits) - 1)
                at += 1
                if place < left:
                    break
            out[row, i] = pool[place]
            left -= 1
            pool[place] = pool[left]
        used = at
    return used, count
