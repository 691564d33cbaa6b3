"""Masking against counts with and without the masking drug's accounts."""

from __future__ import annotations

import numpy as np
import pytest

from heedful.core.errors import SettingsError
from heedful.population.safety.masking import masking


def table(seed: int) -> np.ndarray:
    """Accounts by drug and effect; the last column is without effect. Each account tells of one effect."""
    counts = np.random.default_rng(seed).poisson(8, (6, 5))
    counts[2, 1] = 900
    return counts


def test_expected_counts_are_those_without_the_maskers_accounts() -> None:
    counts = table(1)
    drug, effect = (part.ravel() for part in np.indices((6, 4)))
    told, total = counts[:, :4], counts.sum()
    found = masking(effect, told.ravel(), counts.sum(axis=1)[drug], told.sum(axis=0)[effect], total)
    kept = np.delete(counts, 2, axis=0)
    ratio = (counts[:, 1].sum() / total) / (kept[:, 1].sum() / kept.sum())
    assert found.ratio.reshape(6, 4)[2, 1] == pytest.approx(ratio)
    for one in (0, 1, 3, 4, 5):
        place = one * 4 + 1
        assert found.masker[place] == 2 * 4 + 1
        assert found.expected[place] == pytest.approx(counts[one].sum() * kept[:, 1].sum() / kept.sum())
    assert found.masker[2 * 4 + 1] != 2 * 4 + 1


def test_nobody_masks_themselves_and_an_effect_of_one_drug_has_no_masker() -> None:
    found = masking(np.array([0, 1, 1]), [50, 5, 5], [60, 20, 20], [50, 10, 10], 100)
    assert found.masker[0] == -1
    assert found.expected[0] == pytest.approx(30.0)
    assert np.isinf(found.ratio[0])
    with pytest.raises(SettingsError, match="least"):
        masking(np.array([0]), [1], [2], [2], 10, least=0.5)
