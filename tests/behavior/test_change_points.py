"""Change points: the optimum is the optimum, and what was planted is found with the features that make it."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations, pairwise

import numpy as np
import polars as pl

from heedful.behavior.change_points import SHORTEST, _partition, _sums, change_points, person_change_points
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Annotations, Features
from heedful.core.seals import seal


def _cost(part: np.ndarray) -> float:
    return float(sum(((c - c.mean()) ** 2).sum() for column in part.T if len(c := column[np.isfinite(column)])))


def test_the_partition_is_the_best_of_all() -> None:
    rng = np.random.default_rng(4)
    for trial in range(4):
        value = rng.normal(size=(30, 2)) + (np.arange(30)[:, None] > 14) * rng.normal(0, 2, 2)
        value[rng.random(value.shape) < 0.1] = np.nan
        penalty = 4.0 + trial
        best = (np.inf, ())
        for many in range(4):
            for inner in combinations(range(SHORTEST, 30 - SHORTEST + 1), many):
                edges = (0, *inner, 30)
                if min(np.diff(edges)) < SHORTEST:
                    continue
                total = sum(_cost(value[a:b]) for a, b in pairwise(edges)) + penalty * many
                best = min(best, (total, inner))
        assert tuple(_partition(value, penalty)) == best[1]
    assert _sums(value)[2][-1].sum() == np.isfinite(value).sum()


def test_nothing_changes_in_most_histories_of_noise() -> None:
    found = [len(change_points(np.random.default_rng(seed).normal(size=(90, 4))).start) for seed in range(30)]
    assert np.mean(np.array(found) > 0) <= 0.2


def test_a_row_for_each_feature_that_makes_the_change() -> None:
    rng = np.random.default_rng(1)
    rows = [
        ("a", date(2026, 1, 1) + timedelta(days=d), name, float(v), "1", 1.0, "")
        for name, shift in (("steps[sum]", -3000.0), ("sleep_offset", 60.0), ("heart_rate_mean", 0.0))
        for d, v in enumerate(rng.normal(8000 if shift < 0 else 450, 900 if shift < 0 else 20, 80) + shift * (np.arange(80) >= 40))
        if rng.random() > 0.1
    ]
    features = pl.DataFrame(rows, schema=Features.dtypes(), orient="row")
    none = seal(Annotations.empty(), Consented[Care], Annotations)
    out = person_change_points(seal(features, Consented[Care], Features), none).data
    assert out["feature"].to_list() == ["sleep_offset", "steps[sum]"]
    assert abs((out["day"][0] - date(2026, 1, 1)).days - 40) <= 1
    assert "with it changed" in out["why"][0]
    again = person_change_points(seal(features.reverse(), Consented[Care], Features), none).data
    assert again.equals(out)
    short = person_change_points(seal(features.head(20), Consented[Care], Features), none).data
    assert short.select("feature", "level").rows() == [("all_features", -1)]
