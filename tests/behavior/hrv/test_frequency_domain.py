"""Spectra against plain sums, and powers of rhythms that are known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from heedful.behavior.hrv.frequency_domain import FrequencyDomain, frequency_domain, run_frequency_domain
from heedful.behavior.hrv.spectrum import lomb_density, lomb_frequencies, low_welch_density, welch_density
from heedful.behavior.hrv.summary import powers
from heedful.core.errors import SettingsError


def record(hertz: float, beats: int = 600, ms: float = 40.0) -> np.ndarray:
    return 800 + ms * np.sin(2 * np.pi * hertz * 0.8 * np.arange(beats))


@pytest.mark.parametrize(("hertz", "name"), [(0.02, "VLF"), (0.1, "LF"), (0.25, "HF"), (0.45, "VHF")])
@pytest.mark.parametrize("spectrum", ["welch", "lomb", "fft"])
def test_a_rhythm_lies_in_its_band(hertz: float, name: str, spectrum: str) -> None:
    found = frequency_domain(record(hertz), FrequencyDomain(spectrum))
    assert found[name] / found["TP"] > 0.8


def test_power_is_the_variance_of_the_rhythm() -> None:
    assert powers(record(0.1))["lf"] == pytest.approx(40**2 / 2, rel=0.1)


@pytest.mark.parametrize("even", [True, False])
def test_lomb_is_a_least_squares_fit(even: bool) -> None:
    random = np.random.default_rng(2)
    at = np.arange(80) * 0.7 if even else np.sort(random.uniform(0, 60, 80))
    values = 5 + np.sin(at) + random.normal(size=80)
    frequency = lomb_frequencies(float(at[-1] - at[0]), 0.05, 0.5)
    density = lomb_density(at, values, frequency)
    for n in range(0, len(frequency), 11):
        angle = 2 * np.pi * frequency[n] * at
        design = np.column_stack([np.ones(80), np.cos(angle), np.sin(angle)])
        fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
        explained = np.sum((values - values.mean()) ** 2) - np.sum((values - fitted) ** 2)
        assert density[n] == pytest.approx(explained / 2, rel=1e-8)


@pytest.mark.parametrize("fast_hertz", [0.3, 9.0])
def test_the_low_part_of_the_spectrum_is_that_of_the_whole(fast_hertz: float) -> None:
    random = np.random.default_rng(4)
    at = np.arange(3001) / 20
    values = np.sin(2 * np.pi * 0.1 * at) + 5 * np.sin(2 * np.pi * fast_hertz * at) + 0.1 * random.normal(size=len(at))
    segment = len(values) // 2
    frequency, density, highest = low_welch_density(values, 20, segment, 0.5)
    whole_frequency, whole = welch_density(values, 20, segment, 2 * segment)
    assert len(frequency) < len(whole_frequency)
    assert frequency == pytest.approx(whole_frequency[: len(frequency)])
    assert density == pytest.approx(whole[: len(density)], rel=1e-7, abs=1e-12 * whole.max())
    assert highest == pytest.approx(whole.max(), rel=1e-9)


def test_settings_that_are_not_offered() -> None:
    for wrong in ({"spectrum": "multitapers"}, {"interpolation": "wavelet"}, {"rate_hz": 0.5}):
        with pytest.raises(SettingsError):
            FrequencyDomain(**wrong)  # type: ignore[arg-type]
    with pytest.raises(SettingsError):
        powers(record(0.1), "burg")


def test_lomb_at_the_beats_needs_no_interpolation() -> None:
    found = frequency_domain(record(0.1), FrequencyDomain("lomb", None))
    assert found["LF"] / found["TP"] > 0.8
    with pytest.raises(SettingsError):
        FrequencyDomain("welch", None)
    for wrong in ("fast", True):
        with pytest.raises(SettingsError):
            run_frequency_domain({"interpolation_rate_hz": wrong}, {"rr": pl.DataFrame({"rr_ms": record(0.1)})})


def test_burg_as_neurokit2() -> None:
    """Numbers of neurokit2 0.2.13: hrv_frequency(intervals_to_peaks(rr), psd_method="burg"), with and without normalize."""
    rr = np.array([
        949, 982, 970, 932, 971, 1002, 935, 917, 968, 987, 944, 942, 997, 1003, 928, 943, 1003, 982, 923, 930, 999, 959, 921, 954, 989, 945,
        911, 943, 994, 942, 914, 961, 1001, 938, 931, 988, 1004, 930, 920, 968, 974, 928, 922, 979, 988, 938, 939, 992, 967, 902, 910, 976,
        977, 916, 952, 1012, 974, 935, 966, 1000,
    ], np.float64)  # fmt: skip
    found = frequency_domain(rr, FrequencyDomain("burg"))
    assert (found["LF"], found["HF"], found["VHF"]) == pytest.approx(
        (0.0009924408322056378, 0.038380787321734555, 0.00022881397896698448), rel=1e-5
    )
    assert np.isnan(found["ULF"])
    found = frequency_domain(rr, FrequencyDomain("burg", normalized=False))
    assert (found["LF"], found["HF"], found["TP"]) == pytest.approx((41.828053974605695, 1617.6215161497214, 1669.093312251608), rel=1e-5)


def test_equal_intervals_have_no_spectrum_at_the_beats() -> None:
    assert np.isnan(frequency_domain(np.full(200, 800.0), FrequencyDomain("lomb", None))["LFn"])
