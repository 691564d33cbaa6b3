"""Texts made to be slow, in two lengths: runs of one thing, words made to fall onto one place of the memo, naughty strings and files of the
folder that HEEDFUL_HOSTILE names (else ../shared/data/hostile), repeated. All that a file holds is read as if it were a post."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LONGEST_PART = 50_000
"""Bytes of a file that are repeated."""
HOSTILE = Path(os.environ.get("HEEDFUL_HOSTILE", "../shared/data/hostile"))
_K1, _K2, _K3 = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9


def hostile(size: int) -> Iterator[tuple[str, str]]:
    """Name and text of about `size` bytes; asked for twice the size, the same kind of text twice as long."""
    kinds = {
        "one letter": "a", "apostrophes": "'a", "joiners": "\u200d", "marks on a letter": "\u0301", "emoji": "🤮", "no no": "no ", "commas": "a,",
        "hyphens": "a-", "dots": ".", "www": "www.", "shouting": "AAA ", "Capitals": "a Bc", "digits": "1", "links": "http://", "nulls": "a\0",
        "right to left": "\u202eabc\u202c ", "ideographs": "漢字", "a phrase cut short": "abnormality of the ", "drug not drug": "no Zoloft not ",
        "lexicon": "i can not go on because of my ", "spaces": " ", "folds to many": "\ufdfa",
    }  # fmt: skip
    for name, part in kinds.items():
        yield name, part * (size // len(part.encode()))
    yield "words never met", _words(np.random.default_rng(1), size)
    yield "words on one place of the memo", _colliding(size)
    for number, text in enumerate(_naughty()):
        if text:
            yield f"naughty string {number}", (text + " ") * (size // (len(text.encode()) + 1) + 1)
    for path in sorted(path for path in HOSTILE.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            text = file.read(LONGEST_PART).decode("utf-8", "replace")
        if text:
            yield str(path.relative_to(HOSTILE)), (text + " ") * (size // (len(text.encode()) + 1) + 1)


def _words(rng: np.random.Generator, size: int) -> str:
    letters = rng.integers(97, 123, size).astype(np.uint8)
    letters[np.cumsum(rng.integers(4, 12, size // 4))[: size // 12]] = 32
    return letters.tobytes().decode()


def _colliding(size: int, bits: int = 12) -> str:
    """Words of eight letters whose hash ends in the same `bits` bits: an attacker knows the hash, there is no secret in it."""
    rng = np.random.default_rng(2)
    tries = rng.integers(97, 123, (size << max(0, bits - 5), 8)).astype(np.uint8) if size <= 1 << 16 else None
    if tries is None:
        return _colliding(1 << 16, bits) * (size >> 16)
    low = tries.view(np.uint64)[:, 0]
    with np.errstate(over="ignore"):
        h = low * np.uint64(_K2)
        h = (h ^ (h >> np.uint64(32)) ^ np.uint64(8)) * np.uint64(_K3)
        h ^= h >> np.uint64(32)
    chosen = tries[(h & np.uint64((1 << bits) - 1)) == 0][: size // 9 + 1]
    return " ".join(row.tobytes().decode() for row in chosen)


def _naughty() -> list[str]:
    data = HOSTILE / "naughty_strings" / "blns.json"
    return [text for text in json.loads(data.read_text()) if isinstance(text, str)] if data.is_file() else []
