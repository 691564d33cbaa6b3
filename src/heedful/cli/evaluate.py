"""`heedful evaluate language`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from heedful.cli.console import aside, emit, say, table
from heedful.loops.evaluate.running import Evaluation, evaluate_language
from heedful.loops.evaluate.tasks import Figure


def language(data: Path, train: Path | None, only: str | None, json: bool) -> None:
    """A line a figure; exit 1 on a miss, or if nothing could be judged."""

    def progress(name: str, found: list[Figure]) -> None:
        if not json and aside.is_terminal:
            aside.print(f"{name}: {', '.join(f'{figure.value:.3f}' for figure in found) or 'absent'}")

    result = evaluate_language(data, train, only, progress)
    if json:
        emit({"passed": result.passed, "figures": [asdict(figure) for figure in result.figures], "absent": result.absent})
    else:
        _print(result)
    raise typer.Exit(0 if result.passed else 1)


def _print(result: Evaluation) -> None:
    rows = [
        [f"{f.task}, {f.metric}", f.n, f"{f.value:.3f} [{f.low:.3f}, {f.high:.3f}]", _number(f.baseline), _number(f.bar), _verdict(f)]
        for f in result.figures
    ]
    rows += [[name, None, "", "", "", "absent"] for name in result.absent]
    table("Language", ["task", "n", "figure, 95 %", "baseline", "bar", "verdict"], rows)
    for figure in result.figures:
        if figure.note:
            say(f"{figure.task}, {figure.metric}: {figure.note}")
    for reason in sorted(set(result.absent.values())):
        say(reason)
    missed = sum(figure.passed is False for figure in result.figures)
    say(f"{len(result.figures)} figures, {missed} missed, {len(result.absent)} tasks absent.")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _verdict(figure: Figure) -> str:
    return {True: "pass", False: "miss", None: "told"}[figure.passed]
