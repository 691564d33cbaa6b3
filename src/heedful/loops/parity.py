"""Parity: run our methods on cases that other programs have answered, and compare every output with theirs.

A case is a folder with `call.json` (method, arguments, inputs) and `expected.json` (outputs, tolerance). Two numbers are equal if
|a - b| <= abs + rel * |b|, b being the other program's; nested outputs are compared leaf by leaf, texts exactly; null is missing, and
so is a number of ours that is not finite. A method that is not offered fails, under a verdict of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import orjson
import polars as pl

from heedful.core.errors import HeedfulError, NotFoundError
from heedful.core.registry import METHODS, Method

Verdict = Literal["pass", "differs", "not offered", "error"]


class CaseError(HeedfulError):
    """A case folder is not what it should be: a file is absent or cannot be read."""


@dataclass(frozen=True)
class Tolerance:
    """Allowed difference |a - b| <= absolute + relative * |b|; `per_output` goes before it, by name of an output or of a leaf in it."""

    relative: float = 0.0
    absolute: float = 0.0
    per_output: Mapping[str, Tolerance] | None = None

    def at(self, path: tuple[str | int, ...]) -> Tolerance:
        """The tolerance at a leaf: that of the innermost name on its path that has one of its own."""
        for name in reversed([part for part in path if isinstance(part, str)]):
            if self.per_output and name in self.per_output:
                return self.per_output[name]
        return self

    def __str__(self) -> str:
        own = "".join(f"; {name}: {value}" for name, value in (self.per_output or {}).items())
        return f"rel {self.relative:g}, abs {self.absolute:g}{own}"


@dataclass(frozen=True)
class Case:
    """A reference case as read: `inputs` are tables, or plain values where the file is JSON."""

    name: str
    method: str
    arguments: dict[str, Any]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    tolerance: Tolerance
    ill_determined: dict[str, list[int]]


@dataclass(frozen=True)
class CaseResult:
    """One line of the table. Differences are over all compared numbers; None if none could be compared."""

    method: str
    case: str
    largest_absolute: float | None
    largest_relative: float | None
    tolerance: str
    verdict: Verdict
    message: str

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"


def parity(folder: Path, only: str | None = None) -> list[CaseResult]:
    """Compare every case under `folder`, which may be one case, in order of method and case.

    Parameters
    ----------
    folder: walked for `call.json`.
    only: a method ("surveillance.ears") or an area ("surveillance"); other cases are left out.

    Errors: `NotFoundError` if there is no case, or none of that method: an empty comparison must not look like a pass.
    """
    found = sorted(path.parent for path in folder.rglob("call.json")) if folder.is_dir() else []
    if not found:
        raise NotFoundError(
            f"{folder}: no reference case here (a case is a folder with call.json). Give the folder of a case or one above it."
        )
    results = [result for path in found if (result := _one(path, only)) is not None]
    if not results:
        raise NotFoundError(f"{folder}: none of its {len(found)} cases is of method {only!r}.")
    return sorted(results, key=lambda result: (result.method, result.case))


def _one(folder: Path, only: str | None) -> CaseResult | None:
    name = ""
    try:
        name = str(_json(folder / "call.json")["method"])
        if only and name != only and not name.startswith(f"{only}."):
            return None
        if name not in METHODS:
            return _without_numbers(name, folder.name, "", "not offered", f"heedful has no method {name}.")
        return run_case(load_case(folder), METHODS.get(name))
    except (HeedfulError, KeyError, TypeError) as error:
        return _without_numbers(name, folder.name, "", "error", f"The case cannot be read: {type(error).__name__}: {error}")


def run_case(case: Case, method: Method) -> CaseResult:
    """Run `method` on `case` and compare; what the runner raises becomes a failure with its message."""
    if method.run is None:
        return _without_numbers(case.method, case.name, str(case.tolerance), "not offered", f"{case.method} has a card but no runner.")
    try:
        ours = method.run(case.arguments, case.inputs)
    except Exception as error:  # a runner may raise anything, and the other cases must still be run
        message = f"{type(error).__name__}: {error}"
        return _without_numbers(case.method, case.name, str(case.tolerance), "error", message)
    return compare(case, ours)


def compare(case: Case, ours: Mapping[str, Any]) -> CaseResult:
    """Compare outputs with the expected ones. Outputs of ours that the case does not name are not looked at."""
    absolute: list[float] = []
    relative: list[float] = []
    faults: list[str] = []
    for path, wanted, given in _leaves(case.outputs, {name: ours.get(name) for name in case.outputs}, ()):
        if _ill_determined(path, case.ill_determined):
            continue
        fault = _leaf(path, wanted, given, case.tolerance.at(path), absolute, relative)
        if fault:
            faults.append(fault)
    largest, share = max(absolute, default=None), max(relative, default=None)
    message = f"{len(faults)} of the values differ; first {faults[0]}" if faults else ""
    return CaseResult(case.method, case.name, largest, share, str(case.tolerance), "differs" if faults else "pass", message)


@dataclass(frozen=True)
class _Shape:
    """Stands for a list or object of ours or theirs that has no counterpart of the same shape."""

    says: str

    def __str__(self) -> str:
        return self.says


def _leaves(wanted: Any, given: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    given = _plain(given)
    if isinstance(wanted, dict):
        if not isinstance(given, Mapping):
            yield path, _Shape(f"an object of {len(wanted)} values"), given
            return
        for name in [*wanted, *(str(extra) for extra in given if extra not in wanted)]:
            yield from _leaves(wanted.get(name), given.get(name), (*path, name))
    elif isinstance(wanted, list):
        if not isinstance(given, list) or len(given) != len(wanted):
            seen = f"a list of {len(given)}" if isinstance(given, list) else given
            yield path, _Shape(f"a list of {len(wanted)}"), seen
            return
        for place, (one, other) in enumerate(zip(wanted, given, strict=True)):
            yield from _leaves(one, other, (*path, place))
    else:
        yield path, wanted, given


def _plain(value: Any) -> Any:
    """Arrays and columns as lists, NumPy scalars as Python's."""
    if isinstance(value, pl.Series):
        return value.to_list()
    if isinstance(value, tuple):
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value


def _leaf(path: tuple[str | int, ...], wanted: Any, given: Any, tolerance: Tolerance, absolute: list[float], relative: list[float]) -> str:
    """'' if equal, else what differs; notes the differences of numbers."""
    if _number(wanted) and _number(given):
        difference = abs(float(given) - float(wanted))
        absolute.append(difference)
        relative.append(difference / abs(float(wanted)) if wanted else (0.0 if difference == 0 else math.inf))
        equal = difference <= tolerance.absolute + tolerance.relative * abs(float(wanted))
    elif _missing(wanted) or _missing(given):
        equal = _missing(wanted) and _missing(given)
    else:
        equal = type(wanted) is type(given) and wanted == given
    return "" if equal else f"{_spelled(path)}: expected {_shown(wanted)}, got {_shown(given)}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _shown(value: Any) -> str:
    text = "missing" if _missing(value) else str(value) if isinstance(value, _Shape) else repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _spelled(path: tuple[str | int, ...]) -> str:
    """
    >>> _spelled(("fit", "beta", 3))
    'fit.beta[3]'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _ill_determined(path: tuple[str | int, ...], places: Mapping[str, list[int]]) -> bool:
    return any(isinstance(name, str) and isinstance(place, int) and place in places.get(name, ()) for name, place in pairwise(path))


def load_case(folder: Path) -> Case:
    """Read a case: CSV inputs (also gzipped) as tables, NA and empty as missing, dates as text; JSON inputs as plain values.

    Raises `CaseError` if a file is absent or unreadable, `KeyError` if call.json or expected.json lacks a part.
    """
    call, expected = _json(folder / "call.json"), _json(folder / "expected.json")
    return Case(
        name=folder.name,
        method=call["method"],
        arguments=call.get("arguments", {}),
        inputs={name: _input(folder / file) for name, file in call.get("inputs", {}).items()},
        outputs=expected["outputs"],
        tolerance=_tolerance(expected["tolerance"]),
        ill_determined=expected.get("ill_determined_positions", {}),
    )


def _tolerance(stated: Mapping[str, Any]) -> Tolerance:
    per_output = {name: _tolerance(own) for name, own in stated.get("per_output", {}).items()}
    return Tolerance(float(stated.get("rel", 0)), float(stated.get("abs", 0)), per_output or None)


def _input(path: Path) -> Any:
    if path.name.endswith((".json", ".json.gz")):
        return _json(path)
    try:
        return pl.read_csv(path, infer_schema_length=None, null_values=["NA"])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CaseError(f"{path}: this input of the case cannot be read ({error}). Restore the case from its origin.") from error


def _json(path: Path) -> Any:
    import gzip

    try:
        content = path.read_bytes()
        return orjson.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (OSError, EOFError, orjson.JSONDecodeError) as error:
        raise CaseError(f"{path}: cannot be read as JSON ({error}). Restore the case from its origin.") from error


def _without_numbers(method: str, case: str, tolerance: str, verdict: Verdict, message: str) -> CaseResult:
    return CaseResult(method, case, None, None, tolerance, verdict, message)
