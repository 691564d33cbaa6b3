"""What is fuzzed: bytes in, nothing out. A target may raise nothing: what a reader refuses, it refuses with an error of ours.

`TARGETS[name](data)` runs one input; `seeds(name)` yields inputs to begin with, made here from the samples of the source checks.
"""

from __future__ import annotations

import functools
import gzip
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from tests.sources.samples import SAMPLES

from heedful.core.errors import HeedfulError
from heedful.sources.base import SOURCES

KNOWN_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
Target = Callable[[bytes], None]

TEXTS = (
    "Week two on Zoloft and I have terrible nausea. Switched from Prozac to Lexapro because of the cost.",
    "two days without sertraline, brain zaps!! 🤮🤮 can't sleep?",
    "no fever, no cough (so far); my son's rash is gone…",
    "I want to die. took all my pills",
    "мигрень после Zoloft; dolor de cabeza, Kopfschmerzen",
    "\u202ezoloft\u202c \u200bnau\u00adsea\u0000 e\u0301 ﬁ ＮＡＵＳＥＡ",
    "",
)


def language(data: bytes) -> None:
    """Fold, tokenise, match, context, experiences, crisis words and de-identification of what the bytes say."""
    from heedful.language.crisis import crises
    from heedful.language.experiences import experiences_in
    from heedful.language.reading import read
    from heedful.sources import packaged
    from heedful.trust.deidentify import deidentify

    text = data.decode("utf-8", "replace")
    texts = pl.Series([text, f"I took Zoloft and {text}", None], dtype=pl.String)
    vocabulary = packaged.vocabulary()
    found = read(texts, vocabulary)
    size = texts.gather(found["row"]).str.len_bytes()
    assert ((found["start"] >= 0) & (found["start"] < found["end"]) & (found["end"] <= size)).all()
    told = experiences_in(texts, vocabulary, reviews=pl.Series([False, True, False]))
    assert (told["start"] < told["end"]).all()
    crises(texts)
    deidentify(texts)


def tagger(data: bytes) -> None:
    """The packaged tagger on what the bytes say."""
    from heedful.language.tagger.tagger import tag
    from heedful.sources import packaged

    texts = pl.Series([data.decode("utf-8", "replace")], dtype=pl.String)
    tag(texts, packaged.tagger("side_effects"), vocabulary=packaged.vocabulary())


def _source(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, options = SAMPLES[name](Path(folder))
        mutated = _largest(path)
        mutated.write_bytes(gzip.compress(data, 1, mtime=0) if mutated.suffix == ".gz" else data)
        source = SOURCES.get(name)
        try:
            source.recognise(path, data[: 1 << 16] if path.is_file() else b"")
            for _ in source.read(path, options, KNOWN_AT):
                pass
        except HeedfulError:
            return


def _largest(path: Path) -> Path:
    """The file itself, or the largest one of a folder."""
    return path if path.is_file() else max((one for one in sorted(path.rglob("*")) if one.is_file()), key=lambda one: one.stat().st_size)


TARGETS: dict[str, Target] = {
    "language": language,
    "tagger": tagger,
    **{f"source:{name}": functools.partial(_source, name) for name in SAMPLES},
}


def seeds(name: str) -> Iterator[bytes]:
    """Inputs to begin with."""
    if not name.startswith("source:"):
        yield from (text.encode() for text in TEXTS)
        return
    with tempfile.TemporaryDirectory() as folder:
        path, _ = SAMPLES[name.removeprefix("source:")](Path(folder))
        one = _largest(path)
        data = one.read_bytes()
        yield gzip.decompress(data) if one.suffix == ".gz" else data
    yield b""
