"""`make bench`: one table of speed and memory, each line with its bar and pass or miss; exit code 1 if a line misses.

    python -m bench.run [--quick] [--only NAME …] [--json] [--folder FOLDER]

The whole table takes about half an hour and 8 GB of disk; `--quick` takes smaller inputs (its figures are no promise). `--folder` keeps what is made
(exports, filled sites) for the next run. How the figures are taken, and how to read them, stands in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.measure import Line

Lines = Callable[..., list[Line]]

FULL: dict[str, dict[str, Any]] = {
    "startup": {"rounds": 15},
    "install_size": {},
    "apple_health": {"megabytes": 1_000, "rounds": 3},
    "posts": {"posts": 400_000, "rounds": 3},
    "features": {"people": 1_000},
    "long_person": {"rows": 20_000_000},
    "engine": {"posts": 100_000, "people": 50, "rounds": 3},
    "decisions": {"alone": 500, "each": 100, "rounds": 3},
    "live": {"people": 200, "days": 30, "batches": 1_000},
    "erasing": {"people": 1_000, "times": 5},
    "population": {"series": 500, "r_series": 3, "places": 500, "pairs": 1_000_000, "strands": 100_000},
    "language": {
        "posts": 50_000,
        "rounds": 5,
        "terms": 100_000,
        "most_terms": 1_000_000,
        "hostile_bytes": 100_000,
        "long_bytes": 10_000_000,
        "compiling": True,
    },
    "behavior": {"beats": 100_000, "patients": 100_000},
    "fit": {"records": 200_000, "rounds": 3},
}
QUICK: dict[str, dict[str, Any]] = {
    "startup": {"rounds": 5},
    "install_size": {},
    "apple_health": {"megabytes": 30, "rounds": 1},
    "posts": {"posts": 60_000, "rounds": 1},
    "features": {"people": 100},
    "long_person": {"rows": 2_000_000},
    "engine": {"posts": 30_000, "people": 20, "rounds": 1},
    "decisions": {"alone": 200, "each": 30, "rounds": 1},
    "live": {"people": 200, "days": 8, "batches": 40},
    "erasing": {"people": 100, "times": 3},
    "population": {"series": 60, "r_series": 1, "places": 100, "pairs": 50_000, "strands": 5_000},
    "language": {
        "posts": 10_000,
        "rounds": 2,
        "terms": 100_000,
        "most_terms": 200_000,
        "hostile_bytes": 20_000,
        "long_bytes": 10_000_000,
        "compiling": True,
    },
    "behavior": {"beats": 100_000, "patients": 10_000},
    "fit": {"records": 50_000, "rounds": 1},
}
NEEDS_FOLDER = ("apple_health", "posts", "long_person", "engine", "decisions", "live", "erasing", "language", "behavior", "fit")


def measured(name: str, sizes: dict[str, Any], folder: Path) -> list[Line]:
    """The lines of one bench; a bench that fails is a line that misses, and says why."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    places = {"folder": own} if name in NEEDS_FOLDER else {}
    try:
        lines: list[Line] = import_module(f"bench.{name}").lines(**places, **sizes)
    except Exception as error:
        return [Line(name, float("nan"), "", "", False, beside=f"could not be measured: {error}")]
    return lines


def table(lines: list[Line]) -> str:
    """The lines as a Markdown table, and below it how each was measured."""
    head = ("", "measured", "by the clock", "bar", "beside it, same run", "")
    rows = [(line.what, f"{_figure(line.value)} {line.unit}", line.clock, line.bar, line.peer, verdict(line)) for line in lines]
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    shown = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in (head, *rows)]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {line.what}: {line.beside}." for line in lines if line.beside]
    return "\n".join([*shown, "", *notes])


def verdict(line: Line) -> str:
    return "not measured" if line.met and math.isnan(line.value) else "pass" if line.met else "MISS"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def machine() -> str:
    """Where and when: what the figures depend on."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Speed and memory, with pass or miss.")
    parser.add_argument("--only", nargs="+", choices=list(FULL), metavar="NAME", help=f"some of: {', '.join(FULL)}")
    parser.add_argument("--quick", action="store_true", help="smaller inputs: minutes instead of half an hour; figures are no promise")
    parser.add_argument("--json", action="store_true", help="lines as JSON on standard output")
    parser.add_argument("--folder", type=Path, help="keep what is made here, for the next run")
    given = parser.parse_args()
    sizes = QUICK if given.quick else FULL
    lines: list[Line] = []
    began = machine()
    with tempfile.TemporaryDirectory(prefix="heedful-bench-", ignore_cleanup_errors=True) as scratch:
        for name in given.only or sizes:
            print(f"{name} …", file=sys.stderr, flush=True)
            found = measured(name, sizes[name], given.folder.resolve() if given.folder else Path(scratch))
            for line in found:
                print(f"  {verdict(line)}  {line.what}: {_figure(line.value)} {line.unit} (bar {line.bar})", file=sys.stderr, flush=True)
            lines += found
    missed = [line.what for line in lines if not line.met]
    if given.json:
        print(json.dumps({"machine": began, "quick": given.quick, "lines": [line.as_dict() for line in lines], "missed": missed}, indent=1))
    else:
        print(f"{began}{', quick' if given.quick else ''}\n\n{table(lines)}\n")
        print(f"{len(lines) - len(missed)} of {len(lines)} lines pass." + (f" Missed: {'; '.join(missed)}." if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
