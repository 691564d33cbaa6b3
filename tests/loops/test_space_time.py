"""`heedful alerts scan`: a planted cluster is found with its places and dates under every model; what cannot be scanned says why."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.test_vocabulary import run

from heedful.core.errors import NotFoundError, SettingsError, SourceError

MONDAY = date(2024, 3, 25)
PLANTED = {"US/P00", "US/P01"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve places on a line, 30 weeks of 20 cases each; two neighbors more than triple in the last two weeks."""
    folder = tmp_path_factory.mktemp("scan")
    rng = np.random.default_rng(4)
    rows = ["place,date,value,population"]
    for place in range(12):
        for back in range(30):
            mean = 70 if place < 2 and back < 2 else 20
            rows.append(f"US/P{place:02},{MONDAY - timedelta(weeks=back)},{rng.poisson(mean)},{100_000}")
    rows.append(f"US/Q,{MONDAY},7,100000")
    (folder / "series.csv").write_text("\n".join(rows) + "\n")
    where = [f"US/P{place:02},{-100 + place},40" for place in range(12)]
    (folder / "where.csv").write_text("\n".join(["place,longitude,latitude", *where, "US/Q,-80,40"]) + "\n")
    (folder / "heedful.toml").write_text('[site]\nname = "x"\n[[input]]\npath = "series.csv"\nname = "flu"\nkind = "series.table"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("run")
    return folder


def scanned(site: Path, *more: str, signal: str = "flu") -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(site)
        found: dict[str, Any] = run("alerts", "scan", signal, "--places", "where.csv", "--replicas", "199", "--baseline", "22", *more)
    return found


@pytest.mark.parametrize("model", ["permutation", "expectation", "negative_binomial", "population"])
def test_a_planted_cluster_is_found_with_its_places_and_dates(site: Path, model: str) -> None:
    found = scanned(site, "--model", model)
    first = found["clusters"][0]
    assert set(first["places"].split(", ")) == PLANTED
    assert (first["from"], first["to"]) == (str(MONDAY - timedelta(weeks=1)), str(MONDAY))
    assert first["p"] <= 0.01
    assert first["p_gumbel"] < 0.01
    assert first["ratio"] == pytest.approx(first["cases"] / first["expected"])
    assert "1 places are left out" in found["said"][1]
    assert scanned(site, "--model", model) == found  # the same seed, the same answer
    for other in found["clusters"][1:]:
        assert not set(other["places"].split(", ")) & PLANTED


def test_a_past_day_knows_only_what_was_known(site: Path) -> None:
    with pytest.raises(NotFoundError, match="Nothing of flu is known"):
        scanned(site, "--known-on", "2024-01-01")


def test_what_cannot_be_scanned_says_why(site: Path) -> None:
    for more, says in (
        (("--model", "cubic"), "no model 'cubic'; there are permutation"),
        (("--dates", "40"), "No place counted on"),
        (("--known-on", "tomorrow"), "not a day"),
        (("--source", "CDC"), "does not come from 'CDC'; it comes from flu"),
        (("--stratum", "old"), "has no stratum 'old'; it has all"),
    ):
        with pytest.raises(SettingsError, match=says):
            scanned(site, *more)
    with pytest.raises(NotFoundError):
        scanned(site, signal="measles")
    (site / "bad.csv").write_text("place,longitude,latitude\nUS/P00,200,40\n")
    with pytest.raises(SourceError, match=r"US/P00 has no longitude and latitude in degrees"):
        scanned(site, "--places", "bad.csv")
