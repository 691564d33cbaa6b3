"""Levels by signal and place, what an analyst's day holds, what chance alone raises, what verdicts advise."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.population.false_discovery import hierarchical_q
from heedful.population.thresholds import DAYS_A_YEAR, Override, Thresholds, advice, chance, ranked, site_chance, with_levels


def test_the_last_override_that_fits_wins_and_none_leaves_the_sites() -> None:
    levels = Thresholds(
        0.001, 0.05, 0, (Override("flu*", q_limit=0.2), Override("*", "US", minimum_count=9), Override("flu", "US/NY", 0.01, 0.3))
    )
    rows = pl.DataFrame({"signal": ["flu", "flu", "cough", "flu"], "place": ["US/NY/1", "US", "US", "USX"]})
    assert with_levels(rows, levels).select("alpha", "q_limit", "minimum_count").rows() == [
        (0.01, 0.3, 9.0), (0.001, 0.2, 9.0), (0.001, 0.05, 9.0), (0.001, 0.2, 0.0)
    ]  # fmt: skip


def test_an_analysts_day_lowers_the_level_and_keeps_what_is_held_back() -> None:
    alerts = pl.DataFrame({
        "day": [date(2026, 1, 5)] * 4 + [date(2026, 1, 6)], "q": [0.03, 0.001, 0.02, 0.001, 0.04], "p": [1e-3, 1e-6, 1e-4, 1e-7, 1e-3],
        "observed": 9.0, "bound": 5.0, "signal": list("abcde"), "place": "US",
    })  # fmt: skip
    found = ranked(alerts, 2).sort("signal")
    assert found["rank"].to_list() == [4, 2, 3, 1, 1]
    assert found["held_back"].to_list() == [True, False, True, False, False]
    assert found["level"].to_list() == [0.001] * 4 + [0.04]
    assert not ranked(alerts, 0)["held_back"].any()


def test_chance_alarms_a_year_are_what_a_year_of_chance_raises() -> None:
    rng = np.random.default_rng(8)
    days, strands, tests = 4_000, 20, 3
    p = rng.random((days, strands, tests))
    day, strand, _ = np.indices(p.shape)
    rows = pl.DataFrame({"day": day.ravel(), "strand": strand.ravel(), "p": p.ravel(), "tests": tests, "strands": strands, "q_limit": 0.2})
    rows = hierarchical_q(rows)
    expected = float(np.mean(chance(rows, DAYS_A_YEAR).to_numpy()))
    found = rows.select((pl.col("q") <= 0.2).mean()).item() * DAYS_A_YEAR
    assert expected == pytest.approx(found, rel=0.12)
    alarms = rows.select(
        day=pl.lit(date(1970, 1, 1)) + pl.duration(days="day"), detector=pl.lit("ears.c1"), signal="strand", p="p", alarm=pl.col("q") <= 0.2
    )
    signals = alarms.filter("alarm").select("day", "signal").unique().height * DAYS_A_YEAR / days
    assert site_chance(alarms, 0.2) == pytest.approx(signals, rel=0.12)


def test_weekly_series_are_tested_52_times_a_year() -> None:
    weeks = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(30)]
    quiet = pl.DataFrame({"day": weeks, "detector": "ears.c1@office", "signal": "flu", "p": 0.5, "alarm": False})
    assert site_chance(quiet, 0.05) == pytest.approx(0.05 * 52.2, rel=0.01)


def test_advice_counts_verdicts_with_an_interval_and_names_the_level_that_keeps_the_verified() -> None:
    rows = pl.DataFrame({
        "signal": ["a"] * 8 + ["b"] * 2, "detectors": ["ears.c1, ears.c2"] * 5 + ["ears.c1"] * 5,
        "q": [0.001, 0.004, 0.01, 0.02, 0.03, 0.04, 0.045, 0.002, 0.01, 0.02],
        "verified": [True, True, True, False, False, False, False, False, False, False],
    })  # fmt: skip
    found = advice(rows)
    row = found.row(0, named=True)
    assert (row["name"], row["verified"], row["dismissed"], row["level"], row["spared"]) == ("all", 3, 7, 0.01, 5)
    # Jeffreys interval of 3 in 10: R, binom::binom.bayes(3, 10, type = "central"), 0.0927 to 0.6058
    assert (row["low"], row["high"]) == (pytest.approx(0.0927, abs=1e-3), pytest.approx(0.6058, abs=1e-3))
    assert found.filter(by="signal", name="b").row(0, named=True)["level"] is None
    assert found.filter(by="detector", name="ears.c2").row(0, named=True)["verified"] == 3
    assert advice(rows.clear()).is_empty()
