"""Missing days of a feature, filled on request and marked: for a program that cannot do without a row, never for heedful's own judgements.

No derivation calls this: a detector, a goal and a plan see a missing day as missing, with its reason. A filled day is the median of the
person's own known days of the same kind (Monday to Friday, or weekend) up to `WINDOW_DAYS` before or after it. It understates how days
differ, so no spread, trend or test should be made of filled days; the column `imputed` tells them apart, `from_days` how many speak.
"""

from __future__ import annotations

import polars as pl

from heedful.core.errors import SettingsError

WINDOW_DAYS, LEAST_DAYS = 28, 3
_KEY = ["person", "feature", "day"]


def imputed_days(features: pl.DataFrame, window_days: int = WINDOW_DAYS, least_days: int = LEAST_DAYS) -> pl.DataFrame:
    """All days from each feature's first to its last, with `imputed` and `from_days`; a missing one gets the median of days around it.

    `features`: rows of `Features` or `ContextFeatures`. `window_days`: how far the days may lie, 1 or more; `least_days`: fewer leave a day
    missing. `missing` keeps the reason why there was no value ('no_data' on a day without a row), and `coverage` what it was.
    Raises `SettingsError`.

    >>> from datetime import date
    >>> days = pl.DataFrame({"person": "p", "day": [date(2026, 3, n) for n in (2, 3, 4, 5)], "feature": "steps[sum]",
    ...     "value": [100.0, None, 300.0, 200.0], "unit": "{steps}", "coverage": [1.0, 0.0, 1.0, 1.0], "missing": ["", "not_worn", "", ""]})
    >>> imputed_days(days).select("value", "imputed", "from_days", "missing").row(1)
    (200.0, True, 3, 'not_worn')
    """
    if window_days < 1 or least_days < 1:
        raise SettingsError(f"Days are filled from 1 day or more within 1 day or more, not {least_days} within {window_days}.")
    weekend = pl.col("day").dt.weekday() >= 6
    rows = _every_day(features).with_columns(weekend=weekend)
    gaps = rows.filter(pl.col("value").is_null()).select(*_KEY, "weekend")
    known = rows.filter(pl.col("value").is_not_null()).select("person", "feature", "weekend", near="day", known="value")
    found = (
        gaps.join(known, on=["person", "feature", "weekend"])
        .filter((pl.col("day") - pl.col("near")).dt.total_days().abs() <= window_days)
        .group_by(_KEY).agg(filled=pl.col("known").median(), from_days=pl.len().cast(pl.Int32))
        .filter(pl.col("from_days") >= least_days)
    )  # fmt: skip
    whole = rows.drop("weekend").join(found, on=_KEY, how="left", maintain_order="left")
    return whole.with_columns(
        value=pl.coalesce("value", "filled"), imputed=pl.col("filled").is_not_null(), from_days=pl.col("from_days").fill_null(0)
    ).drop("filled")  # fmt: skip


def _every_day(features: pl.DataFrame) -> pl.DataFrame:
    """The rows, and a missing one for each day between the first and the last that has none; by person, feature and day."""
    spans = features.group_by("person", "feature").agg(
        unit=pl.col("unit").first(), day=pl.date_ranges(pl.col("day").min(), pl.col("day").max())
    )
    absent = spans.explode("day").join(features, on=_KEY, how="anti").with_columns(
        value=pl.lit(None, dtype=pl.Float64), coverage=pl.lit(0.0), missing=pl.lit("no_data")
    )  # fmt: skip
    return pl.concat([features, absent.select(features.columns)]).sort(_KEY)
