from __future__ import annotations

import polars as pl

from heedful.simulate.official import official_series
from heedful.simulate.town import build


def test_weeks_begin_on_mondays_come_late_and_grow_with_each_revision() -> None:
    town = build(7)
    series = official_series(town)
    assert set(series["date"].dt.weekday()) == {1}
    assert (series["issue_date"] - series["date"]).dt.total_days().min() == 13
    recent = series.filter(pl.col("date") >= town.size.first_day)
    by_issue = recent.sort("issue_date").group_by("place", "date", maintain_order=True).agg("value")
    assert set(by_issue["value"].list.len()) == {4}
    first, last = by_issue["value"].list.first().sum(), by_issue["value"].list.last().sum()
    assert 0.57 < first / last < 0.67
    assert series.select(pl.struct("place", "date", "issue_date").is_unique().all()).item()


def test_an_outbreak_shows_in_its_own_state() -> None:
    town = build(7)
    final = official_series(town).sort("issue_date").group_by("place", "date").agg(pl.col("value").last())
    wave = town.outbreaks[0]
    inside = pl.col("date").is_between(wave.first_day, wave.last_day)
    ratios = {}
    for state in ("US/NY", "US/OR"):
        mine = final.filter((pl.col("place") == state) & (pl.col("date") >= town.size.first_day))
        ratios[state] = mine.filter(inside)["value"].mean() / mine.filter(pl.col("date") < wave.first_day)["value"].mean()
    assert ratios["US/NY"] > 1.6
    assert ratios["US/OR"] < 1.2
