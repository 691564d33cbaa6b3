"""ILINet: the real download, ages, week 53, and empty cells."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import SOURCES

Read = Callable[..., Any]
CSV = Callable[..., Path]
ILINET = "series.ilinet"
AGES = "AGE 0-4,AGE 25-49,AGE 25-64,AGE 5-24,AGE 50-64,AGE 65"
HEAD = f"REGION TYPE,REGION,YEAR,WEEK,% WEIGHTED ILI,%UNWEIGHTED ILI,{AGES},ILITOTAL,TOTAL PATIENTS"


@pytest.mark.real
def test_the_real_download(shared_data: Path, read: Read) -> None:
    path = shared_data / "surveillance/fluview_ilinet_1997_2016.csv.gz"
    got = read(ILINET, path, issue_date="2016-11-21")
    plain = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema_length=None)
    rows = got["series"]
    visits = rows.filter(pl.col("signal") == "ili_visits")
    told = plain.filter(pl.col("ili_total").is_not_null())
    assert (visits.height, visits["value"].sum(), visits["denominator"].sum()) == (
        told.height, told["ili_total"].sum(), told["total_patients"].sum(),
    )  # fmt: skip
    assert got.records == 2 * plain.height == rows.height + got.skipped["cell without a number"]
    assert set(rows["place"]) == {"US", *(f"US/HHS{n}" for n in range(1, 11))}
    assert set(rows["known_at"]) == {datetime(2016, 11, 21, tzinfo=UTC)}
    assert rows.select("signal", "place", "stratum", "day").is_duplicated().sum() == 0
    # The percentage that CDC prints without weights is visits out of all visits.
    shares = visits.join(_printed(plain), on=["place", "day"])
    assert shares.height == visits.height
    assert shares.select((100 * pl.col("value") / pl.col("denominator") - pl.col("unweighted_ili_percent")).abs().max()).item() < 1e-4


def _printed(plain: pl.DataFrame) -> pl.DataFrame:
    from heedful.sources.series.mmwr import week_start
    from heedful.sources.series.us_places import us_place

    places = {name: us_place(name) for name in plain["region"].unique()}
    return plain.select(
        "unweighted_ili_percent", place=pl.col("region").replace_strict(places), day=week_start(pl.col("year"), pl.col("week"))
    )


@pytest.mark.real
def test_two_downloads_of_one_series_are_versions(shared_data: Path, read: Read) -> None:
    """The pair differs in 60 weeks (as its SOURCE.txt counts): real revisions, kept by their issue dates."""
    later = read(ILINET, shared_data / "surveillance/fluview_ilinet_1997_2016.csv.gz", issue_date="2016-11-21")["series"]
    earlier = read(ILINET, shared_data / "surveillance/fluview_national_copy_2015.csv.gz", issue_date="2015-11-13")["series"]
    both = earlier.join(later, on=["signal", "place", "stratum", "day"], suffix="_later")
    assert both.height == earlier.height > 800
    assert both.filter(pl.col("value") != pl.col("value_later")).height == 60


def test_ages_are_strata_and_x_is_empty(csv: CSV, read: Read) -> None:
    title = "PERCENTAGE OF VISITS FOR INFLUENZA-LIKE-ILLNESS REPORTED BY SENTINEL PROVIDERS"
    got = read(ILINET, csv(title, HEAD, "National,X,2014,53,1.5,1.4,1,2,X,3,4,5,15,1000"))
    rows = got["series"]
    assert rows.select("signal", "stratum", "value").rows() == [
        ("ili_visits", "all", 15), ("ili_weighted_percent", "all", 1.5), ("ili_visits", "0-4", 1), ("ili_visits", "25-49", 2),
        ("ili_visits", "5-24", 3), ("ili_visits", "50-64", 4), ("ili_visits", "65+", 5),
    ]  # fmt: skip
    assert set(rows["day"]) == {date(2014, 12, 28)}
    assert rows["denominator"].to_list() == [1000, *[None] * 6]
    assert got.skipped == {"cell without a number": 1}


def test_weeks_that_do_not_exist_are_set_aside(csv: CSV, read: Read) -> None:
    bad = [
        "National,X,2015,53,1",
        "National,X,2015,0,1",
        "National,X,,1,1",
        "National,X,2015,one,1",
        "National,,2015,1,1",
        "National,X,2015,1",
    ]
    got = read(ILINET, csv("REGION TYPE,REGION,YEAR,WEEK,ILITOTAL", "States,New York,2015,52,7", *bad))
    assert got["series"].select("place", "value").rows() == [("US/NY", 7)]
    assert got["quarantine"]["line"].sort().to_list() == [3, 4, 5, 6, 7, 8]


def test_what_is_not_ilinet(csv: CSV, read: Read) -> None:
    path = csv("year,week,cases", "2015,1,5")
    assert SOURCES.get(ILINET).recognise(path, path.read_bytes()) == 0.0
    with pytest.raises(SourceError, match="influenza-like"):
        read(ILINET, path)
    with pytest.raises(SettingsError, match="issue_date"):
        read(ILINET, csv("year,week,ilitotal", "2015,1,5"), issue_date="yesterday")
