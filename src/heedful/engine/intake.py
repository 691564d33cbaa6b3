"""Base rows in and out: batches through their doors into the lake under the journal, deletions, and recovery after a crash.

Order of one batch: journal says *begun* → base tables commit → journal says *base* and moves the input's cursor (one commit) → derived
tables commit → journal says *done*. A batch found *begun* after a crash is rolled back and read again; one found *base* is only derived.
A deletion is journalled with the keys it touches before anything goes, and is simply done again. Derived tables are committed
in an order in which deriving again finds all that an interrupted update left undone (`heedful.engine.local`).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from heedful.core.clock import Clock
from heedful.core.labels import Aggregate, Consented, Held, Public, Raw
from heedful.core.schemas import TABLES, LinkedAccounts, Posts, Quarantine, Schema, Series
from heedful.core.seals import unseal
from heedful.engine.local import Changed, Engine
from heedful.engine.plan import Node
from heedful.sources.base import Batch, Deletion
from heedful.store.lake import Lake
from heedful.store.ledger import Ledger
from heedful.trust import doors
from heedful.trust.pseudonyms import PseudonymKey

DELETION = "deletion"
"""Name of a batch that no input brings: rows that go."""
HELD_WEIGHT = 10
"""Rows that stay in memory until derived tables are brought up to date (posts, diaries) count for so many that need not."""
LABELS: dict[str, Any] = {"public": Public, "personal": Consented[Held], "aggregate": Aggregate, "either": Raw}


def label_of(schema: type[Schema]) -> Any:
    """The label under which a base table is held."""
    return LABELS[schema.stream]


@dataclass
class Accounts:
    """Where every input record went: rows in = rows out + quarantined + refused + skipped + repeated."""

    records: int = 0
    stored: dict[str, int] = field(default_factory=dict)
    corrected: dict[str, int] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    yielded: dict[str, int] = field(default_factory=dict)
    """Rows that the source yielded, by table: equal to stored + corrected + repeated + refused."""

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of(cls, values: Mapping[str, Any] | None) -> Accounts:
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values}) if values else cls()


def add_up(into: dict[str, int], more: Mapping[str, int]) -> None:
    """Add counts by name."""
    for name, count in more.items():
        if count:
            into[name] = into.get(name, 0) + count


class Intake:
    """The only writer of base tables.

    Parameters
    ----------
    public_key, participant_key: the two pseudonym spaces. seal_line: encrypts a quarantined line.
    welcome: told the raw ids of people in own files (`heedful look`), so that it can record their consent first; None elsewhere.
    derive_every: base rows after which derived tables are brought up to date; a source's end always does.
    """

    def __init__(
        self, lake: Lake, ledger: Ledger, engine: Engine, clock: Clock, public_key: PseudonymKey, participant_key: PseudonymKey,
        seal_line: Callable[[str], str], derive_every: int = 400_000, welcome: Callable[[set[str]], None] | None = None,
    ) -> None:  # fmt: skip
        self.lake, self.ledger, self.engine, self.clock = lake, ledger, engine, clock
        self.public_key, self.participant_key, self.seal_line, self.derive_every = public_key, participant_key, seal_line, derive_every
        self.welcome = welcome
        self._pending, self._open, self._underived = Changed(), list[int](), 0
        self._buried: dict[str, set[str]] = {}

    # --- a batch

    def take(self, name: str, batch: Batch, accounts: Accounts, finished: bool = False) -> None:
        """Store one batch of the input `name`; `accounts` are the input's so far and are added to."""
        now = self.clock.now()
        number = self.ledger.begin_batch(name, now)
        add_up(accounts.skipped, batch.skipped)
        add_up(accounts.aside, batch.aside)
        accounts.records += batch.records
        for frame in batch.rows:
            add_up(accounts.yielded, {frame.schema.table: len(frame)})
            passed = self._through_door(frame, now, accounts)
            self._store(frame.schema, passed, number, accounts)
        goners = self._source_deletions(batch.deletions)
        for scope, subjects in goners.items():
            # Before the cursor moves: after a crash here, recovery still knows what must go.
            self.ledger.bury(scope, subjects, now)
        self.ledger.base_written(number, name, batch.cursor, finished, accounts.as_dict(), now)
        self._open.append(number)
        for scope, subjects in goners.items():
            self.delete(scope, subjects)
        if self._underived >= self.derive_every:
            self.derive()

    def _through_door(self, frame: Any, now: datetime, accounts: Accounts) -> pl.DataFrame:
        schema: type[Schema] = frame.schema
        if schema is Posts:
            passed: Any = doors.public_door(frame, self.public_key, self.buried("post"), self.buried("author"))
        elif schema is LinkedAccounts:
            grants = self.ledger.grants(self.clock.now())
            passed = doors.link_door(frame, self.participant_key, self.public_key, grants, self.buried("person"))
        elif schema is Series:
            return doors.issued_series(frame).data
        elif schema is Quarantine:
            rows = unseal(frame)
            # what a reason says in brackets at its end names one row (its series and date): such rows are added up without
            kinds = rows.group_by(pl.col("reason").str.replace(r" \[[^\[\]]*\]$", "")).len()
            add_up(accounts.quarantined, dict(kinds.iter_rows()))
            return rows.with_columns(
                content=pl.Series([None if line is None else self.seal_line(line) for line in rows["content"]], dtype=pl.String)
            )
        else:
            if self.welcome is not None:
                self.welcome(set(unseal(frame)["person"].unique().to_list()))
            grants = self.ledger.grants(self.clock.now())
            passed = doors.consent_door(frame, self.participant_key, grants, self.buried("person"))
        add_up(accounts.refused, {f"{schema.table}: {reason}": count for reason, count in passed.refused.items()})
        return passed.frame.data

    def _store(self, schema: type[Schema], rows: pl.DataFrame, number: int, accounts: Accounts) -> None:
        result = self.lake.append(schema, rows, number)
        add_up(accounts.stored, {schema.table: result.added})
        add_up(accounts.corrected, {schema.table: result.corrected})
        add_up(accounts.repeated, {schema.table: result.duplicates})
        if schema is not Quarantine:
            node: Node = (schema, label_of(schema))
            telling = self.engine.plan.telling(node)
            self._underived += result.changed.height * (HELD_WEIGHT if telling is None else 1)
            if telling is None:
                self._pending.add(node, result.changed, fresh=not result.corrected)
            elif telling:
                # What touched a key is forgotten, that it was touched stays: a month of minutes is a few rows here.
                self._pending.add(node, result.changed.select(telling).unique())

    def derive(self, on_step: Callable[[str], None] | None = None) -> dict[str, int]:
        """Bring derived tables up to date with all batches taken so far."""
        if not self._open:
            return {}
        written = self.engine.update(self._pending, self._open[-1], on_step)
        self.ledger.derived_written(self._open)
        self._pending, self._open, self._underived = Changed(), [], 0
        return written

    # --- deletions

    def buried(self, scope: str) -> set[str]:
        """Subjects that were deleted and must not come back."""
        if scope not in self._buried:
            self._buried[scope] = self.ledger.buried(scope)
        return self._buried[scope]

    def _source_deletions(self, deletions: tuple[Deletion, ...]) -> dict[str, list[str]]:
        posts = [doors.post_key(d.source, d.subject, self.public_key) for d in deletions if d.scope == "post"]
        authors = [self.public_key.name(d.subject) for d in deletions if d.scope == "author"]
        return {scope: subjects for scope, subjects in (("post", posts), ("author", authors)) if subjects}

    def delete(self, scope: str, subjects: list[str]) -> dict[str, int]:
        """Remove posts (`source\\x1fpost`), authors or persons from every base table, then from every derived row.

        Returns rows removed by table. They are remembered first, so that no file brings them back.
        """
        if not subjects:
            return {}
        self.derive()
        now = self.clock.now()
        self.ledger.bury(scope, subjects, now)
        self._buried.pop(scope, None)
        return self._remove(_deletion_keys(scope, subjects), now)

    def remove(self, schema: type[Schema], keys: pl.DataFrame) -> dict[str, int]:
        """Remove base rows with these values of key columns, then every row derived from them; returns rows removed by table.

        Nothing is remembered: who brought the rows may bring them again.
        """
        self.derive()
        return self._remove([(schema, keys)], self.clock.now())

    def _remove(self, wanted: list[tuple[type[Schema], pl.DataFrame]], now: datetime) -> dict[str, int]:
        hits = {schema: rows for schema, keys in wanted if (rows := self._hits(schema, keys)).height}
        if not hits:
            return {}
        number = self.ledger.begin_batch(DELETION, now, _packed({schema.table: rows for schema, rows in hits.items()}))
        return self._delete_rows(number, hits)

    def _hits(self, schema: type[Schema], keys: pl.DataFrame) -> pl.DataFrame:
        """What tells which rows go and which keys they touched, all versions of the rows: each may have touched other keys."""
        telling = {*(c for step in self.engine.plan.steps for c in step.derivation.key), "code"} & set(schema.columns)
        rows = self.lake.scan(schema.table, schema, keys=keys)
        mine = rows.join(keys.lazy(), on=keys.columns, how="semi")
        if set(keys.columns) <= set(schema.key):
            return mine.select(sorted(telling | set(keys.columns))).unique().collect(engine="streaming")  # some thousands of 10⁸ rows
        named = mine.select(schema.key).unique().collect(engine="streaming")
        everything = self.lake.scan(schema.table, schema).join(named.lazy(), on=list(schema.key), how="semi")
        return everything.select(sorted(telling | set(schema.key))).unique().collect(engine="streaming")

    def _delete_rows(self, number: int, hits: Mapping[type[Schema], pl.DataFrame]) -> dict[str, int]:
        changed, gone = Changed(), dict[str, int]()
        for schema, rows in hits.items():
            gone[schema.table] = self.lake.delete(schema, rows.select([name for name in schema.key if name in rows.columns]).unique())
            node: Node = (schema, label_of(schema))
            changed.add(node, rows)
        for name, count in self.engine.update(changed, number).items():
            gone[name] = count
        self.ledger.derived_written([number])
        return gone

    # --- after a crash

    def recover(self) -> list[str]:
        """Finish or undo what a killed process left; returns what was done, in words. Safe to call again."""
        said: list[str] = []
        self._buried.clear()  # another process may have erased somebody since
        for number, name, state, keys in self.ledger.open_batches():
            if name == DELETION:
                self._delete_rows(number, {TABLES[table]: rows for table, rows in _unpacked(keys or b"").items()})
                said.append("an interrupted deletion was finished")
            elif state == "begun":
                for schema in TABLES.values():
                    if schema.kind == "base":
                        self.lake.roll_back(schema, number)
                self.ledger.drop_batch(number)
                said.append(f"an unfinished batch of {name} was undone and will be read again")
            else:
                self._reopen(number)
                said.append(f"a batch of {name} that was stored but not derived is being derived")
        self.derive()
        if said:
            for scope in ("post", "author", "person"):
                self.delete(scope, sorted(self.buried(scope)))
        return said

    def _reopen(self, number: int) -> None:
        for schema in TABLES.values():
            if schema.kind != "base" or schema is Quarantine:
                continue
            rows = self.lake.read(schema, batches=[number])
            if rows.height:
                keys = rows.select(schema.key)
                older = self.lake.scan(schema.table, schema, keys=keys).join(keys.lazy(), on=list(schema.key), how="semi").collect()
                self._pending.add((schema, label_of(schema)), older.select(rows.columns))
        self._open.append(number)


def _deletion_keys(scope: str, subjects: list[str]) -> list[tuple[type[Schema], pl.DataFrame]]:
    if scope == "person":
        personal = [schema for schema in TABLES.values() if schema.kind == "base" and schema.stream == "personal"]
        return [(schema, pl.DataFrame({"person": subjects})) for schema in personal]
    if scope == "author":
        return [(Posts, pl.DataFrame({"author": subjects}))]
    pairs = [subject.split("\x1f", 1) for subject in subjects]
    return [(Posts, pl.DataFrame({"source": [pair[0] for pair in pairs], "post": [pair[1] for pair in pairs]}))]


def _packed(frames: Mapping[str, pl.DataFrame]) -> bytes:
    out = io.BytesIO()
    for table, rows in frames.items():
        part = io.BytesIO()
        rows.write_ipc(part, compression="zstd")
        name = table.encode()
        out.write(len(name).to_bytes(2, "big") + name + part.tell().to_bytes(8, "big") + part.getvalue())
    return out.getvalue()


def _unpacked(data: bytes) -> dict[str, pl.DataFrame]:
    frames, at = dict[str, pl.DataFrame](), 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        table = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        size = int.from_bytes(data[at : at + 8], "big")
        frames[table] = pl.read_ipc(data[at + 8 : at + 8 + size])
        at += 8 + size
    return frames
