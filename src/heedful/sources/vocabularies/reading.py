"""Which format a vocabulary file has, and its terms."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import replace
from pathlib import Path

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.vocabularies.concepts import TERM_TYPES, VocabularyFile
from heedful.sources.vocabularies.mesh import is_mesh_ascii, is_mesh_xml, read_mesh
from heedful.sources.vocabularies.obo import read_obo
from heedful.sources.vocabularies.obographs import read_obographs
from heedful.sources.vocabularies.rxnorm import is_rxnorm, read_rxnorm
from heedful.sources.vocabularies.skos import read_skos
from heedful.sources.vocabularies.table import read_table
from heedful.sources.vocabularies.triples import turtle_statements, xml_statements

_FORMATS = (
    "Give a table (.tsv, .csv) of term, code, label and type, an OBO file, an obographs JSON document, SKOS "
    "(RDF/XML, Turtle or N-Triples), RXNCONSO.RRF of RxNorm, or MeSH descriptors (XML or ASCII), in UTF-8; it may be gzipped."
)

LARGEST = 1 << 30
"""Bytes of the largest file that is read, unpacked: MeSH has 320 MB."""


def read_vocabulary(path: Path, kind: str = "", below: str = "", language: str = "en", names: tuple[str, ...] = ()) -> VocabularyFile:
    """Terms of a vocabulary file of any format, known by what it begins with; its source is the file's name if it names none.

    kind: type of all terms, for files that do not say it. below: of an ontology, only the concepts below this one.
    language: of SKOS labels. names: of RxNorm, the sources (SAB) whose names are taken, in place of RXNORM.
    A folder with RXNCONSO.RRF in it is RxNorm.
    Raises `SourceError` with file, line, reason and cure; `SettingsError` on an unknown `kind`.
    """
    if kind and kind not in TERM_TYPES:
        raise SettingsError(f"{kind!r} is not a type of term; --type is one of {', '.join(TERM_TYPES)}.")
    if path.is_dir() and (inner := _rxnorm_in(path)):
        path = inner
    text = _text(path)
    file = _read(path, text, text.lstrip(), kind, below, language, names)
    return file if file.source else replace(file, source=path.name)


def _read(path: Path, text: str, start: str, kind: str, below: str, language: str, names: tuple[str, ...]) -> VocabularyFile:
    if start.startswith(("{", "[")) and not start.startswith("[Term]"):
        if '"@context"' in text[:200_000] or '"@graph"' in text[:200_000]:
            raise SourceError(path, "it is JSON-LD", "Convert it to Turtle or N-Triples (riot --output=nt FILE, or rdfpipe -o nt FILE).")
        return read_obographs(path, text, kind, below)
    suffix = Path(path.stem if path.suffix == ".gz" else path.name).suffix.lower()
    if suffix == ".obo" or start.startswith("format-version:"):
        return read_obo(path, text, kind, below)
    if is_rxnorm(text):
        if kind not in ("", "drug") or below:
            raise SourceError(path, "RxNorm holds drugs, without a hierarchy", "Leave out --type and --below.")
        return read_rxnorm(path, text, names or ("RXNORM",))
    if is_mesh_ascii(text) or (start.startswith("<") and is_mesh_xml(text)):
        return read_mesh(path, text, kind, below)
    if start.startswith("<") and re.match(r"<(\?xml|!DOCTYPE|!--|rdf:RDF|RDF[\s>])", start):
        return read_skos(path, xml_statements(path, text.encode()), kind, below, language)
    if suffix in (".ttl", ".nt") or _TURTLE.match(start):
        return read_skos(path, turtle_statements(path, text), kind, below, language)
    if below:
        raise SourceError(path, "a table has no hierarchy", "Leave out --below.")
    return read_table(path, text, kind)


_TURTLE = re.compile(r"(?:#[^\n]*\n\s*)*(?:@prefix\s|@base\s|(?i:prefix)\s+[\w.-]*:\s*<|(?i:base)\s+<|<[^>\s]+>\s+(?:<|a\s))")


def _rxnorm_in(folder: Path) -> Path | None:
    for place in (folder, folder / "rrf", folder / "prescribe" / "rrf"):
        if (place / "RXNCONSO.RRF").exists():
            return place / "RXNCONSO.RRF"
    return None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise SourceError(path, "it does not exist", "Correct the path.") from error
    except IsADirectoryError as error:
        raise SourceError(path, "it is a folder", _FORMATS) from error
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(path, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SourceError(path, "it is not UTF-8 text", _FORMATS, line) from error
    if "\0" in text or not text.strip():
        raise SourceError(path, "it holds no text" if not text.strip() else "it is not a text file", _FORMATS)
    return text


def _unpacked(path: Path, content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            plain = packed.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(path, f"it cannot be unpacked ({error})", "Fetch the file again from its origin.") from error
    if len(plain) > LARGEST:
        raise SourceError(path, f"it holds more than {LARGEST:,} bytes, unpacked", "Give the part that you need, as a file of its own.")
    return plain
