"""Van Hees: angles by trigonometry, stillness beside a plain twin on random angles, and a night that is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.behavior.actigraphy.recordings import RecordingError
from heedful.behavior.actigraphy.van_hees import arm_angle, sleep_period, sustained_inactivity

HOUR = 720


@pytest.mark.parametrize("degrees", [-90.0, -30.0, 0.0, 45.0, 90.0])
@pytest.mark.parametrize("rate", [1.0, 30.0, 85.7])
def test_the_angle_of_an_arm_at_rest_and_how_many_epochs_there_are(degrees: float, rate: float) -> None:
    turned = np.radians(degrees)
    axes = np.tile([np.cos(turned) * 0.6, np.cos(turned) * 0.8, np.sin(turned)], (int(rate * 62), 1))
    found = arm_angle(axes, rate)
    assert found == pytest.approx(np.full(12, degrees), abs=1e-9)


def test_a_jolt_is_smoothed_and_a_missing_sample_takes_its_epoch() -> None:
    axes = np.tile([0.0, 0.0, 1.0], (300, 1))
    axes[100] = [9.0, 0.0, 0.0]
    axes[220] = np.nan
    found = arm_angle(axes, 10)
    assert found[:4] == pytest.approx(np.full(4, 90.0))
    assert np.isnan(found[4])
    assert found[5] == pytest.approx(90.0)


def plain(angle: list[float]) -> list[int]:
    """One epoch after the other."""
    state, begin = [0] * len(angle), 0
    for i in range(len(angle) + 1):
        if i == len(angle) or (i > begin and not abs(angle[i] - angle[i - 1]) <= 5):
            known = sum(np.isfinite(angle[begin:i]))
            for k in range(begin, i):
                state[k] = -1 if np.isnan(angle[k]) else int(known >= 60)
            begin = i
    return state


@given(st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0.0, 4.0, 40.0, float("nan")])), max_size=12))
def test_stillness_is_the_plain_twins(parts: list[tuple[int, float]]) -> None:
    angle = np.concatenate([np.full(count, value) for count, value in parts]) if parts else np.empty(0)
    assert sustained_inactivity(angle).tolist() == plain(angle.tolist())


def test_a_night_is_found_over_a_short_break_and_not_over_a_long_one() -> None:
    rng = np.random.default_rng(4)

    def awake(hours: float) -> np.ndarray:
        return rng.normal(0, 25, int(hours * HOUR))

    def asleep(hours: float) -> np.ndarray:
        return 30 + np.repeat(rng.normal(0, 20, int(hours * 3) + 1), 240)[: int(hours * HOUR)] + rng.normal(0, 0.03, int(hours * HOUR))

    found = sleep_period(np.r_[awake(11), asleep(3), awake(0.7), asleep(4), awake(5.3)])
    assert (found.begin / HOUR, found.end / HOUR) == (pytest.approx(11, abs=0.1), pytest.approx(18.7, abs=0.1))
    parted = sleep_period(np.r_[awake(11), asleep(3), awake(1.5), asleep(4), awake(4.5)])
    assert (parted.begin / HOUR, parted.end / HOUR) == (pytest.approx(15.5, abs=0.1), pytest.approx(19.5, abs=0.1))
    assert 0.13 <= parted.threshold <= 0.5
    none = sleep_period(awake(20))
    assert (none.begin, none.end) == (-1, -1)


def test_bad_input_is_told() -> None:
    with pytest.raises(RecordingError, match="three axes"):
        arm_angle(np.zeros((5, 2)), 30)
    with pytest.raises(RecordingError, match="30 minutes"):
        sleep_period(np.full(1000, np.nan))
