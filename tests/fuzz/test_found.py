"""Inputs that once failed, each with what was wrong."""

from __future__ import annotations

import pytest
from tests.fuzz.targets import TARGETS

FOUND: tuple[tuple[str, bytes], ...] = (
    ("language", b"I took zoloft. " + "🤮".encode() * 200),  # a window cut a character in two
    ("language", b"I took zoloft. " + "\u202e".encode() * 300 + b" nausea"),
)


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_found(name: str, data: bytes) -> None:
    TARGETS[name](data)
