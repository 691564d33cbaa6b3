"""`heedful evaluate language`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import orjson
import typer

from heedful.cli.console import aside, emit, say, table
from heedful.core.errors import NotFoundError
from heedful.loops.evaluate.head_results import measure_heads, measure_transfer
from heedful.loops.evaluate.running import Evaluation, evaluate_language, evaluate_semantic
from heedful.loops.evaluate.tasks import Figure


def language(data: Path, train: Path | None, only: str | None, json: bool, semantic: Path | None = None) -> None:
    """A line a figure; exit 1 on a miss, or if nothing could be judged. With `semantic` only claim retrieval by meaning is judged."""

    def progress(name: str, found: list[Figure]) -> None:
        if not json and aside.is_terminal:
            aside.print(f"{name}: {', '.join(f'{figure.value:.3f}' for figure in found) or 'absent'}")

    result = evaluate_language(data, train, only, progress) if semantic is None else evaluate_semantic(data, train, semantic)
    if json:
        emit({"passed": result.passed, "figures": [asdict(figure) for figure in result.figures], "absent": result.absent})
    else:
        _print(result)
    raise typer.Exit(0 if result.passed else 1)


def transfer(data: Path, train: Path | None, json: bool) -> None:
    """A table for each question: heads down, sets across, area under the curve."""
    _check(data, train)
    cells = measure_transfer(data, train)
    if json:
        emit({"transfer": [asdict(cell) for cell in cells]})
        return
    for question in dict.fromkeys(cell.question for cell in cells):
        mine = [cell for cell in cells if cell.question == question]
        sets = list(dict.fromkeys(cell.judged for cell in mine))
        found = {(cell.head, cell.judged): f"{cell.auc:.3f}{' own' if cell.own else ''}" for cell in mine}
        rows = [[head, *(found.get((head, one), "") for one in sets)] for head in dict.fromkeys(cell.head for cell in mine)]
        table(f"AUC: {question}", ["learned from", *sets], rows)
    say("own: test rows of the set that taught the head. Definitions differ between sets: a low cell is register and definition together.")


def cards(data: Path, train: Path | None, out: Path, json: bool) -> None:
    """Write the results of all heads and the transfer matrix: figures only, no text."""
    _check(data, train)
    results = measure_heads(data, train)
    out.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    lines = sum(map(len, results["heads"].values()))
    if json:
        emit({"path": str(out), "heads": sorted(results["heads"]), "results": lines, "cells": len(results["transfer"])})
    else:
        say(f"Written: {out}: {lines} results of {len(results['heads'])} heads, {len(results['transfer'])} cells of the transfer matrix.")


def _check(data: Path, train: Path | None) -> None:
    for folder in (data, train or data):
        if not folder.is_dir():
            raise NotFoundError(f"{folder}: there is no such folder. Give a folder of sets in the shape of ../shared/data/nlp.")


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
