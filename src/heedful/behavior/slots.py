"""Rows of arrays that warm states hold: one is taken for whoever comes, given back when they go, and used again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GROWTH = 64
"""Rows at the first; then as many again as there are."""


class Slots:
    """Numbers of rows. `grow` makes the owner's arrays longer by so many rows.

    >>> slots = Slots(lambda more: None)
    >>> slots.take(), slots.take()
    (0, 1)
    >>> slots.give_back([0])
    >>> slots.take()
    0
    """

    def __init__(self, grow: Callable[[int], None]) -> None:
        self._grow, self._have = grow, 0
        self.free = list[int]()
        """Rows that nobody has, of those that were made."""

    def take(self) -> int:
        """A row that nobody has."""
        if not self.free:
            more = max(_GROWTH, self._have)
            self._grow(more)
            self.free = list(range(self._have + more - 1, self._have - 1, -1))
            self._have += more
        return self.free.pop()

    def give_back(self, rows: Iterable[int]) -> None:
        """Let others have these rows; the owner has emptied them."""
        self.free += rows


def longer(array: NDArray[Any], more: int, value: Any = 0) -> NDArray[Any]:
    """The array with `more` rows of `value` behind."""
    return np.concatenate([array, np.full((more, *array.shape[1:]), value, array.dtype)])
