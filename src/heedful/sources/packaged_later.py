"""Packaged tables that are read when they are first needed: whoever takes in minutes of a watch need not hold 60 MB of words.

`data/fingerprints.json` (`python -m scripts.build_fingerprints`) says what the fingerprint of a table is while its files are these; where
they are not, the table is read to tell. Fingerprints are part of a derivation's version, and asked for whenever a site is to be written.
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import orjson

from heedful.sources import packaged

VOCABULARY_FILES = (
    "vocabulary.tsv.gz", "symp.tsv.gz", "grammar_en.tsv.gz", "figures_en.tsv", "rules_en.tsv", "misspellings_en.tsv.gz",
    "function_words.tsv",
    *(f"{kind}_{language}.tsv" for language in packaged.OTHER_LANGUAGES for kind in ("lay", "rules")),
)  # fmt: skip
GAZETTEER_FILES = ("gazetteer.tsv.gz",)
RECORDED = "fingerprints.json"


class Later:
    """Stands for a resource of a known fingerprint, and becomes it when anything else of it is asked for."""

    silent = False

    def __init__(self, fingerprint: str, read: Callable[[], Any]) -> None:
        self.fingerprint, self._read = fingerprint, read

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._read(), name)


def vocabulary() -> Any:
    """`packaged.vocabulary()`, read when it is used."""
    return _later("vocabulary", VOCABULARY_FILES, packaged.vocabulary)


def gazetteer() -> Any:
    """`packaged.gazetteer()`, read when it is used."""
    return _later("gazetteer", GAZETTEER_FILES, packaged.gazetteer)


def _later(name: str, needed: tuple[str, ...], read: Callable[[], Any]) -> Any:
    known = _recorded().get(name)
    if known is None or known["files"] != digest(needed):
        return read()
    return Later(known["fingerprint"], read)


@functools.cache
def _recorded() -> dict[str, Any]:
    place = files("heedful") / "data" / RECORDED
    recorded: dict[str, Any] = orjson.loads(place.read_bytes()) if place.is_file() else {}
    return recorded


@functools.cache
def digest(needed: tuple[str, ...]) -> str:
    """Of the files as they lie in the package, and the Unicode version that folds their words."""
    found = hashlib.blake2b(unicodedata.unidata_version.encode(), digest_size=16)
    for name in needed:
        found.update((files("heedful") / "data" / name).read_bytes())
    return found.hexdigest()
