"""How kernels are compiled: without reference counts, and with a disk cache that knows all the sources behind it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from typing import Any

from numba import njit

_njit: Any = njit

inner = _njit(_nrt=False)
"""For functions called from kernels. Counting references to arrays at every call took three fifths of the time (127,000 against
317,000 posts/s); such a function must not make arrays."""

inlined = _njit(_nrt=False, inline="always")
"""For the smallest of them."""

entry = _njit(cache=True, _nrt=False, nogil=True)
"""For functions called from Python. Only these are cached on disk, and each is made inside a function that is given `stamp()`: numba
asks whether the file of a cached function is newer, but not the files of what it calls, and would run old code after a change there."""

allocating = _njit(cache=True)
"""For functions called from Python that make arrays; likewise with `stamp()`."""

_TAGGING = ("lanes", "emissions", "likeliest", "tagging", "given")
_HEADS = ("gram_columns", "marks", "rows", "word_kinds", "head_sums", "head_scan")
_KERNELS = (
    "compiling", "record", "swar", "tokens", "index", "context", "scan", "build", "token_features", "role_features", "claim_grams",
    "language_votes", *_TAGGING, *_HEADS,
)  # fmt: skip
_SOURCES = ("folding", "rules", *(f"kernels.{name}" for name in _KERNELS))


@functools.cache
def stamp() -> int:
    """A number that changes with the source of any kernel, or of the constants that they take in."""
    digest = hashlib.blake2b(digest_size=7)
    for name in _SOURCES:
        spec = importlib.util.find_spec(f"heedful.language.{name}")
        source = getattr(spec.loader, "get_source", lambda _: "")(spec.name) if spec else ""
        digest.update((source or "").encode())
    return int.from_bytes(digest.digest(), "little")
