"""People at risk: told from their posts together, and caught by alerts at a volume that a small team can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.language.crisis import crises
from heedful.language.heads.alerts import learn_alerts, threshold_at
from heedful.language.heads.blocks import Passage
from heedful.language.heads.folds import auc
from heedful.language.heads.risk import kind_rates, learn_risk
from heedful.loops.evaluate.sets import Row, held_out_rows, train_rows
from heedful.loops.evaluate.tasks import Figure, measure, task

AT_RISK = ("Ideation", "Behavior", "Attempt")
VOLUME = 0.01
"""Share of background posts that are flagged: the volume at which the bars hold."""
OTHER_VOLUMES = (0.001, 0.002, 0.005, 0.02, 0.05)

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
    """Which people of the test set have a post above the threshold that flags a share of the background posts, and which by words alone."""
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
    background_scores = alerts.scores(_passage([background[place] for place in order[half:]]))

    posts, person = _posts(test)
    scores, figures = alerts.scores(_passage(posts)), []
    for volume in (VOLUME, *OTHER_VOLUMES):
        caught = _any_post(scores > threshold_at(background_scores, volume), person, len(test))
        figures += _caught(test, caught, f"head, {volume * 10_000:,.0f} alerts in 10,000 posts a day", judged=volume == VOLUME)
    unread = pl.Series([background[place] for place in order[half:]], dtype=pl.String)
    volume = float((crises(unread)["kind"] == "self_harm").sum()) / max(1, unread.len())
    fired = (crises(pl.Series(posts, dtype=pl.String))["kind"] == "self_harm").fill_null(False).to_numpy()
    return figures + _caught(
        test, _any_post(fired, person, len(test)), f"words, {volume * 10_000:,.0f} alerts in 10,000 posts a day", judged=False
    )


def _any_post(flagged: npt.NDArray[np.bool_], person: npt.NDArray[np.intp], people: int) -> npt.NDArray[np.bool_]:
    caught = np.zeros(people, bool)
    np.logical_or.at(caught, person, flagged)
    return caught


def _caught(test: list[Row], caught: npt.NDArray[np.bool_], note: str, *, judged: bool) -> list[Figure]:
    """Who is caught at a volume of alerts; bars hold at `VOLUME`."""
    return [
        _share("crisis.at_risk_caught", caught[_labelled(test, AT_RISK)], 0.80 if judged else None, note, at_most=False),
        _share("crisis.supportive_flagged", caught[_labelled(test, ("Supportive",))], 0.35 if judged else None, note, at_most=True),
    ]


def _share(name: str, caught: npt.NDArray[np.bool_], bar: float | None, note: str, *, at_most: bool) -> Figure:
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
