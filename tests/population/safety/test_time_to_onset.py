"""Time to onset against SciPy, group by group."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import weibull_min

from heedful.core.errors import SettingsError
from heedful.population.safety.time_to_onset import time_to_onset


def test_every_group_has_scipys_shape_scale_and_quartiles() -> None:
    rng = np.random.default_rng(11)
    groups = [rng.weibull(shape, size) * scale for shape, size, scale in ((0.5, 40, 10), (1.0, 200, 3), (2.5, 12, 90))]
    days = np.concatenate(groups)
    number = np.repeat([2, 0, 1], [len(part) for part in groups])
    shuffle = rng.permutation(len(days))
    found = time_to_onset(number[shuffle], days[shuffle], 3)
    for place, part in zip((2, 0, 1), groups, strict=True):
        shape, _, scale = weibull_min.fit(part, floc=0)
        assert found.shape[place] == pytest.approx(shape, rel=2e-3)
        assert found.scale[place] == pytest.approx(scale, rel=2e-3)
        quartiles = np.percentile(part, [25, 50, 75])
        assert [found.first_quartile[place], found.median[place], found.third_quartile[place]] == pytest.approx(quartiles)
        assert found.low[place] < found.shape[place] < found.high[place]


def test_the_interval_of_the_shape_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(12)
    days = rng.weibull(0.7, (2000, 60)) * 5
    found = time_to_onset(np.repeat(np.arange(2000), 60), days.ravel(), 2000)
    assert 0.93 < ((found.low < 0.7) & (found.high > 0.7)).mean() < 0.97


def test_few_or_equal_days_have_no_shape_and_the_same_day_is_half_a_day() -> None:
    found = time_to_onset(np.array([0, 0, 1, 1, 1, 3, 3, 3]), [1.0, 2, 4, 4, 4, 0, 1, 3], 4)
    assert np.isnan(found.shape[:3]).all()
    assert found.count.tolist() == [2, 3, 0, 3]
    assert np.isnan(found.median[2])
    assert found.shape[3] == pytest.approx(time_to_onset(np.zeros(3, int), [0.5, 1, 3], 1).shape[0])
    with pytest.raises(SettingsError, match="before the treatment"):
        time_to_onset(np.array([0]), [-1.0], 1)
