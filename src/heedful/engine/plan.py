"""Which derivations run in which order, under which labels, and which kinds of data stand behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from heedful.core.codes import CODES, KIND_OF_TABLE
from heedful.core.derivations import Derivation
from heedful.core.errors import SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Consented, Held
from heedful.core.schemas import Observations, Schema
from heedful.engine.keys import telling

Node = tuple[type[Schema], Any]
"""A logical table under a label."""


@dataclass(frozen=True)
class Step:
    """A derivation with its labels made concrete: type variables stand for what is `Held`."""

    derivation: Derivation
    inputs: tuple[Node, ...]
    output: Node

    @property
    def table(self) -> str:
        """Name of the physical table of its rows."""
        return f"{self.derivation.writes.table}/{self.derivation.name}"


class Plan:
    """Derivations in the order in which they must run.

    Errors: `SettingsError` when a derivation reads a derived table under a label that nothing writes, or when they form a circle.
    """

    def __init__(self, derivations: Sequence[Derivation]) -> None:
        steps = [_step(derivation) for derivation in derivations]
        names = [step.derivation.name for step in steps]
        if len(set(names)) != len(names):
            raise SettingsError(f"Two derivations have the same name: {sorted({name for name in names if names.count(name) > 1})}.")
        self.steps = _ordered(steps)

    @cached_property
    def writers(self) -> dict[Node, list[Step]]:
        """Who writes each derived table."""
        found: dict[Node, list[Step]] = {}
        for step in self.steps:
            found.setdefault(step.output, []).append(step)
        return found

    def telling(self, node: Node) -> list[str] | None:
        """Columns of a table that decide which keys its changed rows touch; None if a derivation computes new rows as they come."""
        steps = [step for step in self.steps if node in step.inputs]
        if any(step.derivation.by is None for step in steps):
            return None
        return sorted(set().union(*(telling(step.derivation, node[0]) for step in steps)))

    def step(self, name: str) -> Step:
        """The step of one derivation."""
        return next(step for step in self.steps if step.derivation.name == name)

    def kinds(self, step: Step) -> set[str]:
        """Kinds of data that a consent must cover before anybody sees this derivation's rows: those of all base tables behind it."""
        found: set[str] = set()
        for node in step.inputs:
            if node[0].kind == "base":
                found |= base_kinds(node[0], step.derivation.only.get(node[0].table, ()))
            for writer in self.writers.get(node, []):
                found |= self.kinds(writer)
        return found


def base_kinds(schema: type[Schema], codes: tuple[str, ...] = ()) -> set[str]:
    """Kinds of data in a base table, or in some codes of it."""
    if schema is Observations:
        return {code.kind for code in CODES.values() if not codes or code.name in codes}
    return {KIND_OF_TABLE[schema.table]} if schema.table in KIND_OF_TABLE else set()


def _step(derivation: Derivation) -> Step:
    hints = get_type_hints(derivation.function)
    frames = [hint for name, hint in hints.items() if name != "return" and get_origin(hint) is Frame]
    if len(frames) != len(derivation.reads):
        raise SettingsError(f"{derivation.name} declares {len(derivation.reads)} tables and takes {len(frames)} frames.")
    nodes = []
    for hint, schema in zip([*frames, hints["return"]], [*derivation.reads, derivation.writes], strict=True):
        label, written = get_args(hint)
        if written is not schema:
            raise SettingsError(f"{derivation.name} declares {schema.__name__} where its annotation says {written.__name__}.")
        nodes.append((schema, _concrete(derivation.name, label)))
    return Step(derivation, tuple(nodes[:-1]), nodes[-1])


def _concrete(name: str, label: Any) -> Any:
    if isinstance(label, TypeVar):
        raise SettingsError(f"{name}: annotate its frames with a label (Public, Consented[P] or Aggregate), not with a free one.")
    if get_origin(label) is Consented and isinstance(get_args(label)[0], TypeVar):
        return Consented[Held]
    return label


def _ordered(steps: list[Step]) -> list[Step]:
    done: list[Step] = []
    waiting = list(steps)
    while waiting:
        unmet = {step.output for step in waiting}
        ready = [step for step in waiting if not any(node in unmet for node in step.inputs)]
        if not ready:
            raise SettingsError(f"These derivations read each other in a circle: {', '.join(step.derivation.name for step in waiting)}.")
        done += ready
        waiting = [step for step in waiting if step not in ready]
    written = {step.output for step in done}
    for step in done:
        for schema, label in step.inputs:
            if schema.kind == "derived" and (schema, label) not in written:
                raise SettingsError(f"{step.derivation.name} reads {schema.table}, which no derivation writes under its label.")
    return done
