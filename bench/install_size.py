"""Size of what `pip install heedful` brings: the package, and the files of every distribution in the closure of its base requirements.

The requirements are read from pyproject.toml: an editable install remembers those of the day on which it was made.
"""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from bench.measure import Line, at_most


def lines() -> list[Line]:
    root = Path(__file__).parents[1]
    wanted = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    own = sum(file.stat().st_size for file in (root / "src" / "heedful").rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    sizes = dict(sorted((_closure(wanted) | {"heedful": own}).items(), key=lambda pair: -pair[1]))
    largest = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in list(sizes.items())[:4])
    beside = f"files of {len(sizes)} distributions; largest: {largest}"
    return [at_most("base install", sum(sizes.values()) / 1e6, "MB", 1_000, beside=beside)]


def _closure(wanted: list[str]) -> dict[str, int]:
    """Bytes by distribution; requirements of extras that were not asked for are left out."""
    found: dict[str, int] = {}
    waiting = [(requirement.name, frozenset(requirement.extras)) for requirement in map(Requirement, wanted)]
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
