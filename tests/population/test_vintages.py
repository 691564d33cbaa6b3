"""Vintages against published numbers, and against what real series became."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heedful.population.nowcast import ReportingTriangle, share_reported
from heedful.population.vintages import LEAST_DATES, LONGEST, final_count, links, links_by_date, nowcasts, revision_triangle, spread

TAYLOR_ASHE = """357848 1124788 1735330 2218270 2745596 3319994 3466336 3606286 3833515 3901463
352118 1236139 2170033 3353322 3799067 4120063 4647867 4914039 5339085
290507 1292306 2218525 3235179 3985995 4132918 4628910 4909315
310608 1418858 2195047 3757447 4029929 4381982 4588268
443160 1136350 2128333 2897821 3402672 3873311
396132 1333217 2180715 2985752 3691712
440832 1288463 2419861 3483130
359480 1421128 2864498
376686 1363294
344014"""


def taylor_ashe() -> np.ndarray:
    rows = [[float(value) for value in line.split()] for line in TAYLOR_ASHE.splitlines()]
    return np.array([row + [np.nan] * (10 - len(row)) for row in rows])


def test_final_counts_and_errors_are_those_that_mack_published() -> None:
    triangle = taylor_ashe()
    delay = np.arange(9, -1, -1)
    seen = triangle[np.arange(10), delay]
    total, error, _ = final_count(seen, delay, links(triangle))
    # Mack 1993, table 4 (thousands of the reserves, and their standard errors)
    reserves = [0, 94_634, 469_511, 709_638, 984_889, 1_419_459, 2_177_641, 3_920_301, 4_278_972, 4_625_811]
    errors = [0, 75_535, 121_699, 133_549, 261_406, 411_010, 558_317, 875_328, 971_258, 1_363_155]
    np.testing.assert_allclose(total - seen, reserves, atol=1)
    np.testing.assert_allclose(error, errors, atol=1)


def test_the_share_known_is_that_of_lawless_on_reports_that_come_one_by_one() -> None:
    rng = np.random.default_rng(3)
    dates, longest = 40, 5
    reports = rng.poisson(rng.gamma(5, 8, dates)[:, None] * np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])).astype(float)
    now = dates - 1
    counts = np.where(np.arange(dates)[:, None] + np.arange(longest + 1) <= now, reports, np.nan)
    by_delay, up_to = np.zeros(longest + 1), np.zeros(longest + 1)
    for delay in range(longest + 1):
        rows = slice(0, now - delay + 1)
        by_delay[delay], up_to[delay] = counts[rows, delay].sum(), counts[rows, : delay + 1].sum()
    triangle = ReportingTriangle(counts, np.nansum(counts, axis=1), by_delay, up_to)
    share, _ = share_reported(triangle)
    delays = np.minimum(now - np.arange(dates), longest)
    cumulative = np.cumsum(counts, axis=1)
    _, _, known = final_count(cumulative[np.arange(dates), delays], delays, links(cumulative))
    np.testing.assert_allclose(known, share, rtol=1e-12)


def issues(final: np.ndarray, shares: tuple[float, ...], first: date, places: tuple[str, ...] = ("US",)) -> pl.DataFrame:
    """A series issued every week, each week again and again; the last week only once."""
    rows = []
    for place in places:
        for week, value in enumerate(final):
            for delay, share in enumerate(shares):
                if week + delay < len(final):
                    day = first + timedelta(weeks=week)
                    known = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=7 * delay + 6)
                    rows.append((place, "office", day, round(value * share), known))
    schema = {"place": pl.String, "source": pl.String, "day": pl.Date, "value": pl.Float64, "known_at": pl.Datetime("us", "UTC")}
    return pl.DataFrame(rows, schema=schema, orient="row", strict=False)


def test_the_newest_week_is_completed_from_earlier_ones_over_the_53rd_week() -> None:
    first = date(2020, 9, 28)
    found = nowcasts(issues(np.full(30, 1000.0), (0.5, 0.8, 1.0), first), ["source", "place"], ["source"], 7)
    last = found.sort("day").tail(1).row(0, named=True)
    assert last["day"] == date(2021, 4, 19)
    assert (last["seen"], round(last["nowcast"]), round(last["completeness"], 3)) == (500, 1000, 0.5)
    assert date(2020, 12, 28) in found["day"].to_list()


def test_too_few_vintages_say_so_and_a_bulk_load_is_final() -> None:
    few = nowcasts(issues(np.full(4, 1000.0), (0.5, 1.0), date(2024, 12, 16)), ["source", "place"], ["source"], 7)
    assert few.sort("day").select("nowcast", "enough").tail(1).row(0) == (None, False)
    assert LEAST_DATES > 4
    bulk = issues(np.full(40, 1000.0), (1.0,), date(2024, 1, 1)).with_columns(known_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert nowcasts(bulk, ["source", "place"], ["source"], 7).is_empty()


def test_a_week_is_answered_the_same_from_the_weeks_before_it_alone() -> None:
    rng = np.random.default_rng(2)
    rows = issues(rng.poisson(200, 60).astype(float), (0.4, 0.7, 0.9, 1.0), date(2025, 12, 1), ("US", "US/NY"))
    whole = nowcasts(rows, ["source", "place"], ["source"], 7)
    for day in whole["day"].unique().sort().tail(5):
        assert (
            nowcasts(rows.filter(pl.col("day") <= day), ["source", "place"], ["source"], 7)
            .filter(pl.col("day") == day)
            .equals(whole.filter(pl.col("day") == day))
        )


def test_links_of_every_date_are_those_of_the_dates_before_it() -> None:
    rng = np.random.default_rng(4)
    rows = issues(rng.poisson(200, 140).astype(float), (0.4, 0.7, 0.9, 1.0), date(2023, 5, 1)).with_columns(series=pl.lit(0))
    first = int(np.datetime64("2023-05-01").astype(int))
    triangle = revision_triangle(rows, 7, first, (1, 140))
    age = np.minimum(139 - np.arange(140), 3)[None, :]
    found = links_by_date(triangle, age)
    for at in (20, 110, 139):
        dates = np.arange(max(at - 104, 0), at)
        past = np.where(np.arange(LONGEST + 1)[None, :] <= (at + age[0, at] - dates)[:, None], triangle[0, dates], np.nan)
        own = links(past)
        for name in ("factor", "weight", "dates", "unequal"):
            np.testing.assert_allclose(getattr(found, name)[0, at], getattr(own, name), rtol=1e-9, atol=1e-12)
        several = own.dates > 1
        np.testing.assert_allclose(found.variance[0, at][several], own.variance[several], rtol=1e-6, atol=1e-9)


def test_zeros_are_left_alone() -> None:
    found = nowcasts(issues(np.zeros(30), (1.0, 1.0), date(2025, 1, 6)), ["source", "place"], ["source"], 7)
    assert found["nowcast"].null_count() == found.height


def admissions(shared_data: Path) -> pl.DataFrame:
    path = shared_data / "surveillance" / "flu_hospital_admissions_vintages.csv.gz"
    if not path.exists():
        pytest.skip("the dated vintages of the reference data are not here")
    rows = pl.read_csv(path, schema_overrides={"location_fips": pl.String, "value": pl.Float64}, try_parse_dates=True)
    return rows.filter(pl.col("location_fips") == "US").select(
        place="location_fips",
        source=pl.lit("nhsn"),
        day=pl.col("week_ending") - pl.duration(days=6),
        value="value",
        known_at=pl.col("vintage").cast(pl.Datetime("us", "UTC")),
    )


def test_nowcasts_of_admissions_are_nearer_to_what_they_became(shared_data: Path) -> None:
    rows = admissions(shared_data)
    final = rows.sort("known_at").unique(["place", "day"], keep="last").select("place", "day", final="value")
    errors = []
    for vintage in rows["known_at"].unique().sort()[30:-LONGEST]:
        known = rows.filter(pl.col("known_at") <= vintage)
        newest = known["day"].max()
        found = nowcasts(known, ["source", "place"], ["source"], 7).filter(pl.col("day") == newest).drop_nulls("nowcast")
        errors.append(
            found.with_columns(low=spread(pl.col("nowcast"), pl.col("error"), -1.96), high=spread(pl.col("nowcast"), pl.col("error"), 1.96))
        )
    both = pl.concat(errors).join(final, on=["place", "day"])
    assert both.height >= 20
    off = both.select(
        raw=(pl.col("seen") / pl.col("final")).log().abs().median(), now=(pl.col("nowcast") / pl.col("final")).log().abs().median()
    )
    assert off["now"][0] < off["raw"][0]
    assert both.select(pl.col("final").is_between("low", "high").mean()).item() > 0.85


def test_nowcasts_of_shares_are_nearer_to_what_they_became(shared_data: Path) -> None:
    path = shared_data / "surveillance" / "flu_ed_visit_share_vintages.csv.gz"
    if not path.exists():
        pytest.skip("the dated vintages of the reference data are not here")
    rows = pl.read_csv(path, schema_overrides={"location_fips": pl.String, "value": pl.Float64}, try_parse_dates=True).select(
        place="location_fips", source=pl.lit("nssp"), day=pl.col("week_ending") - pl.duration(days=6), value="value",
        known_at=pl.col("vintage").cast(pl.Datetime("us", "UTC")),
    )  # fmt: skip
    final = rows.sort("known_at").unique(["place", "day"], keep="last").select("place", "day", final="value").filter(pl.col("final") > 0)
    told = []
    for vintage in rows["known_at"].unique().sort()[8:-6]:
        known = rows.filter(pl.col("known_at") <= vintage)
        found = nowcasts(known, ["source", "place"], ["source"], 7, rates=True).filter(pl.col("day") == known["day"].max())
        ends = {name: spread(pl.col("nowcast"), pl.col("error"), at) for name, at in (("low", -1.96), ("high", 1.96))}
        told.append(found.drop_nulls("nowcast").with_columns(**ends))
    both = pl.concat(told).join(final, on=["place", "day"])
    assert both.height > 400
    off = both.select(*((pl.col(name) / pl.col("final")).log().abs().median() for name in ("seen", "nowcast")))
    assert off["nowcast"][0] < 0.5 * off["seen"][0]
    near = (pl.col("final") >= pl.col("low") - 1e-9) & (pl.col("final") <= pl.col("high") + 1e-9)
    assert 0.92 < both.select(near.mean()).item() < 0.99


def test_a_rate_grows_by_the_mean_of_earlier_growth_and_is_as_sure_as_that_was_equal() -> None:
    """Two issues a week; the second is 1.1 or 1.3 times the first in turns: the growth is their geometric mean."""
    rows = issues(np.full(40, 1000.0), (0.5, 1.0), date(2025, 1, 6)).sort("day", "known_at")
    grown = pl.when(pl.col("day").rank("dense") % 2 == 0).then(1.1).otherwise(1.3)
    first = pl.col("known_at") == pl.col("known_at").min().over("place", "day")
    rows = rows.with_columns(value=pl.when(first).then(4.0).otherwise(4.0 * grown))
    newest = nowcasts(rows, ["source", "place"], ["source"], 7, rates=True).sort("day").filter(pl.col("nowcast").is_not_null()).tail(1)
    dates = newest["dates"].item()
    logs = np.log([1.1, 1.3])
    assert newest["nowcast"].item() == pytest.approx(4.0 * np.exp(logs.mean()), rel=0.01)
    assert newest["completeness"].item() == pytest.approx(4.0 / newest["nowcast"].item())
    sure = np.sqrt(np.log1p((newest["error"].item() / newest["nowcast"].item()) ** 2))
    assert sure == pytest.approx(logs.std() * np.sqrt(1 + 2 / dates), rel=0.03)
