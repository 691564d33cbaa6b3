from __future__ import annotations

from datetime import date

import polars as pl

from heedful.core.labels import Care, Consented
from heedful.core.schemas import Features
from heedful.core.seals import seal
from heedful.person.baseline import person_baseline


def _features(values: list[float | None]) -> pl.DataFrame:
    days = pl.date_range(date(2026, 1, 1), date(2026, 1, len(values)), eager=True)
    return pl.DataFrame({"day": days, "value": pl.Series(values, dtype=pl.Float64)}).with_columns(
        person=pl.lit("p"), feature=pl.lit("steps[sum]"), unit=pl.lit("{steps}"), coverage=pl.lit(1.0),
        missing=pl.when(pl.col("value").is_null()).then(pl.lit("not_worn")).otherwise(pl.lit("")),
    )  # fmt: skip


def test_median_and_mad_of_the_valid_days_as_in_leys_2013() -> None:
    # Leys et al. 2013, section 4: 1, 3, 3, 6, 8, 10, 10, 1000 has median 7 and MAD 3.5 (times 1.4826: 5.1891).
    frame = seal(_features([1, 3, 3, None, 6, 8, 10, 10, 1000]), Consented[Care], Features)
    row = person_baseline(frame, date(2026, 2, 1), 40).data.row(0, named=True)
    assert (row["median"], row["mad"], row["n"]) == (7.0, 3.5, 8)


def test_the_judged_day_and_days_before_the_window_do_not_count() -> None:
    frame = seal(_features([1000.0, 5.0, 6.0, 7.0, 2000.0]), Consented[Care], Features)
    row = person_baseline(frame, date(2026, 1, 5), 3).data.row(0, named=True)
    assert (row["median"], row["mad"], row["n"]) == (6.0, 1.0, 3)


def test_nobody_known_gives_no_rows() -> None:
    assert len(person_baseline(seal(_features([None, None]), Consented[Care], Features), date(2026, 2, 1))) == 0
