"""The arm's angle as it is read: equal to the whole recording's however it arrives, never over a gap, and a night from file to features."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.behavior.actigraphy.van_hees import arm_angle, sleep_period
from heedful.behavior.arm_angle_daily import arm_angle_sleep
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Observations
from heedful.core.seals import seal
from heedful.sources.wearables.actigraphy.acceleration import Stretch
from heedful.sources.wearables.actigraphy.angles import Angles

START = 1_709_250_000_000_000


@settings(deadline=None, max_examples=20)
@given(
    rate=st.sampled_from([12.5, 30.0, 85.7]), seconds=st.integers(1, 1_500), pieces=st.integers(1, 9), seed=st.integers(0, 2**32),
    gap=st.sampled_from([0, 700_000, 12_000_000, -90_000_000]),
)  # fmt: skip
def test_angles_do_not_depend_on_how_samples_arrive(rate: float, seconds: int, pieces: int, seed: int, gap: int) -> None:
    chance = np.random.default_rng(seed)
    count = int(rate * seconds) + 1
    at = START + (np.arange(count) * 1e6 / rate).astype(np.int64)
    at[count // 2 :] += gap
    axes = chance.normal(size=(count, 3))
    once, often = Angles(rate), Angles(rate)
    whole = pl.concat([once.add(Stretch(1, at, axes)), once.rest()])
    parts = [often.add(Stretch(1, at[part], axes[part])) for part in np.array_split(np.arange(count), pieces) if len(part)]
    assert pl.concat([*parts, often.rest()]).equals(whole)
    assert whole["samples"].sum() == count


def test_angles_are_the_functions() -> None:
    axes = np.random.default_rng(1).normal(size=(3_000, 3))
    angles = Angles(10.0)
    found = pl.concat([angles.add(Stretch(1, np.arange(3_000) * 100_000, axes)), angles.rest()])
    assert found["arm_angle"].to_numpy() == pytest.approx(arm_angle(axes, 10.0), abs=1e-9)


def test_no_median_looks_over_a_gap() -> None:
    """Before the gap the arm hangs, after it it lies: no epoch is between the two."""
    axes = np.concatenate([np.tile([0.0, 0.0, 1.0], (500, 1)), np.tile([1.0, 0.0, 0.0], (500, 1))])
    at = np.concatenate([np.arange(500), np.arange(500) + 520]) * 100_000
    angles = Angles(10.0)
    found = pl.concat([angles.add(Stretch(1, at, axes)), angles.rest()])
    assert set(found["arm_angle"].round(9)) == {0.0, 90.0}


def test_a_night_from_a_file_to_its_features(tmp_path: Path, read: Callable[..., Any]) -> None:
    """A GT3X of 24 hours at one sample a second, noon to noon, written here: the features are those of its angles."""
    chance = np.random.default_rng(8)
    angle = chance.uniform(-80, 80, 17_280)
    asleep = slice(11 * 720, 18 * 720)
    angle[asleep] = np.cumsum(np.where(chance.random(7 * 720) < 1 / 150, 40.0, 0.0)) % 150 - 75
    turned = np.radians(np.repeat(angle, 5))
    raw = np.rint(np.stack([np.cos(turned), np.zeros(len(turned)), np.sin(turned)], axis=1) * 256).astype("<i2")
    noon = 1_709_294_400  # 2024-03-01 12:00 by the device's clock
    log = []
    for n in range(len(raw)):
        record = bytes([0x1E, 0x1A]) + (noon + n).to_bytes(4, "little") + (12).to_bytes(2, "little") + raw[n].tobytes() * 2
        log.append(record + bytes([~reduce(xor, record) & 0xFF]))
    path = tmp_path / "night.gt3x"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("info.txt", "Sample Rate: 2\nStart Date: 638448480000000000\nTimeZone: 01:00:00\nAcceleration Scale: 256.0\n")
        archive.writestr("log.bin", b"".join(log))
    found = read("wearables.accelerometer", path, subject="a")["observations"]
    angles = found.filter(pl.col("code") == "arm_angle")
    assert angles.height == 17_280
    out = arm_angle_sleep(seal(found, Consented[Care], Observations)).data.filter(pl.col("day").cast(pl.String) == "2024-03-02")
    values = dict(out.select("feature", "value").rows())
    period = sleep_period(angles.sort("start_at")["value"].to_numpy())
    assert values["sleep_period_minutes[van_hees]"] == pytest.approx((period.end - period.begin) / 12)
    assert values["sleep_onset[van_hees]"] == pytest.approx(-60, abs=6)
    assert values["sleep_offset[van_hees]"] == pytest.approx(360, abs=6)
