"""Numbers that papers and manuals print, or that a reader can work out by hand: they hold where no shared folder is at hand (CI)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from heedful.population.cusum import cusum
from heedful.population.ears import Ears, ears
from heedful.population.farrington import Farrington, farrington
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.reproduction_number import reproduction_number, serial_interval
from heedful.population.safety.fourfold import fourfold
from heedful.population.safety.information_component import information_component
from heedful.population.safety.ror import ror
from heedful.population.scan import scan
from heedful.population.survey.design import draw
from heedful.population.survey.rake import rake
from heedful.population.weighting.cells import weights_to_margins
from heedful.population.weighting.spread import spread
from heedful.population.yearly_reference import Calendar

FLU_2009 = [1, 1, 0, 2, 5, 3, 3, 3, 6, 2, 5, 9, 13, 12, 13, 11, 12, 6, 6, 6, 3, 1, 0, 2, 0, 0, 0, 0, 2, 0, 2, 0]
"""Daily onsets in a school of Pennsylvania, 27 April to 28 May 2009: the data set Flu2009 of R EpiEstim (Cauchemez et al. 2011)."""


def test_epiestims_vignette_of_a_school_outbreak() -> None:
    """EpiEstim vignette "demo": estimate_R, parametric serial interval 2.6 (1.5) days, sliding weeks, the first six windows."""
    found = reproduction_number(np.array([FLU_2009], float), serial_interval(2.6, 1.5, len(FLU_2009)))
    assert (found.starts[0], found.ends[0]) == (1, 7)
    assert found.mean[0, :6] == pytest.approx([1.735798, 1.749168, 1.537058, 1.431839, 1.422725, 1.635373], abs=6e-7)
    printed = [0.4091314, 0.3647267, 0.3074116, 0.2705921, 0.2515046, 0.2523436]
    assert found.standard_deviation[0, :6] == pytest.approx(printed, abs=6e-8)
    quantiles = {
        0.025: [1.0287437, 1.1088223, 0.9947030, 0.9514466, 0.9731426, 1.1786332],
        0.5: [1.703761, 1.723884, 1.516613, 1.414830, 1.407932, 1.622413],
        0.975: [2.624781, 2.533119, 2.195540, 2.008849, 1.956336, 2.165745],
    }
    for probability, values in quantiles.items():
        assert found.quantile(probability)[0, :6] == pytest.approx(values, abs=6e-7)


def test_epiestims_vignette_of_the_serial_interval() -> None:
    """The same vignette: discr_si(0:20, mu = 2.6, sigma = 1.5)."""
    printed = [
        0, 2.331721e-01, 3.585794e-01, 1.981108e-01, 1.033427e-01, 5.290518e-02, 2.682146e-02, 1.351620e-02, 6.783438e-03, 3.394351e-03,
        1.694674e-03, 8.445945e-04, 4.203313e-04, 2.089422e-04, 1.037609e-04, 5.148480e-05, 2.552773e-05, 1.264952e-05, 6.264667e-06,
        3.101068e-06, 1.534394e-06,
    ]  # fmt: skip
    assert serial_interval(2.6, 1.5, 20) == pytest.approx(printed, rel=5e-7, abs=1e-12)


def test_ears_c1_is_a_mean_and_a_standard_deviation_of_seven_days() -> None:
    """Hutwagner et al. 2003, J Urban Health 80:i89-i96: today against mean + z standard deviations of the seven days before."""
    week = [2.0, 3, 4, 3, 2, 3, 4]
    found = ears(np.array([[*week, 9.0]]), Ears("C1"))
    assert found.expected[0, 7] == 3
    assert found.statistic[0, 7] == pytest.approx((9 - 3) / np.sqrt(4 / 6))
    assert found.alarm[0].tolist() == [False] * 7 + [True]


def test_the_cusum_of_rossi_by_hand() -> None:
    """Rossi et al. 1999: (x - 3m + 2 sqrt(xm)) / (2 sqrt(m)); m = 4: x = 9 gives 2.25, x = 4 gives 0."""
    found = cusum(np.array([[4.0, 9, 9, 4]]), np.array([[4.0]]), k=1.04, h=2.26)
    assert found.statistic[0] == pytest.approx([0, 1.21, 2.42, 1.38])
    assert found.alarm[0].tolist() == [False, False, True, False]


def farringtons_limit(mean: float, reference: int, z: float) -> float:
    """Farrington et al. 1996, section 3.4: dispersion 1, a mean of `reference` equal counts, variance mean (1 + 1 / reference) of a
    prediction, limit on the 2/3 power scale."""
    return float(mean * (1 + 2 / 3 * z * np.sqrt(mean + mean / reference) / mean) ** 1.5)


def test_the_limit_of_farrington_by_hand() -> None:
    """Every week had 10 cases: three years back, three weeks on each side make 21 reference weeks, without trend or overdispersion."""
    counts = np.full((1, 240), 10.0)
    found = farrington(counts, Calendar(52), Farrington(years_back=3, half_window=3, alpha=0.05), slice(239, 240))
    assert found.expected[0, 0] == pytest.approx(10, abs=1e-6)
    assert found.bound[0, 0] == pytest.approx(farringtons_limit(10, 21, float(norm.ppf(0.975))), rel=2e-5)


def test_the_two_thirds_limit_of_the_flexible_form_by_hand() -> None:
    """Noufaily et al. 2013 with one period and delta quantiles: 3 x 7 weeks, one-sided."""
    settings = FarringtonFlexible(3, 3, 1, 3, alpha=0.01, threshold="delta", trend=False)
    found = farrington_flexible(np.full((1, 240), 10.0), Calendar(52), settings, slice(239, 240))
    assert found.bound[0, 0] == pytest.approx(farringtons_limit(10, 21, float(norm.ppf(0.99))), rel=2e-5)


def test_kulldorffs_likelihood_ratio_by_hand() -> None:
    """Kulldorff 1997, Commun Stat Theory Methods 26:1481-1496: c log(c/e) + (C - c) log((C - c) / (C - e)) with c = 10, e = 5, C = 20."""
    found = scan(np.array([[10.0, 10.0]]), np.array([[5.0, 15.0]]), [[0], [1]], "population")
    assert found.score[0, 0] == pytest.approx(10 * np.log(2) + 10 * np.log(10 / 15))
    assert found.score[1, 0] == 0  # below what is expected is no cluster


def test_raking_keeps_the_odds_ratio_of_a_table() -> None:
    """Deming & Stephan 1940: of all tables with the margins the one whose cross product is the sample's; two by two it is a quadratic.

    Sample 10 20 / 30 40, margins 40, 60 and 50, 50: x (x + 10) / ((40 - x) (50 - x)) = 400 / 600, so x^2 + 210 x - 4000 = 0.
    """
    x = (-210 + np.sqrt(210**2 + 4 * 4000)) / 2
    wanted = [x, 40 - x, 50 - x, 10 + x]
    rows, columns = np.repeat([0, 0, 1, 1], [10, 20, 30, 40]), np.repeat([0, 1, 0, 1], [10, 20, 30, 40])
    margins = [(rows, np.array([40.0, 60])), (columns, np.array([50.0, 50]))]
    raked = rake(draw(100, np.ones(100)), margins).weights
    also = weights_to_margins(margins, np.ones(100))
    cells = 2 * rows + columns
    assert np.bincount(cells, raked) == pytest.approx(wanted, rel=1e-6)
    assert np.bincount(cells, also) == pytest.approx(wanted, rel=5e-3)  # the peer's early end


def test_kishs_effective_number_by_hand() -> None:
    """Kish 1965: (sum w)^2 / sum w^2; 1 1 1 3: 36 / 12."""
    found = spread(np.array([1.0, 1, 1, 3]))
    assert found.design_effect_kish == pytest.approx(4 / 3)


def test_reporting_odds_and_information_of_a_table_by_hand() -> None:
    """a b / c d = 20 80 / 100 9800: odds 20 x 9800 / (80 x 100), interval exp(log +- 1.96 sqrt(1/a + 1/b + 1/c + 1/d)) (van Puijenbroek
    2002); information component log2((20 + 1/2) / (100 x 120 / 10000 + 1/2)) (Norén 2006)."""
    table = fourfold(20, 100, 120, 10_000)
    odds = ror(table)
    error = norm.ppf(0.975) * np.sqrt(1 / 20 + 1 / 80 + 1 / 100 + 1 / 9800)
    assert float(odds.ratio) == pytest.approx(24.5)
    assert (float(odds.low), float(odds.high)) == pytest.approx((24.5 * np.exp(-error), 24.5 * np.exp(error)))
    assert float(information_component(20, 1.2).estimate) == pytest.approx(np.log2(20.5 / 1.7))
