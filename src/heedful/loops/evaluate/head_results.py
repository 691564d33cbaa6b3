"""The results that stand on the heads' cards: each head on its own test rows by group, and on every other set; a file of figures only."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from heedful.language.heads.head import Head
from heedful.loops.evaluate.examples import SETS, learn_from
from heedful.loops.evaluate.judged_heads import HeadResult, judge
from heedful.loops.evaluate.tasks import AbsentSetError
from heedful.loops.evaluate.transfer import Cell, transfer

PACKAGED = "head_results.json"


def measure_transfer(data: Path, train: Path | None = None) -> list[Cell]:
    """The transfer matrix, every head learned from the train rows of `train` (the same folder if None)."""
    return transfer(data, _learner(train or data))


def measure_heads(data: Path, train: Path | None = None) -> dict[str, Any]:
    """Results by head and the transfer matrix, as they are packaged. Heads whose sets are not there have no results."""
    heads, results = _learner(train or data), dict[str, list[dict[str, Any]]]()
    for name in SETS:
        try:
            results[name] = [asdict(line) for line in judge(name, heads(name), data)]
        except AbsentSetError:
            continue
    return {"heads": results, "transfer": [_rounded(cell) for cell in transfer(data, heads)]}


def packaged_results() -> tuple[dict[str, list[HeadResult]], list[Cell]]:
    """What stands on the packaged cards: results by head, and the transfer matrix."""
    read = orjson.loads((files("heedful") / "data" / PACKAGED).read_bytes())
    return (
        {name: [HeadResult(**line) for line in lines] for name, lines in read["heads"].items()},
        [Cell(**cell) for cell in read["transfer"]],
    )


def _learner(train: Path):  # type: ignore[no-untyped-def]
    @cache
    def learned(name: str) -> Head:
        return learn_from(name, train)[0]

    return learned


def _rounded(cell: Cell) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(cell).items()}
