"""Onset and offset of known nights: by hand, and the same nights that `nightly_sleep` says."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.main_sleeps import main_sleeps
from heedful.behavior.sleep import nightly_sleep
from heedful.core.labels import Care, Consented
from heedful.core.schemas import LiveHours, Observations
from heedful.core.seals import seal


def _alive(rows: SimpleNamespace, bits: list[int]) -> pl.DataFrame:
    days = [rows.monday.date() + dt.timedelta(days=day) for day in range(len(bits))]
    return pl.DataFrame({"person": ["a"] * len(bits), "day": days, "alive": bits}, schema=LiveHours.dtypes())


def _both(rows: SimpleNamespace, made: list[dict[str, Any]], bits: list[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    frames = seal(rows.table(made), Consented[Care], Observations), seal(_alive(rows, bits), Consented[Care], LiveHours)
    return main_sleeps(*frames).data, nightly_sleep(*frames).data


def test_a_row_a_known_night(rows: SimpleNamespace) -> None:
    """From 23:00 to 6:30; in bed only; an hour before the watch came off."""
    made = [
        rows.observed("sleep_stage", rows.monday - dt.timedelta(hours=1), 450, "light"),
        rows.observed("sleep_stage", rows.monday + dt.timedelta(days=1), 400, "in_bed"),
        rows.observed("sleep_stage", rows.monday + dt.timedelta(days=2), 60, "light"),
    ]
    whole = 2**24 - 1
    sleeps, _ = _both(rows, made, [whole, whole, whole - 0b11111110])
    assert sleeps.rows() == [("a", rows.monday.date(), -60.0, 390.0)]
    worn, _ = _both(rows, made, [whole] * 3)
    assert worn["offset"].to_list() == [390.0, 60.0]


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_it_holds_the_nights_that_the_features_tell(rows: SimpleNamespace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = [
        rows.observed("sleep_stage", rows.monday + dt.timedelta(days=day, minutes=int(rng.integers(-200, 300))), int(rng.integers(20, 500)), stage)
        for day in range(10) for stage in ("light", "in_bed", "awake") if rng.random() < 0.6
    ]  # fmt: skip
    sleeps, features = _both(rows, made, rng.integers(0, 2**24, 10).tolist())
    for name, short in (("sleep_onset", "onset"), ("sleep_offset", "offset")):
        told = features.filter((pl.col("feature") == name) & (pl.col("missing") == "")).sort("person", "day")
        assert told.select("person", "day", "value").rows() == sleeps.select("person", "day", short).rows()
