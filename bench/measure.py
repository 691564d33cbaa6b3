"""Timing beside a peer in the same minute: interleaved repetitions, medians, peak memory of a fresh process."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One line of the table: what, our figure, its unit, the bar, whether it is met, and what it was compared with or measured on."""

    what: str
    value: float
    unit: str
    bar: str
    met: bool
    beside: str


def at_least(what: str, value: float, unit: str, bar: float, beside: str) -> Line:
    """A line that passes at the bar or above."""
    return Line(what, value, unit, f"≥ {bar:,g}", value >= bar, beside)


def at_most(what: str, value: float, unit: str, bar: float, beside: str) -> Line:
    """A line that passes below the bar."""
    return Line(what, value, unit, f"< {bar:,g}", value < bar, beside)


def interleaved(ours: Callable[[], float], peer: Callable[[], float], rounds: int) -> tuple[list[float], list[float]]:
    """Figures of both, run in turn so that a busy neighbor slows both."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median(values: list[float]) -> float:
    return statistics.median(values)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank, from above)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: list[float], digits: int = 2) -> str:
    """Least to greatest, as a reader of a noisy machine wants them."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def fresh_process(work: str, *arguments: object, one_core: bool = False) -> dict[str, Any]:
    """What `python -m bench.child WORK ARGUMENTS` answers, with `peak_mb`, the most memory that process ever held."""
    environment = {**os.environ, **({"POLARS_MAX_THREADS": "1", "RAYON_NUM_THREADS": "1"} if one_core else {})}
    command = [sys.executable, "-m", "bench.child", work, *map(str, arguments)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def peak_mb() -> float:
    """The most memory this process held, in MB. VmHWM where there is one: `ru_maxrss` also remembers the parent from before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (1024 * 1024 if sys.platform == "darwin" else 1024)
