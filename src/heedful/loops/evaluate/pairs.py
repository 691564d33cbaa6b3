"""Two texts and what one says to the other: whether evidence supports or refutes a claim."""

from __future__ import annotations

from pathlib import Path

from heedful.language.heads.folds import macro_f1
from heedful.loops.evaluate.examples import learn_from, to_judge
from heedful.loops.evaluate.tasks import Figure, measure, task


@task("healthver")
def healthver(data: Path, train: Path) -> list[Figure]:
    """Stance of evidence to a claim; learned on the development rows, as the official train rows cannot be had."""
    test = to_judge("stance", data)
    head, _ = learn_from("stance", train)
    truth, said = test.targets.astype(int), head.answers(test.fields)
    return [measure("healthver.stance", "macro F1", test.rows, lambda rows: macro_f1(truth[rows], said[rows], 3), baseline=0.555, bar=0.58)]
