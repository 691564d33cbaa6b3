"""A column of text as kernels read it: one run of UTF-8 bytes and the offsets at which each text begins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl


def text_buffers(texts: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Offsets (n + 1, int64) and bytes (uint8) of a String column; a missing text is empty.

    >>> offsets, data = text_buffers(pl.Series(["ab", None, "é"]))
    >>> offsets.tolist(), bytes(data)
    ([0, 2, 2, 4], b'ab\\xc3\\xa9')
    """
    filled = texts.fill_null("")
    offsets = np.zeros(len(filled) + 1, np.int64)
    np.cumsum(filled.str.len_bytes().to_numpy(), out=offsets[1:])
    joined = filled.str.join("").cast(pl.Binary).item() if len(filled) else b""
    return offsets, np.frombuffer(joined, np.uint8)
