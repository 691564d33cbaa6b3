"""`heedful evaluate illness`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from heedful.cli.console import emit, say, table
from heedful.core.errors import NotFoundError
from heedful.loops.evaluate.illness import Interval, Line, evaluate_illness

WHAT = ["detector", "setting", "people, onsets", "found, 95 %", "placebo", "alarms a person-month", "days early", "found minus NightSignal"]


def illness(data: Path | None, people: int, hourly: int, seed: int, days: int, json: bool) -> None:
    """A line a detector and setting; then the real recordings."""
    if data is not None and not data.is_dir():
        raise NotFoundError(f"{data}: there is no such folder. Give one in the shape of ../shared/data/behavior.")
    found = evaluate_illness(people, hourly, seed, days, data)
    if json:
        emit(asdict(found))
        return
    table("Illness onsets of simulated people, judged forward in time", WHAT, [_row(line) for line in found.simulated])
    for line in found.simulated:
        if line.setting.endswith("annotated"):
            say(
                f"{line.detector}, {line.setting}: {line.explained:.0%} of alarm nights outside illness are explained, and "
                f"{line.explained_ill:.0%} of those in the windows of onsets (the price)."
            )
    if found.real:
        names = list(dict.fromkeys(name for row in found.real for name in row))
        table("Real recordings (no onset is known)", names, [[row.get(name, "") for name in names] for row in found.real])
    for note in found.notes:
        say(note)


def _row(line: Line) -> list[object]:
    return [
        line.detector, line.setting, f"{line.people}, {line.onsets}", _told(line.sensitivity), f"{line.placebo.value:.2f}",
        _told(line.alarms), _told(line.earliness), _told(line.gain),
    ]  # fmt: skip


def _told(figure: Interval) -> str:
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
