"""Reference cases, run and compared within their tolerance; and observations in words (fixture `rows`)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import heedful.behavior  # noqa: F401  (registers the methods)
from heedful.core.labels import Care, Consented
from heedful.core.registry import METHODS
from heedful.core.schemas import Observations
from heedful.core.seals import seal


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


MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def observed(
    code: str, start: dt.datetime, minutes: float, value: float | str | None, *, person: str = "a", device: str = "Apple Watch",
    offset: int = 0, how: str = "measured", row: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """One observation; a text value is a coded one."""
    return {
        "person": person, "code": code, "day": (start + dt.timedelta(minutes=offset)).date(), "start_at": start,
        "end_at": start + dt.timedelta(minutes=minutes), "offset_minutes": offset, "value": value if not isinstance(value, str) else None,
        "value_code": value if isinstance(value, str) else None, "unit": "", "device": device, "how": how, "row": row, "known_at": start,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows as the schema wants them."""
    return Observations.check(pl.DataFrame(rows, schema={k: v for k, v in Observations.dtypes().items() if k != "extra"}))


def derive(derivation: Any, rows: list[dict[str, Any]] | pl.DataFrame) -> pl.DataFrame:
    """The derivation's rows."""
    data = rows if isinstance(rows, pl.DataFrame) else table(rows)
    more = [seal(schema.empty(), Consented[Care], schema) for schema in derivation.reads[1:]]
    out: pl.DataFrame = derivation(seal(data, Consented[Care], Observations), *more).data
    return out


def value_of(out: pl.DataFrame, feature: str, person: str = "a") -> tuple[float | None, str]:
    """Value and reason of the only row of this feature."""
    row = out.filter((pl.col("feature") == feature) & (pl.col("person") == person)).row(0, named=True)
    return row["value"], row["missing"]


@pytest.fixture(scope="session")
def rows() -> SimpleNamespace:
    """Makes observations (`observed`, `table`) and asks derivations (`derive`, `value_of`); `monday` is a midnight in UTC."""
    return SimpleNamespace(observed=observed, table=table, derive=derive, value_of=value_of, monday=MONDAY)
