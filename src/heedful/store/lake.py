"""The lake: base and derived tables as Delta tables, appended, replaced file by file, read as of any day.

Physical rows carry four columns of ours: `_part` (partition, from `day` by the schema's grain), `_batch` (number of the batch that
wrote a base row), `_version` (0 unless a base key was seen before) and `_content` (stable hash of a base row's content). One process
writes at a time (`Lake.writer_lock`); readers never wait. Differences of derived tables are *staged*, which this process sees at once, and
*settled*, which is one commit a table.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from deltalake import DeltaTable

from heedful.core.errors import WriterBusyError
from heedful.core.schemas import Grain, Schema
from heedful.store.allocator import give_back
from heedful.store.key_index import KeyIndex
from heedful.store.key_portions import Pairs, Portions, days_of, portion, portion_column
from heedful.store.row_keys import hash_each, hash_rows
from heedful.store.table_log import DataFile, TableLog
from heedful.store.warm import Names, WarmDays, WarmTable, WarmTables, among, replaced

OURS = {"_part": pl.String(), "_batch": pl.Int64(), "_version": pl.Int32(), "_content": pl.Int64()}
_GRAINS: dict[Grain, str] = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y", "none": ""}
_IDS = ("person", "author")
_MOST_IDS = 1_000
_FEW = {"person": 200, "source": 200, "signal": 1_000}
"""Of so many values of these columns none but rows with them are read, before the join with the keys themselves."""
_SMALL_ROWS, _FILE_ROWS, _GROUP_ROWS = 250_000, 500_000, 2_000_000
"""Compaction joins files of fewer rows than the first, writes files of the second, and holds at most the third in memory."""
_HASHED_ROWS = 131_072
_BULK_ROWS = 10_000
"""After a batch of so many rows freed memory is returned; a live minute has fewer."""


@dataclass(frozen=True)
class Appended:
    """What became of rows sent to a base table. `changed`: new rows and the older versions that they correct."""

    changed: pl.DataFrame
    added: int
    corrected: int
    duplicates: int


class Watcher(Protocol):
    """Keeps something of base rows in memory, and hears of all that come and go."""

    def came(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """New rows, none of which corrects another."""

    def changed(self, schema: type[Schema], rows: pl.DataFrame) -> None:
        """Rows that correct others, those others, and rows that came with them."""

    def went(self, table: str, people: Iterable[str] | None) -> None:
        """Rows of these people were removed; None: anybody's, or another process wrote."""


@dataclass
class _Staged:
    """Differences of a derived table that are not committed yet."""

    schema: type[Schema]
    removed: pl.DataFrame
    added: pl.DataFrame


class Lake:
    """All bulk tables of one site under `folder`. Base tables are named by their table, derived ones `table/derivation`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logs: dict[str, TableLog] = {}
        self._index = KeyIndex(self._files_of, self._stored_hashes, folder)
        self._staged: dict[str, _Staged] = {}
        self._warm_days = WarmDays(lambda schema, day: self._read_stored(schema, pl.DataFrame({"day": [day]}), (day, day), None))
        self._warm_tables = WarmTables()
        self.watchers: list[Watcher] = []
        self._locked, self._seen = False, dict[str, int]()

    @contextmanager
    def writer_lock(self) -> Iterator[None]:
        """Hold the right to write; raises `WriterBusyError` at once if another process has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "writer.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise WriterBusyError(
                    f"Another heedful is writing to {self.folder}. Wait until it ends, or stop it; reading is possible meanwhile."
                ) from error
            for name in list(self._seen):
                self._check_caches(name)
            self._alone(True)
            try:
                yield
            finally:
                self._alone(False)

    def _alone(self, alone: bool) -> None:
        self._locked = alone
        for log in self._logs.values():
            log.alone = alone
            log.look_again()

    # --- which files

    def path(self, name: str) -> Path:
        return self.folder / ("derived" if "/" in name else "base") / name

    def names(self) -> list[str]:
        """Names of all tables that exist on disk."""
        found = [log.parent.relative_to(self.folder) for log in self.folder.glob("*/**/_delta_log")]
        return sorted("/".join(path.parts[1:]) for path in found)

    def delta(self, name: str) -> DeltaTable | None:
        """The Delta table at its newest version, or None if it was never written."""
        log = self._log(name)
        if log is None:
            return None
        log.delta.update_incremental()
        return log.delta

    def _log(self, name: str) -> TableLog | None:
        if name not in self._logs and TableLog.exists(self.path(name)):
            self._logs[name] = TableLog(self.path(name))
            self._logs[name].alone = self._locked
        return self._logs.get(name)

    def _log_for(self, name: str, schema: type[Schema]) -> TableLog:
        """The table's log; the table is made if it is not there."""
        known = self._log(name)
        if known is None:
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            known = self._logs[name] = TableLog(self.path(name), pl.DataFrame(schema={**OURS, **schema.dtypes()}))
            known.alone = self._locked
        return known

    def parts(self, name: str) -> list[str]:
        """Partitions that hold rows."""
        log = self._log(name)
        return [] if log is None else sorted({file.part for file in log.files.values()})

    def scan(
        self,
        name: str,
        schema: type[Schema],
        parts: Sequence[str] | None = None,
        days: tuple[date, date] | None = None,
        keys: pl.DataFrame | None = None,
    ) -> pl.LazyFrame:
        """All physical rows, our four columns included, of the files that may hold something of `parts`, `days` and `keys`."""
        log = self._log(name)
        if log is None:
            return pl.LazyFrame(schema={**schema.dtypes(), **OURS})
        return self._rows_of(log, schema, log.chosen(None if parts is None else set(parts), days, _ids(keys)))

    def files(self, name: str, days: tuple[date, date] | None = None, keys: pl.DataFrame | None = None) -> list[DataFile]:
        """The files that `scan` would open."""
        log = self._log(name)
        return [] if log is None else log.chosen(None, days, _ids(keys))

    @staticmethod
    def _rows_of(log: TableLog, schema: type[Schema], files: Sequence[DataFile]) -> pl.LazyFrame:
        dtypes = {**schema.dtypes(), **OURS}
        if not files:
            return pl.LazyFrame(schema=dtypes)
        return pl.scan_parquet(
            log.absolute(files), hive_partitioning=True, hive_schema={"_part": pl.String()}, missing_columns="insert"
        ).select([pl.col(column).cast(dtype) for column, dtype in dtypes.items()])

    # --- reading base rows

    def read(
        self,
        schema: type[Schema],
        keys: pl.DataFrame | None = None,
        days: tuple[date, date] | None = None,
        as_of: datetime | None = None,
        batches: list[int] | None = None,
        names: Names | None = None,
    ) -> pl.DataFrame:
        """Rows of a base table: one a key, the newest known (by `as_of`, if given), of `keys` (a semi-join) within `days` (inclusive).

        With `batches`, only rows that those batches wrote (older versions not removed). With `names` (a column and its values) at least
        those: what a few days hold beside them may come along.
        """
        if batches is not None:
            return self.scan(schema.table, schema).filter(pl.col("_batch").is_in(batches)).drop(list(OURS)).collect()
        if keys is not None and as_of is None:
            self._check_caches(schema.table)
            warm = self._warm_days.rows(schema, keys)
            if warm is not None:
                return warm
        return self._read_stored(schema, keys, days, as_of, names)

    def _read_stored(
        self,
        schema: type[Schema],
        keys: pl.DataFrame | None,
        days: tuple[date, date] | None,
        as_of: datetime | None,
        names: Names | None = None,
    ) -> pl.DataFrame:
        lazy = self.scan(schema.table, schema, days=days, keys=keys)
        if names is not None and names[0] in schema.key and not isinstance(names[1], str):
            lazy = lazy.filter(pl.col(names[0]).is_in(list(names[1])))  # versions of one key have one name
        for name, values in _few(keys).items():
            lazy = lazy.filter(pl.col(name).is_in(values))
        if as_of is not None:
            lazy = lazy.filter(pl.col("known_at") <= as_of)
        rows = _chosen(lazy, keys, days).collect()
        if self._has_corrections(schema.table):
            rows = self._current(schema, rows, keys, days, as_of)
        return rows.drop(list(OURS))

    def _current(
        self, schema: type[Schema], rows: pl.DataFrame, keys: pl.DataFrame | None, days: tuple[date, date] | None, as_of: datetime | None
    ) -> pl.DataFrame:
        """Of keys that were corrected, the newest version, which may lie on a day or under a person other than the one that was found."""
        key = list(schema.key)
        log = self._log(schema.table)
        assert log is not None
        correcting = self._rows_of(log, schema, [file for file in log.files.values() if file.high.get("_version", 1) > 0])
        corrected = correcting.filter(pl.col("_version") > 0).join(rows.lazy(), on=key, how="semi").select(key).unique().collect()
        if not corrected.height:
            return rows
        versions = self.scan(schema.table, schema, keys=corrected).join(corrected.lazy(), on=key, how="semi")
        if as_of is not None:
            versions = versions.filter(pl.col("known_at") <= as_of)
        current = _chosen(newest(versions.collect(), schema).lazy(), keys, days).collect()
        return pl.concat([rows.join(corrected, on=key, how="anti"), current.select(rows.columns)])

    def _has_corrections(self, name: str) -> bool:
        log = self._log(name)
        return log is not None and any(file.high.get("_version", 1) > 0 for file in log.files.values())

    def _files_of(self, schema: type[Schema], portions: Collection[int]) -> list[str]:
        """Files that may hold keys of one of the portions."""
        log = self._log(schema.table)
        if log is None:
            return []
        name = portion_column(schema)
        days = days_of(portions)
        return [path for path, file in log.files.items() if name is None or file.may_hold_days(name, days)]

    def _stored_hashes(self, schema: type[Schema], file: str) -> Iterator[tuple[Portions, Pairs]]:
        log = self._log(schema.table)
        assert log is not None
        scanned = self._rows_of(log, schema, [log.files[file]]).select([*schema.key, "_content"])
        for at in range(0, log.files[file].rows, _HASHED_ROWS):
            rows = scanned.slice(at, _HASHED_ROWS).with_columns(portion(schema)).collect()
            yield rows["_portion"].to_numpy(), np.column_stack([hash_rows(rows, schema.key), rows["_content"].to_numpy()])

    # --- writing base rows

    def append(self, schema: type[Schema], rows: pl.DataFrame, batch: int) -> Appended:
        """Append rows to a base table in one commit: exact repetitions are left out, other content under a known key is a correction."""
        if not rows.height:
            return Appended(rows, 0, 0, 0)
        content = [name for name in schema.columns if name != "known_at" or "known_at" in schema.key]
        contents, ids = hash_each(rows, content, schema.key)
        rows = rows.with_columns(
            partition(schema),
            portion(schema),
            _batch=pl.lit(batch, dtype=pl.Int64),
            _content=pl.Series(contents),
            _id=pl.Series(ids),
        )
        if "known_at" not in schema.key and rows["_id"].is_duplicated().any():
            rows = rows.sort("known_at", maintain_order=True)  # of equal rows the one that was known first is kept
        fresh, versions = self._index.classify(schema, rows)
        if not fresh.all():
            rows, versions = rows.filter(fresh), versions[fresh.to_numpy()]
        new = rows.with_columns(_version=pl.Series(versions, dtype=pl.Int32)).drop("_id", "_portion")
        corrected = new.filter(pl.col("_version") > 0)
        changed = new.drop(list(OURS))
        if corrected.height:
            older = self.scan(schema.table, schema, keys=corrected.select(schema.key))
            older = older.join(corrected.lazy().select(schema.key), on=list(schema.key), how="semi")
            changed = pl.concat([changed, older.collect().select(changed.columns)])
        if new.height:
            self._check_caches(schema.table)
            log = self._log_for(schema.table, schema)
            files = log.write(new.select([*OURS, *schema.columns]))
            log.commit("append", batch, files)
            self._index.add(schema, rows, [file.path for file in files])
            if corrected.height:
                self._warm_days.forget(schema.table)
            else:
                self._warm_days.add(schema, changed)
            for watcher in self.watchers:
                (watcher.changed if corrected.height else watcher.came)(schema, changed)
            self._seen[schema.table] = log.version
            if new.height >= _BULK_ROWS:
                give_back()
        return Appended(changed, new.height - corrected.height, corrected.height, fresh.len() - new.height)

    def roll_back(self, schema: type[Schema], batch: int) -> None:
        """Remove what an unfinished batch wrote, as if it had not begun."""
        log = self._log(schema.table)
        if log is not None:
            files = [file for file in log.files.values() if file.may_hold("_batch", [batch])]
            self._take_out(schema, log, files, lambda rows: rows.filter(pl.col("_batch") != batch), None)

    def delete(self, schema: type[Schema], keys: pl.DataFrame) -> int:
        """Remove all versions of the base rows matching `keys` (any columns of the schema); returns how many rows went."""
        log = self._log(schema.table)
        if log is None:
            return 0
        keys = keys.unique()
        files = log.chosen(ids=_ids(keys))
        people = keys["person"].unique().to_list() if "person" in keys.columns else None
        return self._take_out(schema, log, files, lambda rows: rows.join(keys, on=keys.columns, how="anti"), people)

    def _take_out(self, schema: type[Schema], log: TableLog, files: Sequence[DataFile], keep: Any, people: list[str] | None) -> int:
        """Rewrite those of `files` of which `keep` does not keep everything, in one commit; returns how many rows went."""
        gone, removed, added = 0, list[DataFile](), list[DataFile]()
        for file in files:
            rows = self._rows_of(log, schema, [file]).collect()
            kept = keep(rows)
            if kept.height < rows.height:
                gone += rows.height - kept.height
                removed.append(file)
                added += log.write(kept.select([*OURS, *schema.columns]))
        log.commit("delete", -1, added, removed)
        if removed:
            self._index.forget(schema.table)
            self._warm_days.forget(schema.table)
            for watcher in self.watchers:
                watcher.went(schema.table, people)
            self._seen[schema.table] = log.version
        return gone

    # --- derived rows

    def read_derived(
        self, name: str, schema: type[Schema], keys: pl.DataFrame | None, days: tuple[date, date] | None = None, names: Names | None = None
    ) -> pl.DataFrame:
        """Rows of one derivation's table, of `keys` (a semi-join) within `days`, staged differences included; with `names` (a column and
        its values) only those."""
        self._check_caches(name)
        whole = self._warm_tables.get(name)
        if whole is None and name not in self._staged and not self._rows(name):
            return schema.empty()
        if whole is None and keys is not None and self._warm_tables.asked(name) and self._rows(name) <= _SMALL_ROWS:
            rows = self._with_staged(name, self.scan(name, schema).drop(list(OURS)).collect())
            whole = self._warm_tables.keep(name, schema, rows)
        if whole is not None:
            return _of_warm(whole, keys, days, names)
        stored = _chosen(self.scan(name, schema, days=days, keys=keys), keys, days).drop(list(OURS)).collect()
        rows = self._with_staged(name, stored, keys, days)
        return rows if names is None else rows.filter(among(rows, names))

    def is_warm(self, name: str) -> bool:
        """Whether all of a derivation's rows are at hand, so that some of them are cheap to have."""
        self._check_caches(name)
        return self._warm_tables.get(name) is not None or (name not in self._staged and not self._rows(name))

    def _rows(self, name: str) -> int:
        log = self._log(name)
        return 0 if log is None else sum(file.rows for file in log.files.values())

    def _with_staged(
        self, name: str, stored: pl.DataFrame, keys: pl.DataFrame | None = None, days: tuple[date, date] | None = None
    ) -> pl.DataFrame:
        staged = self._staged.get(name)
        if staged is None:
            return stored
        return replaced(stored, staged.schema, staged.removed, _chosen(staged.added.lazy(), keys, days).collect())

    def replace(self, name: str, schema: type[Schema], removed: pl.DataFrame, added: pl.DataFrame, batch: int) -> None:
        """Take `removed` rows (by schema key) out and put `added` in, in one atomic commit."""
        self.stage(name, schema, removed, added)
        self.settle(name, batch)

    def stage(self, name: str, schema: type[Schema], removed: pl.DataFrame, added: pl.DataFrame) -> None:
        """Take rows out and put others in for all who read through this lake; on disk they are after `settle`."""
        whole = self._warm_tables.get(name)
        if whole is not None and whole.height + added.height > _SMALL_ROWS:
            self._warm_tables.forget(name)
        elif whole is not None:
            whole.replace(removed, added)
            self._warm_tables.let_go()
        known = self._staged.get(name)
        if known is None:
            self._staged[name] = _Staged(schema, removed.select(_placed_key(schema)), added)
        else:
            known.added = replaced(known.added, schema, removed, added)
            known.removed = pl.concat([known.removed, removed.select(_placed_key(schema))]).unique()

    def settle(self, name: str, batch: int) -> None:
        """Commit what was staged for a table."""
        staged = self._staged.get(name)
        if staged is None:
            return
        schema, log = staged.schema, self._log_for(name, staged.schema)
        whole = self._warm_tables.get(name) if staged.removed.height else None
        if whole is not None:
            removed, rows = _of_days(log, schema, staged, whole)
        else:
            removed, kept = self._without(log, schema, staged.removed)
            rows = [*kept, staged.added]
            if sum(part.height for part in rows) <= _FILE_ROWS:
                rows = [pl.concat(rows)]
        log.commit("replace", batch, [file for part in rows for file in log.write(_physical(part, schema, batch))], removed)
        del self._staged[name]
        self._seen[name] = log.version

    def _without(self, log: TableLog, schema: type[Schema], removed: pl.DataFrame) -> tuple[list[DataFile], list[pl.DataFrame]]:
        """Files that hold removed rows, and the other rows of each of them."""
        files, kept = list[DataFile](), list[pl.DataFrame]()
        parts = set(removed.select(partition(schema))["_part"].to_list())
        for file in log.chosen(parts, ids=_ids(removed)):
            rows = self._rows_of(log, schema, [file]).drop(list(OURS)).collect()
            rest = rows.join(removed, on=list(schema.key), how="anti", nulls_equal=True)
            if rest.height < rows.height:
                files.append(file)
                kept.append(rest)
        return files, kept

    def drop(self, name: str) -> None:
        """Remove a table with its files: for derivations whose version rose."""
        self._logs.pop(name, None)
        self._staged.pop(name, None)
        self._warm_tables.forget(name)
        shutil.rmtree(self.path(name), ignore_errors=True)

    def look_again(self, name: str) -> None:
        """Let go of what is kept of a table if another process wrote to it since; watchers hear of it."""
        self._check_caches(name)

    def _check_caches(self, name: str) -> None:
        """Without the writer's lock another process may have written: what is kept of an older version is forgotten."""
        if self._locked and name in self._seen:
            return
        log = self._log(name)
        version = -1 if log is None else log.version  # a table that is not there is seen too: another process may make it
        if self._seen.get(name, version) != version:
            self._warm_days.forget(name)
            self._warm_tables.forget(name)
            self._index.forget(name)
            for watcher in self.watchers:
                watcher.went(name, None)
        self._seen[name] = version

    # --- upkeep

    def compact(self, name: str) -> None:
        """Join small files, each person's rows side by side, and write a checkpoint; off the live path. Rows stay as they are."""
        log = self._log(name)
        if log is None:
            return
        for group in _groups(list(log.files.values())):
            rows = pl.scan_parquet(log.absolute(group), hive_partitioning=True, hive_schema={"_part": pl.String()}).collect()
            order = [column for column in ("person", "day") if column in rows.columns]
            rows = rows.sort(order, maintain_order=True) if order else rows
            written = [file for at in range(0, rows.height, _FILE_ROWS) for file in log.write(rows[at : at + _FILE_ROWS])]
            log.commit("compact", -1, written, group, same_rows=True)
            self._index.moved(name, [file.path for file in group], [file.path for file in written])
        log.checkpoint()
        self._seen[name] = log.version

    def vacuum(self, name: str) -> int:
        """Delete files that no version in use refers to; returns how many. After an erasure nothing of the erased rows remains."""
        table = self.delta(name)
        if table is None:
            return 0
        return len(table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True))

    def forget_history(self, name: str) -> None:
        """Rewrite the log as one checkpoint, so that statistics of erased rows (least and greatest ids) go as well."""
        log = self._log(name)
        if log is None:
            return
        log.checkpoint()
        newest_version = log.version
        for entry in (self.path(name) / "_delta_log").iterdir():
            number = entry.name.split(".")[0]
            if (number.isdigit() and int(number) < newest_version) or entry.suffix == ".tmp":
                entry.unlink()
        self._seen[name] = newest_version

    def size(self) -> int:
        """Bytes on disk."""
        return sum((Path(folder) / file).stat().st_size for folder, _, files in os.walk(self.folder) for file in files)


def _of_days(log: TableLog, schema: type[Schema], staged: _Staged, whole: WarmTable) -> tuple[list[DataFile], list[pl.DataFrame]]:
    """Files that share a day with a removed row, and what takes their place: rows of `whole` on their days, those before the first removed
    one apart, so that who changes the same days again (each minute those of today) writes no older ones."""
    parts = set(staged.removed.select(partition(schema))["_part"].to_list())
    files, days = log.chosen(parts), staged.removed["day"].unique().sort() if "day" in staged.removed.columns else None
    if days is None or days.null_count() or schema.grain == "none" or any("day" not in file.low for file in files):
        inside = partition(schema).is_in(list(parts))
        return files, [pl.concat(whole.parts()).filter(inside), staged.added.filter(~inside)]
    met, first = [file for file in files if file.may_hold("day", days.to_list())], days[0]
    while more := [file for file in files if file not in met and any(_overlap(file, other) for other in met)]:
        met += more
    if not met:
        return met, [staged.added]
    within = pl.any_horizontal(*(pl.col("day").is_between(file.low["day"], file.high["day"]) for file in met)).fill_null(value=False)
    near = (min(file.low["day"] for file in met), max(file.high["day"] for file in met))
    rows = [part.filter(within) for part in whole.parts(near)]
    late = [part.filter(pl.col("day") >= first) for part in rows]
    return met, [pl.concat([part.filter(pl.col("day") < first) for part in rows]), pl.concat([*late, staged.added.filter(~within)])]


def _overlap(one: DataFile, other: DataFile) -> bool:
    return one.part == other.part and bool(one.low["day"] <= other.high["day"] and other.low["day"] <= one.high["day"])


def _physical(rows: pl.DataFrame, schema: type[Schema], batch: int) -> pl.DataFrame:
    """Derived rows with our columns."""
    ours = {"_batch": pl.lit(batch, pl.Int64), "_version": pl.lit(0, pl.Int32), "_content": pl.lit(0, pl.Int64)}
    return rows.with_columns(_partition_of(rows, schema), **ours).select([*OURS, *schema.columns])


def _placed_key(schema: type[Schema]) -> list[str]:
    """Key columns, and the one that decides the partition."""
    return [*schema.key, *({"day"} & set(schema.columns) - set(schema.key))]


def _ids(keys: pl.DataFrame | None) -> dict[str, Sequence[Any]]:
    """The people or authors of keys, sorted, where there are few enough to look for in the files' statistics."""
    if keys is None:
        return {}
    found = {name: keys[name].drop_nulls().unique().sort() for name in _IDS if name in keys.columns and not keys[name].null_count()}
    return {name: values.to_list() for name, values in found.items() if values.len() <= _MOST_IDS}


def _chosen(rows: pl.LazyFrame, keys: pl.DataFrame | None, days: tuple[date, date] | None) -> pl.LazyFrame:
    """Rows of `keys` (a semi-join) within `days`."""
    if days is not None and "day" in rows.collect_schema():
        rows = rows.filter(pl.col("day").is_between(*days))
    if keys is None or (days is not None and keys.columns == ["day"] and keys["day"].n_unique() > (days[1] - days[0]).days):
        return rows  # every day of the span is asked for
    return rows.join(keys.lazy(), on=keys.columns, how="semi", nulls_equal=True)


def _few(keys: pl.DataFrame | None) -> dict[str, list[Any]]:
    """The values of some columns of `keys`, where they are few."""
    if keys is None:
        return {}
    found = {name: keys[name].unique() for name in _FEW if name in keys.columns and not keys[name].null_count()}
    return {name: values.to_list() for name, values in found.items() if values.len() <= _FEW[name]}


def _of_warm(whole: WarmTable, keys: pl.DataFrame | None, days: tuple[date, date] | None, names: Names | None) -> pl.DataFrame:
    """As `_chosen`, of a table in memory: what need not be looked through is not."""
    parts = whole.parts(days, names)
    if keys is not None and keys.columns == ["person"] and days is None and whole.people <= set(keys["person"].to_list()):
        return pl.concat(parts)
    return pl.concat([_chosen(part.lazy(), keys, days).collect() for part in parts])


def _groups(files: list[DataFile]) -> Iterator[list[DataFile]]:
    """Small files of one partition that belong together: neighbors by person, no more than fit into memory."""
    small = [file for file in files if file.rows < _SMALL_ROWS]
    small.sort(key=lambda file: (file.part, str(file.low.get("person", "")), file.path))
    group: list[DataFile] = []
    for file in [*small, None]:
        if file is None or (group and (file.part != group[0].part or sum(one.rows for one in group) + file.rows > _GROUP_ROWS)):
            if len(group) > 1:
                yield group
            group = []
        if file is not None:
            group.append(file)


def newest(rows: pl.DataFrame, schema: type[Schema]) -> pl.DataFrame:
    """One row a key: the one known last; of several known at the same instant the one with the greatest content hash."""
    return rows.sort("known_at", "_content").unique(subset=list(schema.key), keep="last", maintain_order=True)


def _partition_of(rows: pl.DataFrame, schema: type[Schema]) -> pl.Expr:
    """`partition`, worked out once where all rows lie in one part."""
    if schema.grain == "none" or not rows.height or rows["day"].null_count():
        return partition(schema)
    low, high = rows["day"].min(), rows["day"].max()
    letters = {"day": 10, "month": 7, "year": 4}[schema.grain]
    part = str(low)[:letters]
    return pl.lit(part).alias("_part") if part == str(high)[:letters] else partition(schema)


def partition(schema: type[Schema]) -> pl.Expr:
    """The `_part` of each row."""
    if schema.grain == "none":
        return pl.lit("all").alias("_part")
    return pl.col("day").dt.strftime(_GRAINS[schema.grain]).fill_null("none").alias("_part")
