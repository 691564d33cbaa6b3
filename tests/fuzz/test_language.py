"""The language pass on hostile text: whatever comes in, each text is read once, its rows lie within it, and it ends."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.conftest import SHARED
from tests.fuzz.targets import TEXTS, VOCABULARIES, kernels, language, tagger, vocabulary

from heedful.language.crisis import crises
from heedful.language.experiences import LONGEST, experiences_in
from heedful.language.reading import read
from heedful.sources import packaged

HOSTILE = SHARED / "data" / "hostile"
WORDS = ["zoloft", "nausea", "no ", "not", " headache", "?", "!", ".", ",", "\x00", "\u202e", "\u200d", "🤮", "é", "\ud7ff", "'", "-", "\n", "\x01", "\x02",
         "after two weeks", "because of the cost", "switched from Prozac to ", "stopped", "quit", " I ", "side effects: ", "ﷺ", "İ", "ß"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(WORDS), max_size=60).map(lambda parts: "".join(parts).encode())))
@example(b"")
@example("🤮".encode())
@example(b"\xff\xfe zoloft \xc3")
@example(b"\x00\x00zoloft\x00gave me\x00nausea")
@example("\u202eaesuan \u202d zoloft".encode())
def test_any_bytes(data: bytes) -> None:
    language(data)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=300))
def test_any_text_for_the_tagger(text: str) -> None:
    tagger(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("text", TEXTS)
def test_seeds(text: str) -> None:
    language(text.encode())
    kernels(text.encode())
    tagger(text.encode())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(VOCABULARIES),
    st.integers(0, 400),
    st.integers(0, 3),
    st.one_of(st.binary(max_size=9), st.sampled_from((b'"', b"\t", b"<", b"[", b"|"))),
)
@example(b"", 0, 0, b'"')
def test_a_vocabulary_cut_and_glued(file: bytes, at: int, lost: int, more: bytes) -> None:
    vocabulary(file[:at] + more + file[at + lost :])


@pytest.mark.parametrize(
    "piece",
    [
        "zoloft gave me nausea. ",
        "zoloft nausea ",
        "a",
        "no ",
        "🤮",
        "\u202e",
        "\x00",
        "zoloft, ",
        "after two weeks ",
        "'-",
        "switched from zoloft to ",
    ],
)
def test_ten_megabytes_are_read_to_their_end(piece: str) -> None:
    text = "I took zoloft. " + piece * (10_000_000 // len(piece.encode()))
    texts = pl.Series([text])
    told = experiences_in(texts, packaged.vocabulary())
    assert told.filter(pl.col("end") > LONGEST).height == 0
    assert crises(texts).height == 1


def test_a_long_text_does_not_touch_its_neighbors() -> None:
    short = "Zoloft gave me nausea"
    alone = experiences_in(pl.Series([short]), packaged.vocabulary()).drop("row")
    beside = experiences_in(pl.Series(["zoloft nausea " * 100_000, short]), packaged.vocabulary())
    assert beside.filter(pl.col("row") == 1).drop("row").equals(alone)


def test_naughty_strings() -> None:
    files = [path for path in sorted((HOSTILE / "naughty_strings").glob("*")) if path.is_file()] if HOSTILE.is_dir() else []
    if not files:
        pytest.skip(f"{HOSTILE}/naughty_strings is not there: set HEEDFUL_SHARED")
    lines = [line for path in files for line in _strings(path)]
    texts = pl.Series([line for line in lines for line in (line, f"zoloft {line} nausea")], dtype=pl.String)
    read(texts, packaged.vocabulary())
    experiences_in(texts, packaged.vocabulary())
    crises(texts)


def _strings(path: Path) -> list[str]:
    text = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".json":
        return [one for one in json.loads(text) if isinstance(one, str)]
    return text.splitlines()
