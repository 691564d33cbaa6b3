"""Reference cases: run a registered method on a case and compare every output within its tolerance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import heedful.behavior  # noqa: F401  (registers the methods)
from heedful.core.registry import METHODS


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every plain value with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from leaves(inner, (*path, str(n)))
    else:
        yield path, value


def differences(got: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """What differs beyond the tolerance of the case; empty if it passes."""
    tolerance = expected["tolerance"]
    skipped = expected.get("ill_determined_positions", {})
    found = dict(leaves(got))
    wrong = []
    for path, want in leaves(expected["outputs"]):
        if path[0] in skipped and int(path[1]) in skipped[path[0]]:
            continue
        mine = tolerance
        for name in path:
            mine = tolerance.get("per_output", {}).get(name, mine)
        have = found.pop(path, "absent")
        if isinstance(want, (int, float)) and not isinstance(want, bool) and isinstance(have, (int, float)) and not isinstance(have, bool):
            equal = abs(have - want) <= mine.get("abs", 0) + mine.get("rel", 0) * abs(want)
        else:
            equal = type(have) is type(want) and have == want
        if not equal:
            wrong.append(f"{'.'.join(path)}: {have!r}, not {want!r}")
    return wrong


def read_case(folder: Path) -> tuple[str, dict[str, Any], dict[str, pl.DataFrame], dict[str, Any]]:
    """Method, arguments, inputs and expectation of a case."""
    call = json.loads((folder / "call.json").read_text())
    inputs = {name: pl.read_csv(folder / file, infer_schema_length=None) for name, file in call["inputs"].items()}
    return call["method"], call["arguments"], inputs, json.loads((folder / "expected.json").read_text())


@pytest.fixture
def check_case(shared_reference: Path) -> Callable[[str], None]:
    """Run the case of this name and fail with what differs."""

    def check(name: str) -> None:
        method, arguments, inputs, expected = read_case(shared_reference / "behavior" / name)
        run = METHODS.get(method).run
        assert run is not None
        wrong = differences(json.loads(json.dumps(run(arguments, inputs))), expected)
        assert not wrong, f"{len(wrong)} outputs differ; first: {wrong[:5]}"

    return check
