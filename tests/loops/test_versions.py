"""A derivation whose version rises, or that is new, is computed again over what a site holds: it, what reads its new answers, nothing else."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.loops.small_site import NOW, lake_of, site_of

from heedful.core.clock import FixedClock
from heedful.core.derivations import Derivation
from heedful.core.frames import Frame
from heedful.loops import site as sites
from heedful.loops.derivations import all_derivations
from heedful.loops.settings import Settings, SiteSettings
from heedful.loops.site import Site
from heedful.simulate.town import Size
from heedful.simulate.write import write_town

RAISED, READER = "baseline_change", "timeline_changes"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    write_town(folder / "town", seed=5, size=Size(posters=50, days=28, participants=6, watches=3, posts=50))
    return folder


def reopened(folder: Path, derivations: list[Derivation], monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str], Site]:
    """What opening for writing says, the names of the derivations that it ran, and the site."""
    monkeypatch.setattr(sites, "all_derivations", lambda: derivations)
    site, ran = Site(Settings(SiteSettings()), folder, FixedClock(NOW)), list[str]()
    derive = site.engine._derive

    def noted(step: Any, *rest: Any) -> pl.DataFrame:
        ran.append(step.derivation.name)
        return derive(step, *rest)

    monkeypatch.setattr(site.engine, "_derive", noted)
    with site.writing() as said:
        pass
    return said, sorted(set(ran)), site


def with_raised(function: Any = None) -> list[Derivation]:
    return [
        dataclasses.replace(each, version=each.version + 1, function=function or each.function) if each.name == RAISED else each
        for each in all_derivations()
    ]


def test_a_raised_version_computes_it_and_only_it_and_only_once(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = lake_of(site_of(town, tmp_path / "site", ["p000", "p001", "p002"]))
    said, ran, site = reopened(tmp_path / "site", with_raised(), monkeypatch)
    assert said == [f"{RAISED} has a new version and was computed again"]
    assert ran == [RAISED]
    assert all(rows.equals(before[name]) for name, rows in lake_of(site).items())
    assert reopened(tmp_path / "site", with_raised(), monkeypatch)[:2] == ([], [])


def test_other_answers_of_a_new_version_reach_what_reads_them(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = lake_of(site_of(town, tmp_path / "site", ["p000", "p001", "p002"]))
    old = next(each for each in all_derivations() if each.name == RAISED)

    @functools.wraps(old.function)
    def shouted(*frames: Frame[Any, Any], **rest: Any) -> Frame[Any, Any]:
        found = old.function(*frames, **rest)
        return found.derive(old.writes, found.data.with_columns(pl.col("why").str.to_uppercase()))

    _, ran, site = reopened(tmp_path / "site", with_raised(shouted), monkeypatch)
    after = lake_of(site)
    assert {RAISED, READER} <= set(ran)
    assert after[RAISED]["why"].to_list() == after[RAISED]["why"].str.to_uppercase().to_list() != before[RAISED]["why"].to_list()
    recomputed = site.engine.recompute()
    assert all(after[name].equals(rows.sort(rows.columns)) for name, rows in recomputed.items())
    assert after["nightly_sleep"].equals(before["nightly_sleep"])


def test_a_derivation_that_is_new_to_a_site_is_computed_for_what_it_holds(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "all_derivations", lambda: [each for each in all_derivations() if each.name not in (RAISED, READER)])
    site_of(town, tmp_path / "site", ["p000", "p001", "p002"]).close()
    _, ran, site = reopened(tmp_path / "site", all_derivations(), monkeypatch)
    assert {RAISED, READER} <= set(ran)
    stored = lake_of(site)
    assert stored[RAISED].height > 0
    assert all(stored[name].equals(rows.sort(rows.columns)) for name, rows in site.engine.recompute().items())
