"""Lead time: seasons counted by hand, and on the inputs of R's `argo`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from heedful.core.errors import SettingsError
from heedful.population.early_warning import early_warning
from heedful.population.lead_time import lead_time


def test_the_interval_is_students_over_seasons_and_none_is_averaged_away() -> None:
    official = np.tile([1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 1.0], 5)
    official[28:] = 1.0  # the last season never begins
    nowcast = official.copy()
    nowcast[2:4] = 3.0  # two weeks early
    nowcast[7 + 4] = 1.0  # the second season: one high week alone is none
    nowcast[7 + 5] = 3.0
    nowcast[30:33] = 3.0  # made up
    found = lead_time(nowcast, official, np.repeat(np.arange(5), 7), 2.0, delay=1)
    assert found.weeks.tolist() == [3.0, 1.0, 1.0]
    low, high = t.interval(0.95, 2, loc=found.weeks.mean(), scale=found.weeks.std(ddof=1) / 3**0.5)
    assert (found.mean, found.low, found.high) == pytest.approx((5 / 3, low, high))
    assert (found.missed, found.false) == (1, 1)


def test_one_season_has_no_interval_and_none_no_mean() -> None:
    assert np.isnan(lead_time(np.array([3.0, 3.0]), np.array([3.0, 3.0]), np.zeros(2, np.int64), 2.0).low)
    assert np.isnan(lead_time(np.ones(3), np.ones(3), np.zeros(3, np.int64), 2.0).mean)
    assert len(lead_time(np.array([3.0, np.nan, 3.0]), np.array([3.0, np.nan, 3.0]), np.zeros(3, np.int64), 2.0).weeks) == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SettingsError, match="the same weeks"):
        lead_time(np.ones(3), np.ones(2), np.zeros(3, np.int64), 2.0)
    with pytest.raises(SettingsError, match="cannot be"):
        lead_time(np.ones(3), np.ones(3), np.zeros(3, np.int64), 2.0, delay=-1)


def test_seasons_of_argos_inputs_are_told_of_before_the_official_figure(shared_data: Path) -> None:
    folder = shared_data / "surveillance"
    if not (folder / "argo_search_gc10.csv.gz").exists():
        pytest.skip("the inputs of R's argo are not here")
    official = pl.read_csv(folder / "argo_cdc_gft.csv.gz", try_parse_dates=True)
    both = official.join(pl.read_csv(folder / "argo_search_gc10.csv.gz", try_parse_dates=True), on="week_ending").sort("week_ending")
    share = both["cdc_weighted_ili_percent"].cast(pl.Float64).to_numpy()
    phrases = both.select(pl.exclude(*official.columns)).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    told = early_warning(share, phrases)
    seasons = both.select(pl.col("week_ending").dt.offset_by("-7mo").dt.year().cast(pl.Int64)).to_series().to_numpy()
    asked = ~np.isnan(told.estimate)
    for threshold, mean, low, high in ((2.0, 0.80, 0.35, 1.25), (2.3, 0.56, -0.22, 1.33), (2.5, 0.78, 0.44, 1.12)):  # docs/population.md
        found = lead_time(told.estimate[asked], share[asked], seasons[asked], threshold)
        assert (found.missed, found.false) == (0, 0)
        assert (found.mean, found.low, found.high) == pytest.approx((mean, low, high), abs=0.01)
