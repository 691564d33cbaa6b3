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

VOCABULARIES = (
    b'# source: own\nterm,code,label,type\n"glorp, ache",my:1,Glorp,symptom\nrash,my:2,Rash,symptom\nrash,HP:0000988,Rash,symptom\n',
    b"term\tcode\tlabel\nglorp\tmy:1\tGlorp\n",
    b'format-version: 1.2\n\n[Term]\nid: X:1\nname: glorp\nsynonym: "glorps" EXACT []\nxref: UMLS:C1\nis_a: X:0\n',
    b'{"graphs": [{"id": "x", "nodes": [{"id": "http://purl.obolibrary.org/obo/X_1", "lbl": "glorp", "type": "CLASS"}], "edges": []}]}',
    b'@prefix s: <http://www.w3.org/2004/02/skos/core#> .\n<http://x.org/1> a s:Concept ; s:prefLabel "glorp"@en ; s:exactMatch <http://y.org/2> .\n',
    b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="http://www.w3.org/2004/02/skos/core#">'
    b'<s:Concept rdf:about="http://x.org/1"><s:prefLabel xml:lang="en">glorp</s:prefLabel></s:Concept></rdf:RDF>',
    b"36437|ENG|||||N|A1||||RXNORM|IN|36437|sertraline||N|4096|\n",
    b"*NEWRECORD\nRECTYPE = D\nMH = Headache\nMN = C23.888.592.612.441\nENTRY = Cephalalgia\nUI = D006261\n",
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


def kernels(data: bytes) -> None:
    """The compiled part alone, a hundred times as fast: matching with context, and the packaged head in one scan with it."""
    from heedful.language.crisis import crises
    from heedful.language.matching import find
    from heedful.sources import packaged

    texts = pl.Series([data.decode("utf-8", "replace")], dtype=pl.String)
    vocabulary = packaged.vocabulary()
    found = packaged.heads().load(vocabulary).read(texts).found
    assert found.equals(find(texts, vocabulary.index))
    assert ((found["start"] >= 0) & (found["start"] < found["end"]) & (found["end"] <= texts.str.len_bytes().item())).all()
    crises(texts)


def vocabulary(data: bytes) -> None:
    """A vocabulary file of any format: terms, or an error of ours."""
    from heedful.sources.vocabularies.reading import read_vocabulary

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own"
        path.write_bytes(data)
        try:
            read_vocabulary(path, "symptom")
            read_vocabulary(path)
        except HeedfulError:
            return


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
    "kernels": kernels,
    "vocabulary": vocabulary,
    "tagger": tagger,
    **{f"source:{name}": functools.partial(_source, name) for name in SAMPLES},
}


def seeds(name: str) -> Iterator[bytes]:
    """Inputs to begin with."""
    if name == "vocabulary":
        yield from VOCABULARIES
        return
    if not name.startswith("source:"):
        yield from (text.encode() for text in TEXTS)
        return
    with tempfile.TemporaryDirectory() as folder:
        path, _ = SAMPLES[name.removeprefix("source:")](Path(folder))
        one = _largest(path)
        data = one.read_bytes()
        yield gzip.decompress(data) if one.suffix == ".gz" else data
    yield b""
