"""The cosinor by the program's own steps, also where they lead astray. Numbers of pyActigraphy 1.2.2 (lmfit 1.3.2, scipy 1.11)."""

from __future__ import annotations

import numpy as np
import pytest

from heedful.behavior.actigraphy.cosinor import cosinor
from heedful.behavior.actigraphy.cosinor_bounded import bounded_cosinor
from heedful.behavior.actigraphy.recordings import RecordingError, recordings

EPOCH = np.arange(432)
EVEN = np.asarray(np.round(200 * np.maximum(0, np.sin(2 * np.pi * EPOCH / 144))) + EPOCH * 7919 % 31, np.float64)
PEAKED = np.asarray(np.round(900 * np.maximum(0, np.sin(2 * np.pi * (EPOCH + 60) / 144)) ** 3) + EPOCH * 7919 % 31, np.float64)


@pytest.mark.parametrize(
    ("counts", "period", "free", "amplitude", "acrophase", "fitted", "mesor", "rss"),
    [
        (EVEN, 144.0, False, 99.9774214386081, 4.712859428975087, 144.0, 78.66203703701633, 443683.9411421334),
        (EVEN, 150.0, True, 100.03309303470027, 4.703049511137567, 143.8446753065691, 78.66430326131054, 443608.713777673),
        (PEAKED, 139.0, False, 327.2441021162619, 0.6956213659666922, 139.0, 200.14608628423568, 16171045.754590157),
        (PEAKED, 144.0, True, 337.74138960458845, 1.2134183291839122, 146.5410394368274, 209.11773424601526, 14127051.12465386),
    ],
)
def test_equals_pyactigraphy(
    counts: np.ndarray, period: float, free: bool, amplitude: float, acrophase: float, fitted: float, mesor: float, rss: float
) -> None:
    found = bounded_cosinor(counts, period, free=free)
    assert (found.amplitude, found.acrophase, found.period, found.mesor, found.rss) == pytest.approx(
        (amplitude, acrophase, fitted, mesor, rss), rel=1e-4, abs=1e-6
    )


@pytest.mark.parametrize(("period", "fitted"), [(139.0, 113.46501861466434), (150.0, 178.38778213836727)])
def test_it_may_come_to_rest_where_there_is_no_wave_and_the_cosinor_of_our_own_does_not(period: float, fitted: float) -> None:
    stuck = bounded_cosinor(PEAKED, period, free=True)
    assert stuck.amplitude == pytest.approx(0, abs=1e-5)
    assert stuck.period == pytest.approx(fitted, rel=1e-4)
    ours = cosinor(recordings([PEAKED], [np.datetime64("2020-01-01")], 600), period, free=True)
    assert ours.rss[0] == pytest.approx(14127051.12465386)


def test_a_missing_count_keeps_its_place() -> None:
    counts = 100 + 60 * np.cos(2 * np.pi * EPOCH / 144 + 1)
    counts[50:90] = np.nan
    found = bounded_cosinor(counts, 144, free=False)
    assert (found.mesor, found.amplitude, found.acrophase) == pytest.approx((100, 60, 1), rel=1e-6)


def test_too_few_counts() -> None:
    with pytest.raises(RecordingError, match="at least 4"):
        bounded_cosinor(np.array([1.0, np.nan, 2.0, 3.0]), 144, free=False)
