"""A person's feature in some days against the others: numbers of the fit, days left out, what is too little, and the types."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from heedful.core.errors import NotFoundError
from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented
from heedful.core.schemas import Features
from heedful.core.seals import seal
from heedful.person.comparison import compare_days
from heedful.person.n_of_1 import n_of_1

FIRST = date(2026, 3, 1)


def features(values: list[float | None], person: str = "p") -> Frame[Consented[Care], Features]:
    rows = pl.DataFrame(
        {"day": [FIRST + timedelta(days=n) for n in range(len(values))], "value": values}, schema_overrides={"value": pl.Float64}
    ).with_columns(
        person=pl.lit(person), feature=pl.lit("steps[sum]"), unit=pl.lit("{steps}"), coverage=pl.lit(1.0), missing=pl.lit(""),
        known_at=pl.lit("2026-06-01T00:00:00Z").str.to_datetime(time_unit="us", time_zone="UTC"),
    )  # fmt: skip
    for name, declared in Features.columns.items():
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, declared.dtype).alias(name))
    return seal(rows.select(*Features.columns), Consented[Care], Features)


def test_it_is_the_fit_of_the_known_days_with_a_trend_a_week() -> None:
    random = np.random.default_rng(2)
    values: list[float | None] = (5000 + 100 * np.arange(40) + random.normal(0, 300, 40)).tolist()
    values[10:15] = [value - 2000 for value in values[10:15] if value is not None]
    values[12] = None
    found = compare_days(features(values), "p", "steps[sum]", [(FIRST + timedelta(days=8), FIRST + timedelta(days=15))])
    assert (found.inside, found.outside, found.missing) == (7, 32, 1)
    at = np.array([n for n in range(40) if n != 12], dtype=np.float64)
    design = np.column_stack([np.ones(39), (at >= 8) & (at <= 15), at / 7])
    by_hand = n_of_1([value for value in values if value is not None], design, at)
    assert found.fit.estimate[1] == pytest.approx(by_hand.estimate[1])
    assert "lower" in found.sentence


def test_too_few_days_and_unknown_features_are_told() -> None:
    rows = features([1.0 + n % 3 for n in range(20)])
    with pytest.raises(NotFoundError, match="known on 2 of the days compared and on 18 other days"):
        compare_days(rows, "p", "steps[sum]", [(FIRST, FIRST + timedelta(days=1))])
    with pytest.raises(NotFoundError, match=r"There are: steps\[sum\]"):
        compare_days(rows, "p", "sleep", [(FIRST, FIRST)])
