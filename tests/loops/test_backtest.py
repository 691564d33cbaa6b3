"""`heedful backtest` on a site's own series and on simulated ones."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import NotFoundError
from heedful.core.schemas import Series
from heedful.loops import backtest as loop
from heedful.loops.backtest import backtest_simulated, backtest_site
from heedful.loops.settings import Settings
from heedful.loops.site import Site
from heedful.population.backtest import Plan

FIRST = date(2020, 1, 6)


def official(weeks: int, places: int, revised: bool, unit: str = "{count}") -> pl.DataFrame:
    """Weekly counts; if revised, each week is first issued at half its size a week later, and in full two weeks after that."""
    rng = np.random.default_rng(3)
    rows = []
    for place in range(places):
        for week, value in enumerate(rng.poisson(40, weeks)):
            day = FIRST + timedelta(weeks=week)
            issued = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(weeks=1)
            issues = (
                [(issued, value // 2), (issued + timedelta(weeks=2), value)] if revised else [(datetime(2026, 1, 1, tzinfo=UTC), value)]
            )
            rows += [("office", "flu", f"P{place}", "all", day, 7, float(number), None, unit, at, None) for at, number in issues]
    return Series.check(pl.DataFrame(rows, schema=list(Series.columns), orient="row", schema_overrides=Series.dtypes()))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(Settings(), tmp_path / "site")


def given(site: Site, rows: pl.DataFrame) -> Site:
    site.lake.append(Series, rows, 1)
    return site


def test_a_sites_own_series_are_judged_and_advice_is_given(site: Site) -> None:
    (judged,) = backtest_site(given(site, official(330, 4, revised=False)), Plan(replicas=2), seed=1)
    assert (judged.series, judged.tested_dates, judged.first) == (4, 52, "2020-01-06")
    assert judged.replayed.startswith("as known now")
    assert judged.result.recommended is not None
    assert "flexible Farrington" in {score.detector for score in judged.result.scores}


def test_a_series_with_earlier_issues_is_replayed_as_known_then(site: Site) -> None:
    (judged,) = backtest_site(given(site, official(80, 2, revised=True)), Plan(replicas=1, tested_rows=12), seed=1)
    assert judged.replayed == "as known then"


def test_what_was_known_then_holds_nothing_later() -> None:
    rows = official(30, 1, revised=True)
    keys = ["source", "signal", "place", "stratum"]
    newest = rows.sort("known_at").unique([*keys, "day"], keep="last", maintain_order=True)
    (data,) = loop.histories(newest, keys, 7)
    known = loop._as_known(rows, keys, data)
    assert known is not None
    then = known(20)[0]
    assert np.isnan(then[21:]).all()
    final = data.counts[0]
    assert then[:19].tolist() == final[:19].tolist()
    assert then[19:21].tolist() == (final[19:21] // 2).tolist()


def test_rates_and_few_cases_are_left_out_and_said(site: Site) -> None:
    with pytest.raises(NotFoundError, match="heedful run"):
        backtest_site(site, Plan(replicas=1), seed=1)
    given(site, pl.concat([official(60, 1, revised=False), official(60, 1, False, "%").with_columns(pl.lit("rate").alias("signal"))]))
    (judged,) = backtest_site(site, Plan(replicas=1), seed=1)
    assert judged.left_out == ["1 series of rates (outbreaks are put in as cases) were left out."]
    with pytest.raises(NotFoundError, match="no history"):
        backtest_site(site, Plan(replicas=1), seed=1, signal="measles")


def test_the_simulated_scenarios_are_all_judged_alike() -> None:
    judged = backtest_simulated(Plan(replicas=1), seed=2)
    assert judged.series == 42
    assert judged.tested_dates == 49
    assert all(score.coverage > 0.8 for score in judged.result.scores)


def test_the_command_prints_one_document(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "heedful.cli.main", "backtest", "--simulate", "--replicas", "1", "--json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (history,) = json.loads(run.stdout)["histories"]
    assert len(history["scenarios"]) == 42
    assert history["scores"][0].keys() >= {"detection", "timeliness", "false_alerts"}
    assert history["said"]
