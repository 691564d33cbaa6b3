"""What a source is: it recognises its files, declares what they hold, and yields raw rows in batches that can be resumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import polars as pl

from heedful.core.frames import Frame
from heedful.core.labels import Raw
from heedful.core.registry import Registry
from heedful.core.schemas import Schema
from heedful.core.seals import raw

BATCH_ROWS = 25_000
"""Of 50,000, reading posts and deriving from them held about 50 MB more at its worst."""


@dataclass(frozen=True)
class SourceCard:
    """What a source declares; `heedful sources` prints it, and the source checks compare it with what is yielded.

    `tables`: base tables it can yield. `codes`: observation codes (empty if none). `units`: UCUM units of their values.
    `zone_rule`: one sentence on how instants and local days are found. `terms`: what the platform or law asks, one sentence.
    `says`: what the files are, in the user's words. `tested_on`: real, recorded or made here.
    """

    name: str
    says: str
    family: Literal["posts", "wearables", "records", "series", "answers"]
    tables: tuple[type[Schema], ...]
    zone_rule: str
    terms: str
    tested_on: str
    codes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """What a file does not say itself and the user may declare.

    `name`: name of this input (becomes `source` of posts and series). `subject`: the participant's raw id, for files of one
    person. `zone`: IANA zone for files in local time without offset. `known_at`: ISO instant for rows whose file gives no issue
    date (the engine fills its clock). `settings`: keys of the source's own, such as a CSV mapping.
    """

    name: str
    subject: str = ""
    zone: str = "UTC"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Deletion:
    """A source says that something must go: a post (`scope` 'post', ids (source, post)) or all of an author (`scope` 'author')."""

    scope: Literal["post", "author"]
    source: str
    subject: str


@dataclass(frozen=True)
class Batch:
    """Up to about `BATCH_ROWS` raw rows, and how to go on after them.

    `rows`: raw frames by table; `Quarantine` rows are among them. `known_at` is null-free in every frame: sources that do not
    know it are given it by the engine through `read(known_at=…)`. `cursor`: plain JSON; `read(cursor=…)` goes on right after
    this batch and cuts the same batches again. `done`, `total`: bytes (or rows) for the progress bar; total 0 if unknown.
    `skipped`: rows left out on purpose, by reason (platform terms, duplicates inside the file). `aside`: unknown fields by name.
    `records`: input records that this batch consumed: rows + quarantined + skipped account for every one of them.
    """

    rows: tuple[Frame[Raw, Any], ...]
    cursor: dict[str, Any]
    done: int
    total: int
    records: int
    deletions: tuple[Deletion, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)


class Source(Protocol):
    """A kind of file. Members are stateless; everything about one input is in `Options` and the cursor."""

    card: SourceCard

    def recognise(self, path: Path, head: bytes) -> float:
        """How surely `path` (file or folder; `head` = first 64 kB, gunzipped, empty for folders) is of this kind, 0 to 1."""
        ...

    def read(self, path: Path, options: Options, known_at: Any, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Yield batches, from the start or after `cursor`. Bounded memory. Raises `SourceError` if the file is not what it says."""
        ...


SOURCES: Registry[Source] = Registry("sources", ("heedful.sources",))


def frame(rows: pl.DataFrame, schema: type[Schema]) -> Frame[Raw, Any]:
    """Raw rows of `schema`; raises `SchemaError` if they do not fit."""
    return raw(rows, schema)
