"""What kind of mention a post makes of an illness: figurative, of others or in general, or of somebody's health."""

from __future__ import annotations

from pathlib import Path

from heedful.language.heads.folds import macro_f1
from heedful.loops.evaluate.examples import learn_from, to_judge
from heedful.loops.evaluate.tasks import Figure, measure, task


@task("rhmd")
def rhmd(data: Path, train: Path) -> list[Figure]:
    """The three classes of RHMD."""
    test = to_judge("mention", data)
    head, _ = learn_from("mention", train)
    truth, said = test.targets.astype(int), head.answers(test.fields)
    figure = measure("rhmd.mention", "macro F1", test.rows, lambda rows: macro_f1(truth[rows], said[rows], 3), baseline=0.752, bar=0.77)
    return [figure]
