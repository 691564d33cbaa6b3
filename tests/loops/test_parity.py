"""The comparison with other programs must be able to fail in every way in which a method can be wrong."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import NotFoundError
from heedful.core.registry import METHODS, Card, Method
from heedful.loops import parity as module
from heedful.loops.parity import Case, Tolerance, compare, load_case, parity, run_case


@pytest.fixture
def only_these_methods(monkeypatch: pytest.MonkeyPatch) -> dict[str, Method]:
    """A registry of the test's own, so that the other rooms are not loaded."""
    registry = type(METHODS)("methods", ())
    monkeypatch.setattr(module, "METHODS", registry)

    def double(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        return {"twice": [2 * value if value is not None else None for value in inputs["series"]["count"].to_list()]}

    def stumble(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        raise ValueError("no such table")

    for name, run in {"test.double": double, "test.stumble": stumble, "test.card_only": None}.items():
        registry.add(name, Method(Card(name, "", "", ""), run))
    return registry._members


def write_case(folder: Path, method: str, expected: dict[str, Any], *, series: str = "count\n1\n2\nNA\n") -> Path:
    folder.mkdir(parents=True)
    (folder / "series.csv.gz").write_bytes(gzip.compress(series.encode()))
    (folder / "call.json").write_text(json.dumps({"method": method, "arguments": {}, "inputs": {"series": "series.csv.gz"}}))
    (folder / "expected.json").write_text(json.dumps(expected))
    return folder


GOOD = {"outputs": {"twice": [2, 4, None]}, "tolerance": {"rel": 0, "abs": 0}}


@pytest.mark.usefixtures("only_these_methods")
def test_every_verdict(tmp_path: Path) -> None:
    write_case(tmp_path / "a" / "good", "test.double", GOOD)
    write_case(tmp_path / "a" / "mutated", "test.double", {**GOOD, "outputs": {"twice": [2, 4.5, None]}})
    write_case(tmp_path / "b" / "raises", "test.stumble", GOOD)
    write_case(tmp_path / "b" / "absent", "test.nowhere", GOOD)
    write_case(tmp_path / "b" / "card", "test.card_only", GOOD)
    (write_case(tmp_path / "b" / "torn", "test.double", GOOD) / "expected.json").write_text('{"outputs": ')
    (write_case(tmp_path / "b" / "inputless", "test.double", GOOD) / "series.csv.gz").unlink()
    found = {result.case: (result.verdict, result.message) for result in parity(tmp_path)}
    assert found["good"] == ("pass", "")
    assert found["mutated"] == ("differs", "1 of the values differ; first twice[1]: expected 4.5, got 4")
    assert found["raises"] == ("error", "ValueError: no such table")
    assert found["absent"] == ("not offered", "heedful has no method test.nowhere.")
    assert found["card"][0] == "not offered"
    assert found["torn"][0] == "error"
    assert "expected.json" in found["torn"][1]
    assert found["inputless"][0] == "error"
    assert "series.csv.gz" in found["inputless"][1]


@pytest.mark.usefixtures("only_these_methods")
def test_a_folder_may_be_one_case_and_only_chooses_a_method_or_an_area(tmp_path: Path) -> None:
    case = write_case(tmp_path / "good", "test.double", GOOD)
    write_case(tmp_path / "absent", "other.nowhere", GOOD)
    assert [result.case for result in parity(case)] == ["good"]
    assert [result.case for result in parity(tmp_path, "test.double")] == ["good"]
    assert [result.case for result in parity(tmp_path, "other")] == ["absent"]


def test_an_empty_comparison_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no reference case"):
        parity(tmp_path)
    write_case(tmp_path / "good", "test.double", GOOD)
    with pytest.raises(NotFoundError, match="none of its 1 cases"):
        parity(tmp_path, "test.doub")


def case(outputs: dict[str, Any], tolerance: Tolerance = Tolerance(), ill: dict[str, list[int]] | None = None) -> Case:  # noqa: B008
    return Case("case", "test.any", {}, {}, outputs, tolerance, ill or {})


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (1.0, 1.1), (1, None), (None, 1), (1, "1"), ("a", "A"), ("a", None), ([1, 2], [1]), ([1, 2], [1, 2, 3]), ([1], 1), (1, [1]),
        ({"b": 1}, {"b": 2}), ({"b": 1}, {}), ({"b": 1}, {"b": 1, "c": 2}), ({"b": 1}, [1]), ([[1], [2]], [[1], [3]]), ([], None),
        ([], [1]), (True, False), ({}, None),
    ],
)  # fmt: skip
def test_what_is_not_equal_differs(wanted: Any, given: Any) -> None:
    result = compare(case({"x": wanted}), {"x": given})
    assert result.verdict == "differs"
    assert "x" in result.message


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (1, 1.0), (None, math.nan), (None, math.inf), ([1, None], np.array([1.0, np.nan])), ([1, 2], (1, 2)), ([1, 2], pl.Series([1, 2])),
        (2, np.int64(2)), ({"b": None}, {}), ({"b": 1}, {"b": 1, "c": None}), ("a", "a"), (True, True), (1, True), ([], []), ({}, {}),
    ],
)  # fmt: skip
def test_what_is_equal_passes(wanted: Any, given: Any) -> None:
    assert compare(case({"x": wanted}), {"x": given}).passed


def test_an_output_that_was_not_given_differs_and_one_more_is_not_looked_at() -> None:
    assert compare(case({"x": 1}), {"y": 1}).message == "1 of the values differ; first x: expected 1, got missing"
    assert compare(case({"x": 1}), {"x": 1, "y": 5}).passed


def test_tolerances_are_absolute_plus_relative_to_the_other_program() -> None:
    tolerance = Tolerance(relative=0.01, absolute=0.5)
    assert compare(case({"x": 100.0}, tolerance), {"x": 101.5}).passed
    result = compare(case({"x": 100.0}, tolerance), {"x": 101.6})
    assert result.verdict == "differs"
    assert result.largest_absolute == pytest.approx(1.6)
    assert result.largest_relative == pytest.approx(0.016)


def test_an_outputs_or_leafs_own_tolerance_goes_first_and_what_it_does_not_name_is_zero() -> None:
    tolerance = Tolerance(1.0, 0.0, {"p": Tolerance(absolute=0.1), "inner": Tolerance(absolute=5.0)})
    assert compare(case({"p": 10.0, "q": 10.0}, tolerance), {"p": 10.05, "q": 19.0}).passed
    assert not compare(case({"p": 10.0}, tolerance), {"p": 10.2}).passed
    assert compare(case({"p": {"inner": [10.0]}}, tolerance), {"p": {"inner": [14.0]}}).passed


def test_ill_determined_places_are_not_compared() -> None:
    outputs, ours = {"x": [1, 2, 3], "y": {"z": [1, 2]}}, {"x": [1, 99, 3], "y": {"z": [99, 2]}}
    assert compare(case(outputs, ill={"x": [1], "z": [0]}), ours).passed
    assert not compare(case(outputs, ill={"x": [0], "z": [0]}), ours).passed


def test_a_result_without_numbers_has_no_differences() -> None:
    result = compare(case({"x": "a"}), {"x": "a"})
    assert (result.largest_absolute, result.largest_relative) == (None, None)


def test_json_inputs_come_as_plain_values(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "c", "test.double", GOOD)
    (folder / "plan.json").write_text('{"a": [1]}')
    (folder / "call.json").write_text(json.dumps({"method": "test.double", "inputs": {"plan": "plan.json"}}))
    assert load_case(folder).inputs == {"plan": {"a": [1]}}


def test_a_mutated_reference_case_fails(shared_reference: Path) -> None:
    from heedful.population.ears import run_ears

    ears = Method(Card("surveillance.ears", "", "", ""), run_ears)
    true = load_case(shared_reference / "surveillance" / "ears_c1_agona")
    assert run_case(true, ears).passed
    for name, change in (("upperbound", 1e-6), ("alarm", 1)):
        values = list(true.outputs[name])
        values[5] += change
        mutated = Case(true.name, true.method, true.arguments, true.inputs, {**true.outputs, name: values}, true.tolerance, {})
        assert run_case(mutated, ears).verdict == "differs"


def test_every_reference_case_can_be_read(shared_reference: Path) -> None:
    cases = [load_case(path.parent) for path in sorted(shared_reference.rglob("call.json"))]
    assert len(cases) > 150
    assert all(case.outputs for case in cases)
