"""Run a registered method on the reference cases of other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import heedful.population  # noqa: F401  registers the methods
from heedful.core.registry import METHODS
from heedful.loops.parity import CaseResult, load_case, run_case


@pytest.fixture
def reference_cases(shared_reference: Path) -> Callable[[str], list[CaseResult]]:
    """All cases under surveillance/ whose folder begins so, compared; at least one must exist."""

    def compare(prefix: str) -> list[CaseResult]:
        cases = [load_case(folder) for folder in sorted((shared_reference / "surveillance").glob(f"{prefix}*"))]
        assert cases, f"no reference case begins with {prefix}"
        # straight from the registry's members: the other rooms need not be importable for this room's tests
        return [run_case(case, METHODS._members[case.method]) for case in cases]

    return compare
