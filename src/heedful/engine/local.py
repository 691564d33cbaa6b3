"""The engine on one machine: keeps every derived table equal to what its derivation says of the base rows that remain.

`update(changed)` walks the plan once: for each derivation the touched keys are worked out, its inputs read for those keys only, its
answer compared with the stored rows, and only the difference staged and passed on. Then the tables are committed, the last of the plan
first: wherever a crash falls, a table that was written stands behind none that was not, so that deriving once more finds every
difference that is still to be passed on. Nothing else writes derived tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from heedful.core.derivations import Derivation
from heedful.core.frames import Frame
from heedful.core.schemas import Schema
from heedful.core.seals import seal, unseal
from heedful.engine.decided import Decided
from heedful.engine.folds import Folds
from heedful.engine.histories import Histories, Told
from heedful.engine.keys import chosen, day_range, names_read, needed_keys, telling, touched_keys
from heedful.engine.plan import Node, Plan, Step
from heedful.engine.portions import Portions
from heedful.engine.read_once import ReadOnce
from heedful.store.lake import Lake
from heedful.store.warm import Names

ROWS_A_PART = 3_000_000
"""Rows handed over in one part, where a derivation takes parts: about 500 MB."""

Reader = Callable[[Node, pl.DataFrame | None, Names | None], pl.DataFrame]


@dataclass
class Changed:
    """Rows that came, changed or went, by logical table; `fresh` says that the rows are all there is to know of their keys."""

    rows: dict[Node, list[pl.DataFrame]] = field(default_factory=dict)
    fresh: dict[Node, bool] = field(default_factory=dict)
    _touched: dict[Any, pl.DataFrame] = field(default_factory=dict, repr=False)

    def add(self, node: Node, rows: pl.DataFrame, fresh: bool = False) -> None:
        if rows.height:
            self.fresh[node] = fresh and self.fresh.get(node, True)
            self.rows.setdefault(node, []).append(rows)
            self._touched = {asked: keys for asked, keys in self._touched.items() if asked[0] != node}

    def of(self, node: Node) -> pl.DataFrame | None:
        parts = self.rows.get(node)
        if not parts:
            return None
        if len(parts) > 1:
            # rows of a batch that was found open again are whole, those of a batch in hand only as much as tells which keys they touch
            least = [name for name in parts[0].columns if all(name in part.columns for part in parts)]
            parts[:] = [pl.concat([part.select(least) for part in parts])]
        return parts[0]

    def touched(self, derivation: Derivation, node: Node) -> pl.DataFrame | None:
        """Keys of a derivation that changed rows of a table touch; derivations that ask alike share the answer."""
        rows = self.of(node)
        if rows is None:
            return None
        asked = (node, names_read(derivation, node[0]), derivation.key, derivation.by is None, derivation.lookahead, derivation.reach)
        if asked not in self._touched:
            self._touched[asked] = touched_keys(derivation, node[0], rows)
        return self._touched[asked]

    def __len__(self) -> int:
        return sum(part.height for parts in self.rows.values() for part in parts)


class Engine:
    """Runs a plan over a lake.

    Parameters
    ----------
    derivations: in any order. resources: what they need beside rows, by name. lake: where rows are.
    """

    def __init__(self, lake: Lake, derivations: Sequence[Derivation], resources: Mapping[str, Any]) -> None:
        self.lake, self.plan, self.resources = lake, Plan(derivations), dict(resources)
        by_person = Counter(node for step in self.plan.steps if step.derivation.by == ("person",) for node in step.inputs)
        self._decided = Decided()
        self._folds = Folds([step.derivation for step in self.plan.steps], self.resources)
        self._histories = Histories(self.plan.steps, self.resources)
        lake.watchers += [self._decided, self._folds, self._histories]
        self._whole_people = {node for node, readers in by_person.items() if readers > 1}

    # --- keeping up to date

    def update(self, changed: Changed, batch: int, on_step: Callable[[str], None] | None = None) -> dict[str, int]:
        """Bring every derived table up to date after `changed`; returns rows written and removed by derivation."""
        return self._walk(changed, batch, (), on_step)

    def rebuild(self, names: Sequence[str], batch: int) -> dict[str, int]:
        """Derive some derivations again for all their keys (their version rose), and whatever reads what then differs."""
        return self._walk(Changed(), batch, names, None)

    def _walk(self, changed: Changed, batch: int, anew: Sequence[str], on_step: Callable[[str], None] | None) -> dict[str, int]:
        written: dict[str, int] = {}
        self._decided.drop()
        self._histories.begin(anew=bool(anew))
        read, portions = ReadOnce(self._read, self._whole_people, changed, self._at_hand), Portions(self.lake)
        for step in self.plan.steps:
            name = step.derivation.name
            touched, told = (self._all_keys(step, changed), None) if name in anew else self._asked(step, changed)
            if (touched is None or not touched.height) and told is None:
                continue
            if on_step is not None:
                on_step(name)
            if name in anew:
                self._decided.forget(name)
            found = [] if told is None else [self._told_differences(step, told, read, portions)]
            if touched is not None and touched.height:
                found.append(self._differences(step, touched, changed, read, portions, anew=name in anew))
                self._hold(step, touched)
            removed, added = (pl.concat(side) for side in zip(*found, strict=True))
            if removed.height or added.height:
                self.lake.stage(step.table, step.derivation.writes, removed, added)
                self._histories.differ(step.output, removed, added)
                telling = self.plan.telling(step.output)
                least = added.columns if telling is None else telling
                changed.add(step.output, pl.concat([removed.select(least), added.select(least)]), not removed.height and name not in anew)
                written[name] = removed.height + added.height
        for step in reversed(self.plan.steps):
            self.lake.settle(step.table, batch)
        self._decided.keep()
        self._folds.rest()
        self._histories.rest()
        return written

    def _asked(self, step: Step, changed: Changed) -> tuple[pl.DataFrame | None, Told | None]:
        """Keys to be derived, and what the states say of people who are held."""
        history = self._histories.of(step)
        if history is None:
            return self._touched(step, changed), None
        told = history.told()
        if told is not None:
            self._decided.forget(step.derivation.name, told[0]["person"])  # on what their answers depended is not known any more
        if history.holds_all(rows["person"] for node in step.inputs if (rows := changed.of(node)) is not None):
            return None, told
        return history.without(self._touched(step, changed)), told

    def _hold(self, step: Step, touched: pl.DataFrame) -> None:
        """Open the states of some of the people who were derived, from all of their rows."""
        history = self._histories.of(step)
        people = [] if history is None else history.next(touched, self._histories.people())
        if history is not None and people:
            keys = pl.DataFrame({"person": people}, schema={"person": pl.String})
            history.open(people, [self._read(node, keys, names_read(step.derivation, node[0])) for node in step.inputs])

    def _told_differences(self, step: Step, told: Told, read: Reader, portions: Portions) -> tuple[pl.DataFrame, pl.DataFrame]:
        """By what the stored rows of some keys differ from what a state says of them."""
        keys, rows = told
        if rows is None:
            parts = [self._derive(step, self._all_inputs(step, part, read), part) for part in portions.of(step.derivation, keys)]
            rows = pl.concat(parts).join(keys, on=keys.columns, how="semi", nulls_equal=True)
        return _differing(self.lake.read_derived(step.table, step.derivation.writes, keys, day_range(keys)), rows)

    def _touched(self, step: Step, changed: Changed) -> pl.DataFrame | None:
        answered = self._answered(step, changed)
        if answered is not None and not answered.height:
            return None
        keys = [
            keys
            for position, node in enumerate(step.inputs)
            if (step.derivation.by is not None or position == 0) and (keys := changed.touched(step.derivation, node)) is not None
        ]
        touched = pl.concat(keys).unique() if len(keys) > 1 else keys[0] if keys else None
        if touched is not None and answered is not None:
            touched = touched.join(answered, on=touched.columns, how="semi")
        return self._own_days(step.inputs[0], touched, changed) if touched is not None and step.derivation.own_days else touched

    def _answered(self, step: Step, changed: Changed) -> pl.DataFrame | None:
        """Keys that have an answer at all, or had until now, where a derivation says in which table they stand (`keys_of`)."""
        schema, key = step.derivation.keys_of, list(step.derivation.key)
        if schema is None:
            return None
        rows = changed.of(next(node for node in step.inputs if node[0] is schema))
        there = self.lake.scan(schema.table, schema).select(key).collect()
        return pl.concat([there, *([] if rows is None else [rows.select(key)])]).unique()

    def _own_days(self, node: Node, touched: pl.DataFrame, changed: Changed) -> pl.DataFrame:
        """Those of `touched` whose day has rows of a table, or had until now."""
        schema, days = node[0], day_range(touched)
        tables = [schema.table] if schema.kind == "base" else [writer.table for writer in self.plan.writers.get(node, [])]
        there = [self._days_of(table, schema, days) for table in tables]
        rows = changed.of(node)
        there += [] if rows is None else [rows.select("day")]
        return touched.join(pl.concat(there), on="day", how="semi") if there else touched.clear()

    def _days_of(self, table: str, schema: type[Schema], days: tuple[date, date] | None) -> pl.DataFrame:
        if schema.kind != "base" and self.lake.is_warm(table):
            return self.lake.read_derived(table, schema, None, days).select("day").unique()
        return self.lake.scan(table, schema, days=days).select("day").unique().collect()

    def _all_keys(self, step: Step, changed: Changed) -> pl.DataFrame:
        """Every key that has an answer, or may have one; of tables of any size, since only what tells keys is read."""
        derivation = step.derivation
        keys = [self._touched(step, changed)]
        inputs = step.inputs if derivation.by is not None else step.inputs[:1]
        for schema, label in [node for node in inputs if derivation.keys_of in (None, node[0])]:
            tables = [schema.table] if schema.kind == "base" else [writer.table for writer in self.plan.writers.get((schema, label), [])]
            keys += [touched_keys(derivation, schema, self._distinct(table, schema, telling(derivation, schema))) for table in tables]
        if not derivation.key_as:
            keys.append(self._distinct(step.table, derivation.writes, derivation.key))
        return pl.concat([part.select(derivation.key) for part in keys if part is not None]).unique()

    def _distinct(self, table: str, schema: type[Schema], columns: Collection[str]) -> pl.DataFrame:
        return self.lake.scan(table, schema).select(sorted(columns)).unique().collect(engine="streaming")

    def _differences(
        self, step: Step, touched: pl.DataFrame, changed: Changed, read: Reader, portions: Portions, *, anew: bool
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        derivation, removed, added = step.derivation, [step.derivation.writes.empty()], [step.derivation.writes.empty()]
        # New posts have no rows yet and are in hand already: neither is read back from the lake.
        only_new = derivation.by is None and len(step.inputs) == 1 and not anew and changed.fresh.get(step.inputs[0], False)
        for keys in portions.of(derivation, touched):
            if only_new:
                rows = changed.of(step.inputs[0])
                assert rows is not None
                new = self._derive(step, [rows if keys is touched else rows.join(keys, on=keys.columns, how="semi")])
                added.append(new)
                continue
            inputs = list[pl.DataFrame]()
            if derivation.decided_by is not None:
                inputs = self._all_inputs(step, keys, read)
                asked, keys = keys, self._decided.differing(derivation.name, keys, derivation.decided_by(*inputs))
                if keys.is_empty():
                    continue
                if keys.height < asked.height:
                    inputs = [rows.join(keys, on=keys.columns, how="semi", nulls_equal=True) for rows in inputs]
            output_keys = _renamed(keys, derivation)
            new = derivation.writes.empty()
            if not self._silent(derivation) and not self._without_cause(step, keys, read):
                answer = None if anew or derivation.fold is None else self._folded(step, keys)
                if answer is None:
                    answer = self._derive_portion(step, inputs, keys, read)
                new = answer.join(output_keys, on=output_keys.columns, how="semi", nulls_equal=True)
            old = self.lake.read_derived(step.table, derivation.writes, output_keys, day_range(output_keys))
            for side, rows in zip((removed, added), _differing(old, new), strict=True):
                side.append(rows)
        return pl.concat(removed), pl.concat(added)

    def _folded(self, step: Step, keys: pl.DataFrame) -> pl.DataFrame | None:
        """The answer of what is held of these keys, and of the function for those of which nothing is; None: all are to be derived."""
        found = self._folds.read(step.derivation, keys, lambda missing: self._read(step.inputs[0], missing))
        if found is None:
            return None
        answer, others = found
        if others.is_empty():
            return answer
        return pl.concat([answer, self._derive(step, self._all_inputs(step, others, self._read), others)])

    def _silent(self, derivation: Derivation) -> bool:
        """Whether a resource says that nothing follows from it, whatever the rows: then none need be read."""
        return any(getattr(self.resources[name], "silent", False) for name in derivation.needs)

    def _without_cause(self, step: Step, keys: pl.DataFrame, read: Reader) -> bool:
        """Whether the table is empty without which nothing follows."""
        cause = step.derivation.empty_without
        if cause is None:
            return False
        wanted = needed_keys(step.derivation, keys)
        return all(self._inputs(step, node, wanted, read).is_empty() for node in step.inputs if node[0] is cause)

    # --- deriving

    def _derive_portion(self, step: Step, inputs: list[pl.DataFrame], keys: pl.DataFrame, read: Reader) -> pl.DataFrame:
        if step.derivation.in_parts is not None:
            days = day_range(needed_keys(step.derivation, keys))
            parts = self._parts(step, step.derivation.in_parts.by, days)
            if len(parts) > 1:
                frames = (_sealed(self.lake.read(step.inputs[0][0], part, days), step.inputs[0]) for part in parts)
                return unseal(step.derivation.over_parts(frames, **self._given(step, keys)))
        return self._derive(step, inputs or self._all_inputs(step, keys, read), keys)

    def _parts(self, step: Step, by: Sequence[str], days: tuple[date, date] | None) -> list[pl.DataFrame]:
        """Parts of a step's rows of these days, of about `ROWS_A_PART`, by the columns `by`."""
        schema = step.inputs[0][0]
        rows = self.lake.scan(schema.table, schema, days=days)
        sizes = (rows if days is None else rows.filter(pl.col("day").is_between(*days))).group_by(by).len().sort(by).collect()
        part = sizes["len"].cum_sum() // ROWS_A_PART
        return sizes.select(by).with_columns(_part=part).partition_by("_part", include_key=False, maintain_order=True)

    def _derive(self, step: Step, inputs: list[pl.DataFrame], keys: pl.DataFrame | None = None) -> pl.DataFrame:
        frames = [_sealed(rows, node) for rows, node in zip(inputs, step.inputs, strict=True)]
        return unseal(step.derivation(*frames, **self._given(step, keys)))

    def _given(self, step: Step, keys: pl.DataFrame | None) -> dict[str, Any]:
        resources = {name: self.resources[name] for name in step.derivation.needs}
        return resources | {"keys": keys} if step.derivation.narrow else resources

    def _all_inputs(self, step: Step, keys: pl.DataFrame, read: Reader) -> list[pl.DataFrame]:
        wanted = needed_keys(step.derivation, keys)
        return [self._inputs(step, node, wanted, read) for node in step.inputs]

    def _inputs(self, step: Step, node: Node, wanted: pl.DataFrame, read: Reader) -> pl.DataFrame:
        schema = node[0]
        if schema.kind == "base":
            return chosen(step.derivation, schema, read(node, wanted, names_read(step.derivation, schema)))
        return read(node, wanted, names_read(step.derivation, schema))

    def _read(self, node: Node, keys: pl.DataFrame | None, names: Names | None = None) -> pl.DataFrame:
        schema = node[0]
        days = None if keys is None else day_range(keys)
        if schema.kind == "base":
            return self.lake.read(schema, keys, days, names=names)
        tables = [writer.table for writer in self.plan.writers.get(node, [])]
        rows = [self.lake.read_derived(table, schema, keys, days, names) for table in tables]
        return pl.concat([part for part in rows if part.height] or [schema.empty()])

    def _at_hand(self, node: Node) -> bool:
        """Whether all rows of a derived table are in memory."""
        return all(self.lake.is_warm(writer.table) for writer in self.plan.writers.get(node, []))

    # --- the same, once over everything

    def recompute(self, as_of: datetime | None = None) -> dict[str, pl.DataFrame]:
        """Every derivation's rows computed once over all base rows (known by `as_of`, if given), in memory; by derivation name.

        This is the right-hand side of the law, and how any past day is seen.
        """
        results: dict[str, pl.DataFrame] = {}

        def read(node: Node, _: pl.DataFrame | None) -> pl.DataFrame:
            if node[0].kind == "base":
                return self.lake.read(node[0], as_of=as_of)
            return pl.concat([node[0].empty(), *(results[writer.derivation.name] for writer in self.plan.writers.get(node, []))])

        for step in self.plan.steps:
            inputs = [chosen(step.derivation, node[0], read(node, None)) for node in step.inputs]
            results[step.derivation.name] = self._derive(step, inputs)
        return results

    def stored(self) -> dict[str, pl.DataFrame]:
        """Every derivation's rows as they stand in the lake; the left-hand side of the law."""
        return {step.derivation.name: self.lake.read_derived(step.table, step.derivation.writes, None) for step in self.plan.steps}

    # --- reading for people

    def table(self, schema: type[Schema], label: Any, keys: pl.DataFrame | None = None) -> Frame[Any, Any]:
        """All rows of a logical table under one label (`Consented[Held]` for participants: ask the consent door for a purpose next)."""
        return _sealed(self._read((schema, label), keys), (schema, label))

    def behind(self, name: str, key: Mapping[str, Any]) -> list[tuple[Node, pl.DataFrame]]:
        """The rows that went into one key of a derivation, table by table: what `heedful explain` shows."""
        step = self.plan.step(name)
        reverse = {new: old for old, new in step.derivation.key_as.items()}
        wanted = {reverse.get(column, column): value for column, value in key.items()}
        schema = step.inputs[0][0]
        keys = pl.DataFrame({c: [wanted[c]] for c in step.derivation.key}, schema={c: schema.dtypes()[c] for c in step.derivation.key})
        return list(zip(step.inputs, self._all_inputs(step, keys, self._read), strict=True))


def _sealed(rows: pl.DataFrame, node: Node) -> Frame[Any, Any]:
    return seal(rows, node[1], node[0])


def _differing(old: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the one that the other does not have."""
    before, after = old.hash_rows(1), new.hash_rows(1)
    return old.filter(~before.is_in(after.implode())), new.filter(~after.is_in(before.implode()))


def _renamed(keys: pl.DataFrame, derivation: Derivation) -> pl.DataFrame:
    return keys.rename(derivation.key_as) if derivation.key_as else keys
