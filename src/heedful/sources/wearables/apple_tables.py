"""Room for what `apple_scan` takes, and more of it where a file needs more than most."""

from __future__ import annotations

import numpy as np

from heedful.sources.wearables.apple_scan import STAMP, Table, Taken

_KEYS, _SPARE, _OTHERS = 1_024, 65_536, 4_096


def room(most: int) -> tuple[Taken, Table, Table]:
    """Room for `most` records, and tables for their writers (five stretches of bytes) and what notes say (two)."""
    taken = Taken(
        writers=np.zeros(most, np.int32),
        starts=np.zeros(most * STAMP, np.uint8),
        ends=np.zeros(most * STAMP, np.uint8),
        numbers=np.zeros(most),
        plain=np.zeros(most, np.int8),
        text_ends=np.zeros(most, np.int64),
        texts=np.zeros(most * 8 + _SPARE, np.uint8),
        noted=np.zeros(most + _OTHERS, np.int64),
        notes=np.zeros(most + _OTHERS, np.int32),
        others=np.zeros((_OTHERS, 5), np.int64),
    )
    return taken, table(5), table(2)


def table(width: int, keys: int = _KEYS, size: int = 128 * _KEYS) -> Table:
    """An empty table of keys of `width` stretches, with room for so many keys and bytes."""
    lengths = np.zeros((keys, width), np.int64)
    slots, hashes, ends = np.full(2 * keys, -1, np.int32), np.zeros(keys, np.uint64), np.zeros(keys, np.int64)
    return Table(slots, hashes, lengths, ends, np.zeros(size, np.uint8))


def key_of(known: Table, number: int) -> list[bytes | None]:
    """The stretches of a key, None for one that was not there.

    >>> lengths, ends = np.array([[2, -1, 1]]), np.array([3])
    >>> key_of(Table(np.zeros(1, np.int32), np.zeros(1, np.uint64), lengths, ends, np.frombuffer(b"abc", np.uint8)), 0)
    [b'ab', None, b'c']
    """
    at, parts = int(known.ends[number - 1]) if number else 0, list[bytes | None]()
    for length in known.lengths[number].tolist():
        parts.append(None if length < 0 else known.arena[at : at + length].tobytes())
        at += max(length, 0)
    return parts


def with_more_keys(known: Table, count: int) -> Table:
    """The same keys with twice the room."""
    more = table(known.lengths.shape[1], 2 * len(known.ends), 2 * len(known.arena))
    for name in ("hashes", "lengths", "ends", "arena"):
        getattr(more, name)[: len(getattr(known, name))] = getattr(known, name)
    mask = len(more.slots) - 1
    for number, hashed in enumerate(known.hashes[:count].tolist()):
        slot = hashed & mask
        while more.slots[slot] >= 0:
            slot = (slot + 1) & mask
        more.slots[slot] = number
    return more


def with_more(taken: Taken, *names: str) -> Taken:
    """What was taken, with twice the room in the arrays of these names."""
    return taken._replace(**{name: np.concatenate([old := getattr(taken, name), np.zeros_like(old)]) for name in names})
