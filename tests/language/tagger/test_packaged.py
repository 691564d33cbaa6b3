"""The taggers that come with heedful, on sentences of our own."""

from __future__ import annotations

from typing import Literal

import polars as pl
import pytest

from heedful.language.tagger.tagger import tag
from heedful.language.vocabulary import Vocabulary
from heedful.sources.packaged import place_terms, tagger, vocabulary


def surfaces(name: Literal["side_effects", "diseases_es", "locations"], text: str, known: Vocabulary | None, kind: str) -> list[str]:
    found = tag(pl.Series([text]), tagger(name), vocabulary=known).filter(pl.col("type") == kind)
    return [text.encode()[a:b].decode() for a, b in found.select("start", "end").iter_rows()]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Nausea, dry mouth and vivid dreams.", ["Nausea", "dry mouth", "vivid dreams"]),
        ("weight gain, insomnia", ["weight gain", "insomnia"]),
        ("I went to the shop on Monday.", []),
    ],
)
def test_side_effects(text: str, spans: list[str]) -> None:
    assert surfaces("side_effects", text, vocabulary(), "ADR") == spans


def test_diseases_in_spanish() -> None:
    assert surfaces("diseases_es", "Me diagnosticaron diabetes y fibromialgia. #DiaMundialDelCancer", None, "disease") == [
        "diabetes", "fibromialgia", "Cancer",
    ]  # fmt: skip


def test_locations() -> None:
    assert surfaces("locations", "Flooding in London today .", place_terms(), "LOC") == ["London"]
