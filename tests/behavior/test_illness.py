"""The joint score of nights: forward only, honest about missing nights, and as often wrong as was asked for."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.behavior.illness import IllnessSettings, illness_nights
from heedful.behavior.illness_signal import illness_signal
from heedful.core.errors import SettingsError
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, Features
from heedful.core.seals import seal

SHIFT, FLOOR = np.array([2.0, 1.5]), np.array([0.5, 0.1])
FIRST = date(2026, 1, 5)


def test_a_night_is_judged_from_the_nights_before_it_only() -> None:
    rng = np.random.default_rng(0)
    value = rng.normal(size=(80, 2))
    value[rng.random((80, 2)) < 0.15] = np.nan
    held = rng.random(80) < 0.05
    whole = illness_nights(np.arange(80), value, SHIFT, FLOOR, held=held)
    for until in (20, 41, 63):
        part = illness_nights(np.arange(until), value[:until], SHIFT, FLOOR, held=held[:until])
        for name in ("expected", "part", "score", "pair", "threshold", "used", "level"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[:until], equal_nan=True)


def test_one_high_night_is_no_alarm_and_a_missing_one_between_two_does_not_hide_them() -> None:
    rng = np.random.default_rng(1)
    value = rng.normal(60, 1, (60, 1))
    day = np.arange(60)
    value[50] += 10
    assert (illness_nights(day, value, SHIFT[:1], FLOOR[:1]).level[45:] < 1).all()
    value[52] += 10
    value[51] = np.nan
    found = illness_nights(day, value, SHIFT[:1], FLOOR[:1])
    assert found.level[52] >= 1
    assert found.level[51] == -1
    assert illness_nights(day, value, SHIFT[:1], FLOOR[:1], held=day == 50).level[52] == 0


def test_alarms_in_noise_come_no_oftener_than_was_asked_for() -> None:
    alarms = months = 0.0
    for seed in range(12):
        value = np.random.default_rng(seed).normal(size=(150, 2))
        level = illness_nights(np.arange(150), value, SHIFT, FLOOR, settings=IllnessSettings(often=0.5)).level
        last = -7
        for day in np.flatnonzero(level >= 1):
            if day >= 35 and day - last >= 7:
                alarms, last = alarms + 1, day
        months += 115 / 30
    assert 0 < alarms / months <= 0.5


def test_a_threshold_lies_halfway_between_the_common_height_and_this_persons_own() -> None:
    value = np.random.default_rng(3).normal(size=(40, 2))
    low, high = (
        illness_nights(np.arange(40), value, SHIFT, FLOOR, settings=IllnessSettings(common=common, common_high=common + 1))
        for common in (1.8, 3.0)
    )
    first = np.flatnonzero(np.isfinite(low.threshold))[0]
    assert high.threshold[first] - low.threshold[first] == pytest.approx(0.6)
    assert high.high[first] - low.high[first] == pytest.approx(0.6)
    # a person whose nights vary in heavy tails is told of fewer of them than the common height alone would tell
    rough = np.random.default_rng(4).standard_t(2, size=(120, 1)) * 2
    calm = np.random.default_rng(4).normal(size=(120, 1))
    settings = IllnessSettings(often=0.5)
    heights = [illness_nights(np.arange(120), one, SHIFT[:1], FLOOR[:1], settings=settings).threshold[-1] for one in (rough, calm)]
    assert heights[0] > heights[1]


def test_settings_and_shapes_are_checked() -> None:
    with pytest.raises(SettingsError, match="seldom"):
        IllnessSettings(seldom=2.0, often=1.0)
    with pytest.raises(SettingsError, match="common heights"):
        IllnessSettings(common=3.0, common_high=2.0)
    with pytest.raises(SettingsError, match="in order"):
        illness_nights(np.array([1, 1]), np.zeros((2, 2)), SHIFT, FLOOR)
    with pytest.raises(SettingsError, match="features"):
        illness_nights(np.arange(2), np.zeros((2, 1)), SHIFT, FLOOR)


def _features(rate: np.ndarray, sleep: np.ndarray, coverage: np.ndarray) -> pl.DataFrame:
    rows = [
        ("a", FIRST + timedelta(days=n), name, float(value[n]), "1", float(share[n]), "")
        for name, value, share in (
            ("resting_heart_rate[nightsignal]", rate, coverage), ("sleep_minutes[stages]", sleep, np.ones(len(sleep))),
        )
        for n in range(len(rate))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=Features.dtypes(), orient="row")


def test_findings_name_what_makes_them_their_threshold_and_their_false_alarms() -> None:
    rng = np.random.default_rng(5)
    rate, sleep, coverage = rng.normal(60, 1, 60), rng.normal(430, 30, 60), np.ones(60)
    rate[50:53] += 9
    # a watch taken off for most of a night makes sleep look long or short, and says nothing
    sleep[[40, 41]], coverage[[40, 41]] = 1400.0, 0.2
    none = seal(Annotations.empty(), Consented[Care], Annotations)
    out = illness_signal(seal(_features(rate, sleep, coverage), Consented[Care], Features), none).data
    assert out.filter(pl.col("day").is_in([FIRST + timedelta(days=40), FIRST + timedelta(days=41)]))["level"].max() < 1
    alert = out.filter(pl.col("day") == FIRST + timedelta(days=51)).row(0, named=True)
    assert alert["level"] == 2
    assert "resting heart rate 6" in alert["why"]
    assert "this person's threshold" in alert["why"]
    assert "earlier judged days" in alert["why"]
    assert alert["false_alarm_low"] <= alert["false_alarm_rate"] <= alert["false_alarm_high"]
    note = pl.DataFrame([("a", FIRST + timedelta(days=50), "vaccination", "records")], schema=Annotations.dtypes(), orient="row")
    noted = illness_signal(seal(_features(rate, sleep, coverage), Consented[Care], Features), seal(note, Consented[Care], Annotations)).data
    held = noted.filter(pl.col("day") == FIRST + timedelta(days=51)).row(0, named=True)
    assert held["level"] >= 1
    assert "expected after a vaccination" in held["why"]
