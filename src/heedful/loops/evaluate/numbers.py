"""What a writer gave a number to: how well a treatment works, and how worried they are."""

from __future__ import annotations

from pathlib import Path

from heedful.language.heads.folds import spearman
from heedful.loops.evaluate.examples import learn_from, to_judge
from heedful.loops.evaluate.tasks import Figure, measure, task


@task("druglib.effectiveness")
def effectiveness(data: Path, train: Path) -> list[Figure]:
    """The effectiveness of a treatment in five levels, from the review's three texts."""
    return [_spearman("druglib.effectiveness", "effectiveness", data, train, None, 0.54)]


@task("worry")
def worry(data: Path, train: Path) -> list[Figure]:
    """Self-rated worry. It is barely in the text: these bars hold the line, they are no claim that worry can be read off."""
    return [
        _spearman("worry.long_text", "worry_long", data, train, 0.50, 0.49),
        _spearman("worry.short_text", "worry_short", data, train, 0.27, 0.25),
    ]


def _spearman(name: str, head_name: str, data: Path, train: Path, baseline: float | None, bar: float) -> Figure:
    test = to_judge(head_name, data)
    head, _ = learn_from(head_name, train)
    found, truth = head.probabilities(test.fields)[:, 0], test.targets
    return measure(name, "Spearman", test.rows, lambda rows: spearman(truth[rows], found[rows]), baseline=baseline, bar=bar)
