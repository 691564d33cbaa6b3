"""Alerts on made-up posts: who speaks of harming themselves scores above who comforts and above talk of other things."""

from __future__ import annotations

import numpy as np
import polars as pl

from heedful.language.heads.alerts import learn_alerts, threshold_at
from heedful.language.heads.blocks import Passage
from heedful.language.heads.folds import auc
from heedful.language.heads.risk import kind_rates, learn_risk

RISK = ["I can't go on, I want to end my life", "I tried to kill myself and I still want to die", "I hate myself and I want it to end"]
COMFORT = ["you deserve help, please hang in there", "I hope you stay, you are not alone", "talk to your doctor, you can do it"]
OTHER = ["my desk is full of tea", "the rain is heavy and the train is late", "I walk to work with my friend"]


def test_alerts_rank_and_keep_the_volume() -> None:
    posts = Passage(pl.Series((RISK + COMFORT + OTHER) * 12))
    at_risk = np.array([True] * 3 + [False] * 6).repeat(1)
    flags = np.tile(at_risk, 12)
    comforting = np.tile([False] * 3 + [True] * 3 + [False] * 3, 12)
    alerts = learn_alerts(posts, flags, comforting)
    new = alerts.scores(Passage(pl.Series(["I want to die", "I hope you feel better", "tea and rain"])))
    assert new[0] > max(new[1], new[2])
    background = np.arange(1000.0)
    assert (background > threshold_at(background, 0.01)).mean() == 0.01


def test_risk_is_told_from_rates() -> None:
    posts, person = pl.Series((RISK + COMFORT) * 10), np.arange(60) // 3
    rates = kind_rates(posts, person, 20)
    truth = np.tile([True, False], 10)
    assert auc(truth, learn_risk(rates, truth).scores(rates)) > 0.95
    assert kind_rates(pl.Series([], dtype=pl.String), np.zeros(0, int), 2).tolist() == np.zeros((2, 10)).tolist()
