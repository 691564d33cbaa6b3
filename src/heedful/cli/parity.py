"""`heedful parity`."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import typer

from heedful.cli.console import emit, say, table
from heedful.loops.parity import CaseResult
from heedful.loops.parity import parity as compare


def parity(folder: Path, only: str | None, json: bool) -> None:
    """A line a case, a table a method; exit 1 unless all pass."""
    results = compare(folder, only)
    passed = bool(results) and all(result.passed for result in results)
    if json:
        emit({"passed": passed, "cases": [asdict(result) for result in results]})
    else:
        _print(results)
    raise typer.Exit(0 if passed else 1)


def _print(results: list[CaseResult]) -> None:
    table("Cases", ["method", "case", "largest |difference|", "relative", "tolerance", "verdict", "message"], [
        [r.method, r.case, _shown(r.largest_absolute), _shown(r.largest_relative), r.tolerance, r.verdict, r.message] for r in results
    ])  # fmt: skip
    verdicts = sorted({r.verdict for r in results})
    by_method = Counter((r.method, r.verdict) for r in results)
    table(
        "Methods",
        ["method", *verdicts],
        [[name, *[by_method[name, verdict] for verdict in verdicts]] for name in sorted({r.method for r in results})],
    )
    if not results:
        say("No case was found: a case is a folder with call.json and expected.json.")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"
