"""The lake: base and derived tables as Delta tables, appended, replaced by partition, read as of any day.

Physical rows carry four columns of ours: `_part` (partition, from `day` by the schema's grain), `_batch` (number of the batch that
wrote a base row), `_version` (0 unless a base key was seen before) and `_content` (stable hash of a base row's content). One process
writes at a time (`Lake.writer_lock`); readers never wait.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import numpy as np
import orjson
import polars as pl
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from heedful.core.errors import StoreError
from heedful.core.schemas import Grain, Schema
from heedful.store.key_index import KeyIndex
from heedful.store.row_keys import hash_rows

OURS = {"_part": pl.String(), "_batch": pl.Int64(), "_version": pl.Int32(), "_content": pl.Int64()}
_GRAINS: dict[Grain, str] = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y", "none": ""}
_RETRIES = 20
_CONFIGURATION = {"delta.logRetentionDuration": "interval 1 days", "delta.deletedFileRetentionDuration": "interval 0 days"}


@dataclass(frozen=True)
class Appended:
    """What became of rows sent to a base table. `changed`: new rows and the older versions that they correct."""

    changed: pl.DataFrame
    added: int
    corrected: int
    duplicates: int


class Lake:
    """All bulk tables of one site under `folder`. Base tables are named by their table, derived ones `table/derivation`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, DeltaTable] = {}
        self._index = KeyIndex(self._stored_hashes)

    @contextmanager
    def writer_lock(self) -> Iterator[None]:
        """Hold the right to write; raises `StoreError` at once if another process has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "writer.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(
                    f"Another heedful is writing to {self.folder}. Wait until it ends, or stop it; reading is possible meanwhile."
                ) from error
            yield

    # --- reading

    def delta(self, name: str) -> DeltaTable | None:
        """The Delta table at its newest version, or None if it was never written."""
        known = self._tables.get(name)
        if known is not None:
            known.update_incremental()
            return known
        path = self.path(name)
        if not (path / "_delta_log").is_dir() or not any((path / "_delta_log").glob("*.json")):
            return None
        self._tables[name] = DeltaTable(path)
        return self._tables[name]

    def path(self, name: str) -> Path:
        return self.folder / ("derived" if "/" in name else "base") / name

    def names(self) -> list[str]:
        """Names of all tables that exist on disk."""
        found = [log.parent.relative_to(self.folder) for log in self.folder.glob("*/**/_delta_log")]
        return sorted("/".join(path.parts[1:]) for path in found)

    def scan(self, name: str, schema: type[Schema], parts: list[str] | None = None) -> pl.LazyFrame:
        """All physical rows (of `parts`), our four columns included."""
        dtypes = {**schema.dtypes(), **OURS}
        table = self.delta(name)
        files = [] if table is None else self._files(table, parts)
        if not files:
            return pl.LazyFrame(schema=dtypes)
        return pl.scan_parquet(files, hive_partitioning=True, hive_schema={"_part": pl.String()}, missing_columns="insert").select(
            [pl.col(column).cast(dtype) for column, dtype in dtypes.items()]
        )

    @staticmethod
    def _files(table: DeltaTable, parts: list[str] | None) -> list[str]:
        files = table.file_uris()
        wanted = None if parts is None else {f"_part={part}" for part in parts}
        return files if wanted is None else [file for file in files if file.rsplit("/", 2)[-2] in wanted]

    def parts(self, name: str) -> list[str]:
        """Partitions that hold rows."""
        table = self.delta(name)
        return [] if table is None else sorted({str(part["_part"]) for part in table.partitions()})

    def read(
        self,
        schema: type[Schema],
        keys: pl.DataFrame | None = None,
        days: tuple[date, date] | None = None,
        as_of: datetime | None = None,
        batches: list[int] | None = None,
    ) -> pl.DataFrame:
        """Rows of a base table: one a key, the newest known (by `as_of`, if given), of `keys` (a semi-join) within `days` (inclusive).

        With `batches`, only rows that those batches wrote (older versions not removed).
        """
        lazy = self.scan(schema.table, schema, self._parts_within(schema.table, schema, days))
        if keys is not None and "person" in keys.columns and keys["person"].n_unique() <= 200:
            lazy = lazy.filter(pl.col("person").is_in(keys["person"].unique().to_list()))
        if as_of is not None:
            lazy = lazy.filter(pl.col("known_at") <= as_of)
        if batches is not None:
            return lazy.filter(pl.col("_batch").is_in(batches)).drop(list(OURS)).collect()
        rows = _chosen(lazy, keys, days).collect()
        if self._has_corrections(schema.table):
            rows = self._current(schema, rows, keys, days, as_of)
        return rows.drop(list(OURS))

    def _current(
        self, schema: type[Schema], rows: pl.DataFrame, keys: pl.DataFrame | None, days: tuple[date, date] | None, as_of: datetime | None
    ) -> pl.DataFrame:
        """Of keys that were corrected, the newest version, which may lie on a day or under a person other than the one that was found."""
        key = list(schema.key)
        whole = self.scan(schema.table, schema)
        corrected = whole.filter(pl.col("_version") > 0).join(rows.lazy(), on=key, how="semi").select(key).unique().collect()
        if not corrected.height:
            return rows
        versions = whole.join(corrected.lazy(), on=key, how="semi")
        if as_of is not None:
            versions = versions.filter(pl.col("known_at") <= as_of)
        current = _chosen(newest(versions.collect(), schema).lazy(), keys, days).collect()
        return pl.concat([rows.join(corrected, on=key, how="anti"), current.select(rows.columns)])

    def _has_corrections(self, name: str) -> bool:
        table = self.delta(name)
        if table is None:
            return False
        actions = pl.DataFrame(table.get_add_actions(flatten=True))
        return "max._version" not in actions.columns or bool((actions["max._version"].fill_null(1) > 0).any())

    def _parts_within(self, name: str, schema: type[Schema], days: tuple[date, date] | None) -> list[str] | None:
        if days is None or schema.grain == "none":
            return None
        low, high = (day.strftime(_GRAINS[schema.grain]) for day in days)
        return [part for part in self.parts(name) if low <= part <= high]

    def _stored_hashes(self, schema: type[Schema]) -> tuple[np.ndarray, np.ndarray]:
        rows = self.scan(schema.table, schema).select([*schema.key, "_content"]).collect()
        return hash_rows(rows, schema.key), rows["_content"].to_numpy()

    # --- writing base rows

    def append(self, schema: type[Schema], rows: pl.DataFrame, batch: int) -> Appended:
        """Append rows to a base table in one commit: exact repetitions are left out, other content under a known key is a correction."""
        if not rows.height:
            return Appended(rows, 0, 0, 0)
        content = [name for name in schema.columns if name != "known_at" or "known_at" in schema.key]
        rows = rows.with_columns(
            partition(schema),
            _batch=pl.lit(batch, dtype=pl.Int64),
            _content=pl.Series(hash_rows(rows, content)),
            _id=pl.Series(hash_rows(rows, schema.key)),
        )
        fresh, versions = self._index.classify(schema, rows)
        new = rows.filter(fresh).with_columns(_version=pl.Series(versions[fresh.to_numpy()], dtype=pl.Int32)).drop("_id")
        corrected = new.filter(pl.col("_version") > 0)
        changed = new.drop(list(OURS))
        if corrected.height:
            older = self.scan(schema.table, schema).join(corrected.lazy().select(schema.key), on=list(schema.key), how="semi").collect()
            changed = pl.concat([changed, older.select(changed.columns)])
        if new.height:
            self._write(schema.table, schema, new, "append", None, batch)
            self._index.add(schema, rows.filter(fresh))
        return Appended(changed, new.height - corrected.height, corrected.height, rows.height - new.height)

    def roll_back(self, schema: type[Schema], batch: int) -> None:
        """Remove what an unfinished batch wrote, as if it had not begun."""
        if self.delta(schema.table) is not None:
            self._delete(schema.table, f"_batch = {batch}")

    def delete(self, schema: type[Schema], keys: pl.DataFrame) -> int:
        """Remove all versions of the base rows matching `keys` (any columns of the schema); returns how many rows went."""
        hits = self.scan(schema.table, schema).join(keys.lazy(), on=keys.columns, how="semi").select("_part").collect()
        if not hits.height:
            return 0
        touched = hits["_part"].unique().to_list()
        kept = self.scan(schema.table, schema, touched).join(keys.lazy(), on=keys.columns, how="anti").collect()
        self._write(schema.table, schema, kept, "overwrite", f"_part IN ({_quoted(touched)})", -1)
        self._index.forget(schema.table)
        return hits.height

    def _delete(self, name: str, predicate: str) -> None:
        table = self.delta(name)
        if table is None:
            return
        table.delete(predicate)
        self._index.forget(name)

    # --- writing derived rows

    def read_derived(
        self, name: str, schema: type[Schema], keys: pl.DataFrame | None, days: tuple[date, date] | None = None
    ) -> pl.DataFrame:
        """Rows of one derivation's table, of `keys` (a semi-join) within `days`."""
        lazy = self.scan(name, schema, self._parts_within(name, schema, days))
        if days is not None and "day" in schema.columns:
            lazy = lazy.filter(pl.col("day").is_between(*days))
        if keys is not None:
            lazy = lazy.join(keys.lazy(), on=keys.columns, how="semi", nulls_equal=True)
        return lazy.drop(list(OURS)).collect()

    def written_by(self, name: str, schema: type[Schema], batches: Sequence[int]) -> pl.DataFrame:
        """Rows of a derived table that the commits of these batches put in or took out, as far as vacuum has left their files."""
        put, taken = list[str](), list[str]()
        for entry in sorted((self.path(name) / "_delta_log").glob("*.json"), reverse=True) if batches else ():
            actions = [orjson.loads(line) for line in entry.read_bytes().splitlines()]
            batch = next((int(a["commitInfo"]["batch"]) for a in actions if "batch" in a.get("commitInfo", {})), None)
            if batch is not None and 0 <= batch < min(batches):
                break
            if batch in batches:
                put += [action["add"]["path"] for action in actions if "add" in action]
                taken += [action["remove"]["path"] for action in actions if "remove" in action]
        sides = [[self.path(name) / unquote(path) for path in side if (self.path(name) / unquote(path)).exists()] for side in (put, taken)]
        rows = [pl.read_parquet(side, columns=list(schema.columns), hive_partitioning=False) for side in sides if side]
        both = pl.concat([schema.empty(), *(part.cast(schema.dtypes()) for part in rows)])  # type: ignore[arg-type]
        return both.filter(~both.is_duplicated())

    def replace(self, name: str, schema: type[Schema], removed: pl.DataFrame, added: pl.DataFrame, batch: int) -> None:
        """Take `removed` rows (by schema key) out and put `added` in, in one atomic commit."""
        added = added.with_columns(
            partition(schema), _batch=pl.lit(batch, dtype=pl.Int64), _version=pl.lit(0, pl.Int32), _content=pl.lit(0, pl.Int64)
        )
        if not removed.height:
            if added.height:
                self._write(name, schema, added, "append", None, batch)
            return
        parts = removed.select(partition(schema))["_part"].unique().to_list()
        kept = (
            self.scan(name, schema, parts)
            .join(removed.lazy().select(schema.key), on=list(schema.key), how="anti", nulls_equal=True)
            .collect()
        )
        inside = pl.concat([kept, added.filter(pl.col("_part").is_in(parts)).select(kept.columns)])
        outside = added.filter(~pl.col("_part").is_in(parts))
        # One commit for both: a predicate overwrite refuses rows outside it, so the predicate names their partitions and they keep theirs.
        if outside.height:
            extra = outside["_part"].unique().to_list()
            inside = pl.concat([inside, self.scan(name, schema, extra).collect(), outside.select(kept.columns)])
            parts = sorted({*parts, *extra})
        self._write(name, schema, inside, "overwrite", f"_part IN ({_quoted(parts)})", batch)

    def drop(self, name: str) -> None:
        """Remove a table with its files: for derivations whose version rose."""
        self._tables.pop(name, None)
        shutil.rmtree(self.path(name), ignore_errors=True)

    def _write(
        self, name: str, schema: type[Schema], rows: pl.DataFrame, mode: Literal["append", "overwrite"], predicate: str | None, batch: int
    ) -> None:
        ordered = rows.select([*OURS, *schema.columns])
        properties = CommitProperties(custom_metadata={"batch": str(batch)}, app_transactions=[Transaction("heedful", max(batch, 0))])
        hooks = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
        target: DeltaTable | Path = self.delta(name) or self.path(name)
        write: Any = write_deltalake  # its overloads pair each mode with its own arguments
        for attempt in range(_RETRIES):
            try:
                write(
                    target, ordered, mode=mode, predicate=predicate, partition_by=["_part"], commit_properties=properties,
                    post_commithook_properties=hooks, configuration=None if isinstance(target, DeltaTable) else _CONFIGURATION,
                )  # fmt: skip
                return
            except CommitFailedError:
                if attempt == _RETRIES - 1:
                    raise
                target = self.delta(name) or self.path(name)

    # --- upkeep

    def compact(self, name: str) -> None:
        """Join small files and write a checkpoint; off the live path."""
        table = self.delta(name)
        if table is not None:
            table.optimize.compact()
            table.create_checkpoint()

    def vacuum(self, name: str) -> int:
        """Delete files that no version in use refers to; returns how many. After an erasure nothing of the erased rows remains."""
        table = self.delta(name)
        if table is None:
            return 0
        return len(table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True))

    def forget_history(self, name: str) -> None:
        """Rewrite the log as one checkpoint, so that statistics of erased rows (least and greatest ids) go as well."""
        table = self.delta(name)
        if table is None:
            return
        table.create_checkpoint()
        newest_version = table.version()
        for entry in (self.path(name) / "_delta_log").iterdir():
            number = entry.name.split(".")[0]
            if number.isdigit() and int(number) < newest_version:
                entry.unlink()

    def size(self) -> int:
        """Bytes on disk."""
        return sum((Path(folder) / file).stat().st_size for folder, _, files in os.walk(self.folder) for file in files)


def _chosen(rows: pl.LazyFrame, keys: pl.DataFrame | None, days: tuple[date, date] | None) -> pl.LazyFrame:
    """Rows of `keys` (a semi-join) within `days`."""
    if days is not None and "day" in rows.collect_schema():
        rows = rows.filter(pl.col("day").is_between(*days))
    return rows if keys is None else rows.join(keys.lazy(), on=keys.columns, how="semi", nulls_equal=True)


def newest(rows: pl.DataFrame, schema: type[Schema]) -> pl.DataFrame:
    """One row a key: the one known last; of several known at the same instant the one with the greatest content hash."""
    return rows.sort("known_at", "_content").unique(subset=list(schema.key), keep="last", maintain_order=True)


def partition(schema: type[Schema]) -> pl.Expr:
    """The `_part` of each row."""
    if schema.grain == "none":
        return pl.lit("all").alias("_part")
    return pl.col("day").dt.strftime(_GRAINS[schema.grain]).fill_null("none").alias("_part")


def _quoted(parts: list[str]) -> str:
    return ", ".join("'" + part.replace("'", "''") + "'" for part in sorted(parts))
