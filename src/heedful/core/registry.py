"""The four places where members are added: sources, methods, policies, channels; ours and, by entry points, anybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

import polars as pl

from heedful.core.errors import RegistryError

M = TypeVar("M")


class Registry(Generic[M]):
    """Named members of one kind. `load` imports our own modules and the entry points of the group `heedful.<kind>`."""

    def __init__(self, kind: str, modules: tuple[str, ...]) -> None:
        self.kind, self._modules, self._members, self._loaded = kind, modules, dict[str, M](), False

    def add(self, name: str, member: M) -> M:
        if name in self._members and self._members[name] is not member:
            raise RegistryError(f"There are two {self.kind} named {name}; give one of them another name.")
        self._members[name] = member
        return member

    def load(self) -> Registry[M]:
        if not self._loaded:
            self._loaded = True
            import importlib

            for module in self._modules:
                importlib.import_module(module)
            for entry in entry_points(group=f"heedful.{self.kind}"):
                self.add(entry.name, entry.load())
        return self

    def get(self, name: str) -> M:
        self.load()
        if name not in self._members:
            raise RegistryError(f"There is no {self.kind.removesuffix('s')} named {name}. Known: {', '.join(sorted(self._members))}.")
        return self._members[name]

    def names(self) -> list[str]:
        return sorted(self.load()._members)

    def __iter__(self) -> Iterator[M]:
        return iter([self._members[name] for name in self.names()])

    def __contains__(self, name: str) -> bool:
        return name in self.load()._members


@dataclass(frozen=True)
class Card:
    """What a reader must know of a method before trusting its number.

    `definition` is one or two sentences; `units` the UCUM unit of the result; `reference` paper and year; `equals` the program
    whose numbers it reproduces and how closely; `limits` what it is known not to do.
    """

    name: str
    definition: str
    units: str
    reference: str
    equals: str = ""
    limits: str = ""


@dataclass(frozen=True)
class Method:
    """A method as `heedful parity` and `heedful methods` see it: a card and, where cases exist, a runner.

    `run(arguments, inputs)` takes the plain arguments of a case and its input tables by name and returns its outputs as plain
    values (None = missing).
    """

    card: Card
    run: Callable[[Mapping[str, Any], Mapping[str, pl.DataFrame]], dict[str, Any]] | None = field(default=None, compare=False)


METHODS: Registry[Method] = Registry(
    "methods",
    (
        "heedful.population",
        "heedful.behavior",
        "heedful.person",
        "heedful.language",
        "heedful.intervene",
        "heedful.trust",
    ),
)


def method(card: Card) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., dict[str, Any]]]:
    """Register a runner under `card.name`."""

    def register(run: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        METHODS.add(card.name, Method(card, run))
        return run

    return register
