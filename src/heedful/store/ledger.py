"""The ledger: acts that are never rewritten, in SQLite (WAL, synchronous=FULL) or PostgreSQL, through SQLAlchemy Core.

Consents, decisions with their outbox, approvals, erasures and the hash-chained audit live here, with the journal that makes the
lake resumable. The tables are those that `heedful.core.schemas` declares, and three of our own: `inputs`, `batches`, `tombstones`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sql
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from heedful.core.errors import StoreError
from heedful.core.schemas import TABLES, Schema
from heedful.trust.audit import GENESIS, chain_hash
from heedful.trust.consent import in_force

_TYPES: dict[type, Any] = {
    pl.String: sql.Text,
    pl.Float64: sql.Float(53),
    pl.Int64: sql.BigInteger,
    pl.Int32: sql.Integer,
    pl.Int16: sql.Integer,
    pl.Date: sql.Date,
}


class Instant(sql.types.TypeDecorator[datetime]):
    """Aware UTC datetimes, kept as microseconds since 1970 so that both databases order and compare them alike."""

    impl = sql.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else round(value.timestamp() * 1_000_000)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


METADATA = sql.MetaData()


def _declare(schema: type[Schema]) -> sql.Table:
    columns = [
        sql.Column(
            name,
            Instant if isinstance(c.dtype, pl.Datetime) else _TYPES[type(c.dtype)],
            primary_key=name in schema.key,
            nullable=c.nullable,
        )
        for name, c in schema.columns.items()
    ]
    for declared in columns:
        if declared.primary_key:
            declared.autoincrement = False
    return sql.Table(schema.table, METADATA, *columns)


_T = {name: _declare(schema) for name, schema in TABLES.items() if schema.kind == "ledger"}
INPUTS = sql.Table(
    "inputs",
    METADATA,
    sql.Column("input", sql.Text, primary_key=True),
    sql.Column("cursor", sql.Text),
    sql.Column("finished", sql.Integer, nullable=False),
    sql.Column("accounts", sql.Text, nullable=False),
    sql.Column("at", Instant, nullable=False),
)
BATCHES = sql.Table(
    "batches",
    METADATA,
    sql.Column("batch", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("input", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.Column("touched", sql.LargeBinary),
    sql.Column("at", Instant, nullable=False),
)
TOMBSTONES = sql.Table(
    "tombstones",
    METADATA,
    sql.Column("scope", sql.Text, primary_key=True),
    sql.Column("subject", sql.Text, primary_key=True),
    sql.Column("at", Instant, nullable=False),
)
FACTS = sql.Table("facts", METADATA, sql.Column("name", sql.Text, primary_key=True), sql.Column("value", sql.Text, nullable=False))


_MOST_NAMED = 500
"""People that one query names: databases bound how many."""

_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class _Grants:
    """Consents in force from `since` until before `until`, as long as the acts are those of `mark`."""

    mark: tuple[Any, ...]
    since: datetime
    until: datetime
    rows: pl.DataFrame


class Ledger:
    """One ledger. `url` is ``sqlite:///file`` or ``postgresql+psycopg://…``; tables are made if they are not there.

    Errors: `StoreError` with the cure when the file or server cannot be opened.
    """

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(url)
        self._grants: _Grants | None = None
        try:
            METADATA.create_all(self.engine)
        except SQLAlchemyError as error:
            raise StoreError(
                f"The ledger {_shown(url)} cannot be opened ({error.__class__.__name__}). Check that it exists and may be written."
            ) from error
        if self.engine.dialect.name == "sqlite" and not os.environ.get("HEEDFUL_LEDGER_READABLE"):
            Path(url.removeprefix("sqlite:///")).chmod(0o600)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One atomic, durable piece of work."""
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    # --- acts

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]], connection: Connection | None = None) -> int:
        """Add acts; those whose key is there already are left as they are. Returns how many were new."""
        data = [dict(row) for row in rows]
        if not data:
            return 0
        declared = _T[table]
        statement = self._insert_once(declared).returning(*declared.primary_key.columns)
        if connection is not None:
            return len(connection.execute(statement, data).all())
        with self.transaction() as own:
            return len(own.execute(statement, data).all())

    def insert_new_decisions(self, decisions: list[Mapping[str, Any]], connection: Connection) -> set[str]:
        """Insert decisions and return the ids of those that were not there (person, point and time are unique)."""
        if not decisions:
            return set()
        table = _T["decisions"]
        statement = self._insert_once(table).returning(table.c.decision)
        return {row.decision for row in connection.execute(statement, [dict(decision) for decision in decisions])}

    def _insert_once(self, table: sql.Table) -> Any:
        if self.engine.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert as postgresql_insert

            return postgresql_insert(table).on_conflict_do_nothing()
        return sql.insert(table).prefix_with("OR IGNORE")

    def update(self, table: str, key: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        """Move the status of an outbox row; the only acts that change are deliveries."""
        if table != "deliveries":
            raise StoreError(f"Rows of {table} are acts and are never rewritten; record a new act instead.")
        with self.transaction() as connection:
            return connection.execute(sql.update(_T[table]).where(*[_T[table].c[k] == v for k, v in key.items()]).values(**values)).rowcount

    def rows(self, table: str, **equal: Any) -> pl.DataFrame:
        """Acts with these column values, as a frame of the table's schema, in key order."""
        schema, declared = TABLES[table], _T[table]
        query = (
            sql.select(declared)
            .where(*[declared.c[name] == value for name, value in equal.items()])
            .order_by(*[declared.c[k] for k in schema.key])
        )
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().all()
        return pl.DataFrame([dict(row) for row in found], schema=schema.dtypes()) if found else schema.empty()

    def sent(self, people: Iterable[str], since: datetime) -> pl.DataFrame:
        """Decisions of these people to send that were due at `since` or later: person, scheduled_at, outcome. Others are not looked at."""
        table, columns = _T["decisions"], ("person", "scheduled_at", "outcome")
        query = sql.select(*[table.c[name] for name in columns]).where(table.c.outcome == "send", table.c.scheduled_at >= since)
        named, found = sorted(set(people)), list[Any]()
        with self.engine.connect() as connection:
            for at in range(0, len(named), _MOST_NAMED):
                found += [tuple(row) for row in connection.execute(query.where(table.c.person.in_(named[at : at + _MOST_NAMED])))]
        return pl.DataFrame(found, {name: TABLES["decisions"].dtypes()[name] for name in columns}, orient="row")

    def forget_person(self, person: str) -> dict[str, int]:
        """Remove every act of one participant but the erasure's own receipt; returns rows removed by table."""
        gone: dict[str, int] = {}
        with self.transaction() as connection:
            decisions = sql.select(_T["decisions"].c.decision).where(_T["decisions"].c.person == person)
            for table in ("outcomes", "deliveries"):
                gone[table] = connection.execute(sql.delete(_T[table]).where(_T[table].c.decision.in_(decisions))).rowcount
            for table in ("decisions", "approvals", "clearances", "consents"):
                gone[table] = connection.execute(sql.delete(_T[table]).where(_T[table].c.person == person)).rowcount
        return {table: count for table, count in gone.items() if count}

    def grants(self, now: datetime) -> pl.DataFrame:
        """Consents in force at `now` (`heedful.trust.consent.in_force`); worked out anew when an act came, or one began or ended, since."""
        table = _T["consents"]
        with self.engine.connect() as connection:
            recorded = sql.type_coerce(table.c.recorded_at, sql.BigInteger)
            marks = (sql.func.count(), sql.func.sum(recorded), sql.func.min(table.c.consent), sql.func.max(table.c.consent))
            mark = tuple(connection.execute(sql.select(*marks).select_from(table)).one())
        known = self._grants
        if known is None or known.mark != mark or not known.since <= now < known.until:
            consents = self.rows("consents")
            edges = [edge for name in ("recorded_at", "until_at") for edge in consents[name].drop_nulls().to_list()]
            since = max((edge for edge in edges if edge <= now), default=_EVER[0])
            until = min((edge for edge in edges if edge > now), default=_EVER[1])
            known = self._grants = _Grants(mark, since, until, in_force(consents, now))
        return known.rows

    # --- audit

    def audit(self, at: datetime, act: str, detail: Mapping[str, Any]) -> None:
        """Add one link to the audit chain."""
        self.audit_many(at, [(act, detail)])

    def audit_many(self, at: datetime, acts: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Add links to the audit chain in one durable commit."""
        table = _T["audit"]
        with self.transaction() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(sql.text("LOCK TABLE audit IN EXCLUSIVE MODE"))
            last = connection.execute(sql.select(table.c.n, table.c.hash).order_by(table.c.n.desc()).limit(1)).first()
            n, previous = (last.n, last.hash) if last else (0, GENESIS)
            rows = []
            for act, detail in acts:
                n, text = n + 1, orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode()
                previous = chain_hash(previous, n, at, act, text)
                rows.append({"n": n, "at": at, "act": act, "detail": text, "hash": previous})
            if rows:
                connection.execute(sql.insert(table), rows)

    # --- the journal of the lake

    def begin_batch(self, name: str, at: datetime, keys: bytes | None = None) -> int:
        """Write down that a batch is about to change base tables; returns its number."""
        with self.transaction() as connection:
            number = int(connection.execute(sql.select(sql.func.coalesce(sql.func.max(BATCHES.c.batch), 0))).scalar_one()) + 1
            connection.execute(sql.insert(BATCHES).values(batch=number, input=name, state="begun", touched=keys, at=at))
        return number

    def base_written(
        self, batch: int, name: str, cursor: Mapping[str, Any], finished: bool, accounts: Mapping[str, Any], at: datetime
    ) -> None:
        """All base tables of the batch are committed: the input's cursor moves in the same commit that says so."""
        values = {"cursor": orjson.dumps(cursor).decode(), "finished": int(finished), "accounts": orjson.dumps(accounts).decode(), "at": at}
        with self.transaction() as connection:
            connection.execute(sql.update(BATCHES).where(BATCHES.c.batch == batch).values(state="base"))
            if connection.execute(sql.update(INPUTS).where(INPUTS.c.input == name).values(**values)).rowcount == 0:
                connection.execute(sql.insert(INPUTS).values(input=name, **values))

    def derived_written(self, batches: Iterable[int]) -> None:
        """Every derived table reflects these batches."""
        with self.transaction() as connection:
            connection.execute(sql.update(BATCHES).where(BATCHES.c.batch.in_(list(batches))).values(state="done", touched=None))

    def drop_batch(self, batch: int) -> None:
        """Forget a batch that was rolled back."""
        with self.transaction() as connection:
            connection.execute(sql.delete(BATCHES).where(BATCHES.c.batch == batch))

    def open_batches(self) -> list[tuple[int, str, str, bytes | None]]:
        """Batches that are not done: (number, input, state, keys), oldest first."""
        query = (
            sql.select(BATCHES.c.batch, BATCHES.c.input, BATCHES.c.state, BATCHES.c.touched)
            .where(BATCHES.c.state != "done")
            .order_by(BATCHES.c.batch)
        )
        with self.engine.connect() as connection:
            return [(row.batch, row.input, row.state, row.touched) for row in connection.execute(query)]

    def last_batch(self) -> int:
        """Number of the newest batch."""
        with self.engine.connect() as connection:
            return int(connection.execute(sql.select(sql.func.coalesce(sql.func.max(BATCHES.c.batch), 0))).scalar_one())

    def inputs(self) -> dict[str, dict[str, Any]]:
        """Every input by name: cursor, finished, accounts (rows in, out, quarantined, refused…, added up over its batches)."""
        with self.engine.connect() as connection:
            found = connection.execute(sql.select(INPUTS)).all()
        return {
            row.input: {
                "cursor": orjson.loads(row.cursor) if row.cursor else None,
                "finished": bool(row.finished),
                "accounts": orjson.loads(row.accounts),
                "at": row.at,
            }
            for row in found
        }

    # --- what must not come back

    def bury(self, scope: str, subjects: Iterable[str], at: datetime) -> None:
        """Remember that these subjects (pseudonyms or post keys) were deleted, so that no file brings them back."""
        rows = [{"scope": scope, "subject": subject, "at": at} for subject in subjects]
        if rows:
            with self.transaction() as connection:
                connection.execute(self._insert_once(TOMBSTONES), rows)

    def buried(self, scope: str) -> set[str]:
        """Subjects of one scope (post, author, person) that were deleted."""
        with self.engine.connect() as connection:
            return {row.subject for row in connection.execute(sql.select(TOMBSTONES.c.subject).where(TOMBSTONES.c.scope == scope))}

    # --- facts about this site

    def fact(self, name: str) -> str | None:
        """A remembered fact: the version of each derivation, the place of the last page."""
        with self.engine.connect() as connection:
            return connection.execute(sql.select(FACTS.c.value).where(FACTS.c.name == name)).scalar_one_or_none()

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Remember facts, replacing older ones of the same name."""
        with self.transaction() as connection:
            connection.execute(sql.delete(FACTS).where(FACTS.c.name.in_(list(facts))))
            if facts:
                connection.execute(sql.insert(FACTS), [{"name": name, "value": value} for name, value in facts.items()])


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        try:
            return sql.create_engine(url)
        except ModuleNotFoundError as error:
            raise StoreError("A PostgreSQL ledger needs the extra: pip install 'heedful[postgresql]'.") from error
    engine = sql.create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _: Any) -> None:
        # Autocommit at the driver, so that our own BEGIN IMMEDIATE decides: two writers then wait instead of failing half-way.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _shown(url: str) -> str:
    return sql.engine.make_url(url).render_as_string(hide_password=True)
