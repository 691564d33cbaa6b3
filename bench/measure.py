"""Timing beside a peer in the same minute: interleaved repetitions, medians, peak memory of a child process."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of the table: what, our figure, its unit, the bar, whether it is met, and what it was compared with."""

    what: str
    value: float
    unit: str
    bar: str
    met: bool
    beside: str


def medians(ours: Callable[[], object], peer: Callable[[], object], rounds: int = 3) -> tuple[float, float]:
    """Median seconds of both, run in turn so that a busy neighbor slows both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for one, kept in ((ours, times[0]), (peer, times[1])):
            begun = time.perf_counter()
            one()
            kept.append(time.perf_counter() - begun)
    return statistics.median(times[0]), statistics.median(times[1])


def seconds(one: Callable[[], object], rounds: int = 3) -> float:
    """Median seconds."""
    return medians(one, lambda: None, rounds)[0]


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def in_child(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a fresh process that does `work` after its imports are warm."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(False)

    def child() -> None:
        begun = time.perf_counter()
        work()
        send.send((time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

    process = context.Process(target=child)
    process.start()
    result = receive.recv()
    process.join()
    return result
