"""Which format a vocabulary file has, and its terms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.vocabularies.concepts import TERM_TYPES, VocabularyFile
from heedful.sources.vocabularies.obo import read_obo
from heedful.sources.vocabularies.obographs import read_obographs
from heedful.sources.vocabularies.table import read_table

_FORMATS = "Give a table (.tsv, .csv) of term, code, label and type, an OBO file, or an obographs JSON document, in UTF-8."


def read_vocabulary(path: Path, kind: str = "", below: str = "") -> VocabularyFile:
    """Terms of a table, OBO file or obographs document, known by what it begins with; its source is the file's name if it names none.

    kind: type of all terms, for files that do not say it. below: of an ontology, only the concepts below this one.
    Raises `SourceError` with file, line, reason and cure; `SettingsError` on an unknown `kind`.
    """
    if kind and kind not in TERM_TYPES:
        raise SettingsError(f"{kind!r} is not a type of term; --type is one of {', '.join(TERM_TYPES)}.")
    text = _text(path)
    start = text.lstrip()
    if start.startswith(("{", "[")) and not start.startswith("[Term]"):
        file = read_obographs(path, text, kind, below)
    elif path.suffix.lower() == ".obo" or start.startswith("format-version:"):
        file = read_obo(path, text, kind, below)
    elif below:
        raise SourceError(path, "a table has no hierarchy", "Leave out --below.")
    else:
        file = read_table(path, text, kind)
    return file if file.source else replace(file, source=path.name)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise SourceError(path, "it does not exist", "Correct the path.") from error
    except IsADirectoryError as error:
        raise SourceError(path, "it is a folder", _FORMATS) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SourceError(path, "it is not UTF-8 text", _FORMATS, line) from error
    if "\0" in text or not text.strip():
        raise SourceError(path, "it holds no text" if not text.strip() else "it is not a text file", _FORMATS)
    return text
