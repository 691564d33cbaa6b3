"""False alarm weeks and outbreaks found by what a site asks by default, by the history there is: EARS, harmonic regression, flexible
Farrington; and beside them harmonic regression with years behind it, which is not asked. Seasonal weekly counts of Noufaily's 42 scenarios, the last 52 weeks tested.

    python scripts/compare_defaults.py
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from heedful.core.labels import Aggregate
from heedful.core.schemas import Series
from heedful.core.seals import seal
from heedful.population.alarms import series_alarms
from heedful.population.false_discovery import benjamini_hochberg
from heedful.population.harmonic_regression import HarmonicRegression, harmonic_regression
from heedful.population.noufaily_scenarios import SCENARIOS, simulate
from heedful.population.outbreak_injection import Outbreaks, outbreaks
from heedful.population.thresholds import Thresholds
from heedful.population.yearly_reference import Calendar

WEEKS, TESTED, EACH = 364, 52, 4
START = date(2012, 1, 2)
"""All weeks lie before the pandemic, which would be left out."""


def by_default(counts: np.ndarray, weeks: int) -> np.ndarray:
    """[series, tested weeks]: alarms of the derivation that a site runs, one signal a series."""
    days = [START + timedelta(weeks=WEEKS - weeks + n) for n in range(weeks)]
    names = pl.DataFrame({"signal": [str(n) for n in range(len(counts))]})
    rows = names.join(pl.DataFrame({"day": days}), how="cross").with_columns(
        source=pl.lit("simulated"), place=pl.lit("US"), stratum=pl.lit("all"), period_days=7, denominator=None, unit=pl.lit("{count}"),
        value=pl.Series(counts[:, -weeks:].ravel()), known_at=datetime(2026, 1, 1, tzinfo=UTC), extra=None,
    )  # fmt: skip
    frame = seal(rows.select(*Series.columns).cast(Series.dtypes()), Aggregate, Series)  # type: ignore[arg-type]
    found = series_alarms(frame, thresholds=Thresholds(), keys=pl.DataFrame({"day": days[-TESTED:]})).data.filter("alarm")
    out = np.zeros((len(counts), TESTED), dtype=bool)
    for signal, day in found.select("signal", "day").unique().rows():
        out[int(signal), (day - days[-TESTED]).days // 7] = True
    return out


def by_waves(counts: np.ndarray, weeks: int) -> np.ndarray:
    """The same by harmonic regression, its q over the series of a week."""
    settings, rows = HarmonicRegression(alpha=Thresholds().alpha), slice(weeks - TESTED, weeks)
    found = harmonic_regression(counts[:, -weeks:], Calendar(52), settings, rows)
    return np.asarray(found.alarm & (benjamini_hochberg(found.p) <= Thresholds().q_limit))


def main() -> None:
    drawn = [simulate(one, EACH, seed=one.number, weeks=WEEKS) for one in SCENARIOS]
    quiet, spread = (np.concatenate(part) for part in zip(*drawn, strict=True))
    put = outbreaks(spread, slice(WEEKS - TESTED, WEEKS), 1.0, Outbreaks(), np.random.default_rng(5))
    inside = put.window[:, -TESTED:]
    print(f"{'asked':32} {'weeks before':>12} {'false alarm weeks a year':>25} {'found':>6}")
    for name, asked, weeks in (
        ("default (EARS to 78 weeks)", by_default, 104), ("default (harmonic regression)", by_default, 130),
        ("default (harmonic regression)", by_default, 156), ("default (flexible Farrington)", by_default, WEEKS),
        ("harmonic regression", by_waves, WEEKS),
    ):  # fmt: skip
        found = (asked(quiet + put.cases, weeks) & inside).sum(axis=1)[inside.sum(axis=1) > 0] > 0
        print(f"{name:32} {weeks - TESTED:12} {asked(quiet, weeks).sum() / len(quiet):25.2f} {found.mean():6.2f}")


if __name__ == "__main__":
    main()
