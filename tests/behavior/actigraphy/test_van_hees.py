"""Van Hees: angles by trigonometry, stillness beside a plain twin on random angles, and a night that is known."""

from __future__ import annotations

import itertools

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
    """GGIR's HASIB, one change after the other, in places from 0; an angle that is not known changes on both sides."""
    changes = [i for i in range(len(angle) - 1) if not abs(angle[i + 1] - angle[i]) <= 5]
    far = [(one, other) for one, other in itertools.pairwise(changes) if other - one > 60]
    otherwise = int(len(changes) < 10)
    state = [int(any(one <= i <= other for one, other in far)) if far else otherwise for i in range(len(angle))]
    return [-1 if np.isnan(value) else one for value, one in zip(angle, state, strict=True)]


@given(st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0.0, 4.0, 40.0, float("nan")])), max_size=16))
def test_stillness_is_the_plain_twins(parts: list[tuple[int, float]]) -> None:
    angle = np.concatenate([np.full(count, value) for count, value in parts]) if parts else np.empty(0)
    assert sustained_inactivity(angle).tolist() == plain(angle.tolist())


def chance(seed: int, count: int) -> np.ndarray:
    """Numbers between 0 and 1 by a formula, so that R and Python can be asked about the same nights for ever."""
    return np.abs(np.modf(np.sin((np.arange(count) + 1) * 12.9898 + seed * 78.233) * 43758.5453)[0])


def made_night(seed: int) -> np.ndarray:
    pieces = []
    for n, (hours, noise) in enumerate(zip(chance(seed, 12) * 4, chance(seed + 50, 12), strict=True)):
        count = int(hours * 720)
        if noise < 0.45:
            pieces.append(-80 + 160 * chance(seed + 100 + n, count))
        else:
            turn = chance(seed + 200 + n, count) < 1 / 150
            pieces.append((np.cumsum(np.where(turn, 37.0, 0.0)) % 120 - 60) + noise * 0.2 * (chance(seed + 300 + n, count) - 0.5))
    return np.round(np.concatenate(pieces)[:17_280], 3)


GGIR = (
    (5_501, 15_303, 0.5, 11_096), (1, 6_886, 0.41999999999998, 9_186), (3_715, 12_207, 0.5, 8_071), (11_119, 15_073, 0.405000000000015, 4_664),
    (3_005, 10_152, 0.495000000000019, 8_110), (1, 5_409, 0.464999999999982, 6_933),
)  # fmt: skip
"""What GGIR's HASPT (HDCZA: SPTE_start, SPTE_end, tib.threshold) and HASIB (vanHees2015, 5 degrees, 5 minutes: how many epochs are 1) say of
these nights, run in R 4.2.2 with zoo 1.8-11 from the source of its commits 0052903 and 11ac794."""


@pytest.mark.parametrize("seed", range(6))
def test_nights_and_stillness_are_ggirs(seed: int) -> None:
    angle = made_night(seed)
    found = sleep_period(angle)
    assert (found.begin, found.end, pytest.approx(found.threshold, abs=1e-12), int(sustained_inactivity(angle).sum())) == GGIR[seed]


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
