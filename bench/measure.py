"""Timing on a machine that others use too: seconds by the clock, of processor, and *undisturbed*; interleaved peers; memory of a fresh process.

Undisturbed is what an idle machine would have taken: by the clock less the time for which a thread of this process was ready to run and no core
was free (Linux' `schedstat`), but never less than the processor time used. Where there is no `schedstat` it is the processor time or more.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

THREADS = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
"""Variables that say how many threads a library may have. BLAS waits for its own in a loop, which costs the time of a processor."""


@dataclass(frozen=True)
class Line:
    """One line of the table.

    `value`: the judged figure, of undisturbed time (`unit`). `clock`: the same by the clock, empty where time is not what is measured. `peer`: what
    the same run measured of something known, and the ratio to it. `beside`: how it was measured.
    """

    what: str
    value: float
    unit: str
    bar: str
    met: bool
    clock: str = ""
    peer: str = ""
    beside: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def at_least(what: str, value: float, unit: str, bar: float, clock: str = "", peer: str = "", beside: str = "") -> Line:
    """A line that passes at the bar or above."""
    return Line(what, value, unit, f"≥ {bar:,g}", value >= bar, clock, peer, beside)


def at_most(what: str, value: float, unit: str, bar: float, clock: str = "", peer: str = "", beside: str = "") -> Line:
    """A line that passes below the bar."""
    return Line(what, value, unit, f"< {bar:,g}", value < bar, clock, peer, beside)


@dataclass
class Watch:
    """Seconds of one piece of work, filled when the `with` block ends."""

    clock: float = 0.0
    processor: float = 0.0
    waited: float = 0.0

    @property
    def undisturbed(self) -> float:
        return max(self.processor, self.clock - self.waited)


@contextlib.contextmanager
def watch() -> Iterator[Watch]:
    """Time a piece of work of this process, all its threads."""
    found = Watch()
    waited, processor, clock = _waited(), time.process_time(), time.perf_counter()
    yield found
    found.clock = time.perf_counter() - clock
    found.processor = time.process_time() - processor
    found.waited = max(0.0, _waited() - waited)


def _waited() -> float:
    """Seconds for which threads of this process were ready and not running."""
    total = 0
    for task in Path("/proc/self/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            total += int(task.read_text().split()[1])
    return total / 1e9


@dataclass
class Times:
    """Watches of one kind of work, done again and again."""

    watches: list[Watch] = field(default_factory=list)

    @contextlib.contextmanager
    def one_more(self) -> Iterator[Watch]:
        with watch() as found:
            yield found
        self.watches.append(found)

    def as_dict(self) -> dict[str, list[float]]:
        return {name: [getattr(one, name) for one in self.watches] for name in ("clock", "processor", "undisturbed")}


def command_seconds(*arguments: str) -> Watch:
    """Times of a child process. Of another process only its processor time is known, so that is what counts as undisturbed."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(arguments, check=True, capture_output=True)
    clock = time.perf_counter() - clock
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Watch(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock)


def emptied(folder: Path) -> Path:
    """A place where nothing lies of an earlier run: a site that has read its input would not read it again, and seem endlessly fast."""
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.unlink(missing_ok=True)
    return folder


def median(values: list[float]) -> float:
    return statistics.median(values)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank, from above)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: list[float], digits: int = 2) -> str:
    """Least to greatest, as a reader of a noisy machine wants them."""
    return f"{min(values):,.{digits}f} to {max(values):,.{digits}f}"


def fresh_process(work: str, *arguments: object, one_core: bool = False) -> dict[str, Any]:
    """What `python -m bench.child WORK ARGUMENTS` answers, with `peak_mb`, the most memory that process ever held."""
    environment = {**os.environ, **(dict.fromkeys(THREADS, "1") if one_core else {})}
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
