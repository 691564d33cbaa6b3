"""Seasonal Poisson regression against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from heedful.core.errors import SettingsError
from heedful.population.seasonal import fit_poisson, harmonics


def test_statsmodels_gives_the_same_coefficients() -> None:
    models = pytest.importorskip("statsmodels.api", reason="statsmodels is a test extra")
    random = np.random.default_rng(4)
    times = np.arange(1, 157)
    design = harmonics(times, 52, trend=True)
    counts = random.poisson(np.exp(design @ np.array([[1.0, 0.004, 0.5, -0.3], [-1.0, 0.0, 1.0, 0.2]]).T).T).astype(float)
    counts[1, 5] = np.nan
    found = fit_poisson(counts, design)
    for row, own in zip(counts, found, strict=True):
        present = ~np.isnan(row)
        peer = models.GLM(row[present], design[present], family=models.families.Poisson()).fit(tol=1e-12)
        np.testing.assert_allclose(own, peer.params, rtol=1e-6, atol=1e-8)


def test_too_few_counts_are_refused() -> None:
    with pytest.raises(SettingsError, match="coefficients"):
        fit_poisson(np.array([[1.0, np.nan, np.nan]]), np.ones((3, 2)))
