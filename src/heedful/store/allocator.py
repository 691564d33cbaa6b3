"""Memory that was freed goes back to the system: the C library keeps it for itself, 40 MB over an export of a gigabyte."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any


def give_back() -> None:
    """Return free pages of the heap, where the C library can (glibc); about a millisecond, so to be called after thousands of rows."""
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], Any] | None:
    try:
        found: Callable[[int], Any] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):
        found = None
    return found
