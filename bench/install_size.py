"""Size of what `pip install heedful` brings: the files of every distribution in the closure of its base requirements."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from packaging.requirements import Requirement

from bench.measure import Line, at_most


def line() -> Line:
    sizes = dict(sorted(_closure("heedful").items(), key=lambda pair: -pair[1]))
    largest = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in list(sizes.items())[:4])
    return at_most("base install", sum(sizes.values()) / 1e6, "MB", 1_000, f"{len(sizes)} distributions; largest: {largest}")


def _closure(root: str) -> dict[str, int]:
    """Bytes by distribution, `root` included; requirements of extras that were not asked for are left out."""
    found: dict[str, int] = {}
    waiting = [(root, frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        held = importlib.metadata.distribution(name)
        found[held.name] = sum(file.locate().stat().st_size for file in held.files or [] if file.locate().is_file())
        waiting += [
            (requirement.name, frozenset(requirement.extras))
            for requirement in _asked_for(held, extras)
            if importlib.metadata.distribution(requirement.name).name not in found
        ]
    return found


def _asked_for(held: importlib.metadata.Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    for text in held.requires or []:
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield requirement
