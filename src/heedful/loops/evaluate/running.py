"""Running the tasks of an evaluation on a folder: figures, and the tasks whose sets are not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heedful.core.errors import NotFoundError
from heedful.loops.evaluate.tasks import AbsentSetError, Figure, load_tasks


@dataclass(frozen=True)
class Evaluation:
    """Figures in order of the tasks, and why tasks were left out, by name."""

    figures: list[Figure]
    absent: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether there is a figure and none misses its bar. An absent set is neither a pass nor a miss."""
        return bool(self.figures) and all(figure.passed is not False for figure in self.figures)


def evaluate_language(
    data: Path, train: Path | None = None, only: str | None = None, progress: Callable[[str, list[Figure]], None] | None = None
) -> Evaluation:
    """Judge every task on the test rows of `data`, learning from the train rows of `train` (the same folder if None).

    only: tasks whose name begins so. progress: called after each task with its name and figures.

    Raises `NotFoundError` if a folder is not there or no task has that name: an empty evaluation must not look like a pass.
    """
    learn_from = train or data
    for folder in (data, learn_from):
        if not folder.is_dir():
            raise NotFoundError(f"{folder}: there is no such folder. Give a folder of sets in the shape of ../shared/data/nlp.")
    tasks = {name: run for name, run in sorted(load_tasks().items()) if name.startswith(only or "")}
    if not tasks:
        raise NotFoundError(f"No task is named {only}. Known: {', '.join(sorted(load_tasks()))}.")
    figures: list[Figure] = []
    absent: dict[str, str] = {}
    for name, run in tasks.items():
        try:
            found = run(data, learn_from)
        except AbsentSetError as error:
            absent[name], found = str(error), []
        figures += found
        if progress is not None:
            progress(name, found)
    return Evaluation(figures, absent)


def evaluate_semantic(data: Path, train: Path | None, model: Path) -> Evaluation:
    """Judge claim retrieval with the sentence encoder in the folder `model`. Raises as `heedful.sources.sentence_model` does."""
    from heedful.loops.evaluate.semantic import semantic_claims
    from heedful.sources.sentence_model import sentence_encoder

    encoder = sentence_encoder(model)
    try:
        return Evaluation(semantic_claims(data, train or data, encoder), {})
    except AbsentSetError as error:
        return Evaluation([], {"checkthat.claims_semantic": str(error)})
