"""People at risk: told from their posts together, and caught by alerts at a volume that a small team can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.heads.alerts import learn_alerts, threshold_at
from heedful.language.heads.blocks import Passage
from heedful.language.heads.folds import auc
from heedful.language.heads.risk import kind_rates, learn_risk
from heedful.loops.evaluate.sets import Row, held_out_rows, train_rows
from heedful.loops.evaluate.tasks import Figure, measure, task

AT_RISK = ("Ideation", "Behavior", "Attempt")
VOLUME = 0.01
"""Share of background posts that are flagged."""

_PEOPLE = "cssrs_reddit/users"
_BACKGROUND = ("rhmd/posts", "dreaddit/segments")


@task("cssrs.risk")
def risk(data: Path, train: Path) -> list[Figure]:
    """Ideation or worse, from all posts of a person."""
    test, learned = held_out_rows(data, _PEOPLE), train_rows(train, _PEOPLE)
    found = learn_risk(_rates(learned), _labelled(learned, AT_RISK)).scores(_rates(test))
    truth = _labelled(test, AT_RISK)
    return [measure("cssrs.ideation_or_worse", "AUC", len(test), lambda rows: auc(truth[rows], found[rows]), baseline=0.796, bar=0.84)]


@task("crisis")
def crisis(data: Path, train: Path) -> list[Figure]:
    """Which people of the test set have a post above the threshold that flags `VOLUME` of the background posts."""
    test, learned = held_out_rows(data, _PEOPLE), train_rows(train, _PEOPLE)
    background = [row["text"] for name in _BACKGROUND for row in train_rows(train, name)]
    order = np.random.default_rng(0).permutation(len(background))
    half = len(order) // 2
    posts, person = _posts(learned)
    at_risk = _labelled(learned, AT_RISK)[person]
    teaching = [*posts, *(background[place] for place in order[:half])]
    of_people = np.arange(len(teaching)) < len(posts)
    risky = np.zeros(len(teaching), bool)
    risky[: len(posts)] = at_risk
    alerts = learn_alerts(_passage(teaching), risky, of_people & ~risky)
    threshold = threshold_at(alerts.scores(_passage([background[place] for place in order[half:]])), VOLUME)

    posts, person = _posts(test)
    caught = np.zeros(len(test), bool)
    np.logical_or.at(caught, person, alerts.scores(_passage(posts)) > threshold)
    return [
        _share("crisis.at_risk_caught", caught[_labelled(test, AT_RISK)], 0.80, at_most=False),
        _share("crisis.supportive_flagged", caught[_labelled(test, ("Supportive",))], 0.35, at_most=True),
    ]


def _share(name: str, caught: npt.NDArray[np.bool_], bar: float, *, at_most: bool) -> Figure:
    note = f"people with a post above the threshold that flags {VOLUME:.0%} of background posts"
    return measure(name, "share", caught.size, lambda rows: float(caught[rows].mean()), bar=bar, at_most=at_most, note=note)


def _labelled(rows: list[Row], labels: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.array([row["label"] in labels for row in rows])


def _posts(rows: list[Row]) -> tuple[list[str], npt.NDArray[np.intp]]:
    """All posts, and the row of each."""
    return [post for row in rows for post in row["posts"]], np.repeat(np.arange(len(rows)), [len(row["posts"]) for row in rows])


def _rates(rows: list[Row]) -> npt.NDArray[np.float64]:
    posts, person = _posts(rows)
    return kind_rates(pl.Series(posts, dtype=pl.String), person, len(rows))


def _passage(texts: list[str]) -> Passage:
    return Passage(pl.Series(texts, dtype=pl.String))
