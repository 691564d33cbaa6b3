"""A lake that keeps rows in memory answers as one that was just opened, whatever came, changed and went."""

from __future__ import annotations

import random
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws.base_rows import FIRST, PEOPLE, random_rows

from heedful.core.schemas import Features, Observations
from heedful.store import warm
from heedful.store.lake import Lake

DAYS = 4


def some_keys(rng: random.Random) -> pl.DataFrame:
    pairs = {(rng.choice(PEOPLE), FIRST + timedelta(days=rng.randrange(DAYS))) for _ in range(rng.randint(1, 6))}
    keys = pl.DataFrame(sorted(pairs), schema={"person": pl.String, "day": pl.Date}, orient="row")
    return keys if rng.random() < 0.8 else keys.select("day").unique()


def near(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("day") < FIRST + timedelta(days=DAYS))


def span(keys: pl.DataFrame) -> tuple[date, date]:
    return keys["day"].min(), keys["day"].max()  # type: ignore[return-value]


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
def test_base_rows(seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        with lake.writer_lock():
            for batch in range(1, 9):
                act = rng.random()
                if act < 0.8:
                    lake.append(Observations, near(random_rows(Observations, rng, 25)), batch)
                elif act < 0.9:
                    lake.delete(Observations, pl.DataFrame({"person": [rng.choice(PEOPLE)]}))
                else:
                    lake.compact("observations")
                for _ in range(2):
                    keys = some_keys(rng)
                    got = lake.read(Observations, keys, span(keys)).sort(list(Observations.columns))
                    want = Lake(Path(folder)).read(Observations, keys, span(keys)).sort(list(Observations.columns))
                    assert got.equals(want)


def features(rng: random.Random) -> pl.DataFrame:
    rows = {
        (rng.choice(PEOPLE), FIRST + timedelta(days=rng.randrange(60)), rng.choice("fg")): float(rng.randrange(9)) for _ in range(rng.randint(0, 12))
    }  # fmt: skip
    return Features.check(
        pl.DataFrame(
            [(*key, value, "1", 1.0, "") for key, value in rows.items()],
            schema=dict(zip(Features.columns, Features.dtypes().values(), strict=True)), orient="row",
        )
    )  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
def test_derived_rows_staged_settled_and_kept(seed: int) -> None:
    """Rows are replaced by key as in a dictionary; this process sees what is staged, others what is settled."""
    rng = random.Random(seed)
    key = list(Features.key)
    with tempfile.TemporaryDirectory() as folder:
        lake, want, settled = Lake(Path(folder)), Features.empty(), Features.empty()
        for batch in range(1, 9):
            added = features(rng)
            removed = want.join(added, on=key, how="semi")
            removed = pl.concat([removed, want.join(removed, on=key, how="anti").filter(pl.col("value") < rng.randrange(4))])
            lake.stage("features/f", Features, removed, added)
            want = pl.concat([want.join(removed, on=key, how="anti"), added])
            assert lake.read_derived("features/f", Features, None).sort(key).equals(want.sort(key))
            wanted = want.select("person", "day").sample(fraction=0.3, seed=batch).unique()
            got = lake.read_derived("features/f", Features, wanted).sort(key)
            assert got.equals(want.join(wanted, on=["person", "day"], how="semi").sort(key))
            if rng.random() < 0.5:
                lake.settle("features/f", batch)
                settled = want
                if rng.random() < 0.3:
                    lake.compact("features/f")
            assert Lake(Path(folder)).read_derived("features/f", Features, None).sort(key).equals(settled.sort(key))


def test_who_changes_today_again_and_again_writes_no_older_days(tmp_path: Path) -> None:
    lake, today, name = Lake(tmp_path), FIRST + timedelta(days=9), "features/f"
    rows = Features.check(
        pl.DataFrame([
            {"person": "ana", "day": FIRST + timedelta(days=n), "feature": "f", "value": 0.0, "unit": "1", "coverage": 1.0, "missing": ""}
            for n in range(10)
        ])
    )  # fmt: skip
    lake.replace(name, Features, Features.empty(), rows, 1)
    keys = rows.select("person", "day")
    sizes = []
    with lake.writer_lock():
        for minute in range(2, 7):
            old = lake.read_derived(name, Features, keys).filter(pl.col("day") == today)
            lake.replace(name, Features, old, old.with_columns(value=pl.lit(float(minute))), minute)
            sizes.append(sorted(file.rows for file in lake._log(name).files.values()))  # type: ignore[union-attr]
    assert sizes[-3:] == [[1, 9]] * 3
    found = Lake(tmp_path).read_derived(name, Features, None).sort("day")
    assert found["value"].to_list() == [0.0] * 9 + [6.0]


def test_days_that_are_asked_for_again_are_read_once(tmp_path: Path) -> None:
    loads = []
    kept = warm.WarmDays(lambda schema, day: loads.append(day) or schema.empty())  # type: ignore[func-returns-value]
    keys = pl.DataFrame({"person": ["ana"], "day": [FIRST]})
    assert kept.rows(Observations, keys) is None
    for _ in range(3):
        assert kept.rows(Observations, keys) is not None
    assert loads == [FIRST]
    many = pl.DataFrame({"day": [FIRST + timedelta(days=n) for n in range(warm.MOST_DAYS + 1)]})
    assert kept.rows(Observations, many) is None
