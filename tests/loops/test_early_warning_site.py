"""`heedful alerts early`: on a small site whose digital signals are made from the official figure, the answer is known; nothing later is used."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.test_vocabulary import run as cli
from tests.population.test_weekly_people import days

from heedful.cli.main import main
from heedful.core.clock import FixedClock
from heedful.core.errors import NotFoundError, SettingsError
from heedful.loops.early_warning import Sought, early_warnings
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site
from heedful.population.early_warning import EarlyWarning
from heedful.population.weekly_rates import weekly_rates

FIRST = date(2021, 1, 4)
WEEKS = 260
SHORT = ("--lags", "4", "--window", "40")


def official() -> np.ndarray:
    weeks = np.arange(WEEKS)
    steps = np.random.default_rng(2).normal(0, 0.15, WEEKS)
    noise = np.zeros(WEEKS)
    for week in range(1, WEEKS):
        noise[week] = 0.8 * noise[week - 1] + steps[week]
    return np.round(np.exp(7 + 1.2 * np.cos(2 * np.pi * (weeks - 2) / 52.18) + noise))


def lines(name: str, values: np.ndarray, late: int, place: str = "US") -> list[list[object]]:
    """Rows signal, place, date, value, issue_date, issued `late` days after the end of the week."""
    days = [FIRST + timedelta(weeks=week) for week in range(len(values))]
    return [[name, place, day, value, day + timedelta(days=7 + late)] for day, value in zip(days, values, strict=True)]


def site_in(folder: Path, weeks: int = WEEKS, revised: bool = False) -> None:
    rng = np.random.default_rng(7)
    figures = official()
    search = np.round(figures * np.exp(rng.normal(0, 0.03, WEEKS)), 0)
    drifting = np.round(figures * np.exp(rng.normal(0, 0.1, WEEKS)) * np.where(np.arange(WEEKS) >= WEEKS - 12, 3, 1), 0)
    rows = lines("flu", figures[:weeks], 4) + lines("search", search[:weeks], 1) + lines("drifting", drifting[:weeks], 1)
    rows += lines("ended", search[: min(weeks, 200)], 1) + lines("young", search[:30], 1) + lines("few", figures[:30], 4, "US/NY")
    if revised:  # a month later all figures are half as high again
        rows += [[*row[:3], 1.5 * figures[n], row[4] + timedelta(days=28)] for n, row in enumerate(lines("flu", figures[:weeks], 4))]  # type: ignore[operator]
    with (folder / "series.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["signal", "place", "date", "value", "issue_date"], *rows])
    (folder / "heedful.toml").write_text(
        '[site]\nname = "x"\n[[input]]\npath = "series.csv"\nname = "office"\nkind = "series.table"\n[input.settings]\nunit = "{count}"\n'
    )


def made(folder: Path, **changed: Any) -> Path:
    site_in(folder, **changed)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cli("run")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("early"))


def asked(site: Path, *more: str, signal: str = "flu", place: str = "US") -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(site)
        found: dict[str, Any] = cli("alerts", "early", signal, place, *more)
    return found


DAY = str(FIRST + timedelta(weeks=WEEKS, days=3))  # digital signals of the last week are there, its figure is not yet


def test_a_signal_made_from_the_figure_foretells_it(site: Path) -> None:
    found = asked(site, *SHORT, "--with", "search", "--known-on", DAY)
    truth = dict(zip([str(row[2]) for row in lines("", official(), 0)], official(), strict=True))
    newest = found["weeks"][-1]
    assert newest["day"] == str(FIRST + timedelta(weeks=WEEKS - 1))
    assert newest["official"] is None
    assert newest["low"] <= truth[newest["day"]] <= newest["high"]
    assert newest["estimate"] == pytest.approx(truth[newest["day"]], rel=0.15)
    quality = found["quality"]
    assert quality["error_to_naive"] < 0.5
    assert quality["correlation"] > 0.97
    assert 0.88 <= quality["coverage"] <= 1
    judged = [row for row in found["weeks"] if row["official"] is not None and row["low"] is not None]
    assert quality["weeks"] == len(judged)
    errors = [[row[name] - truth[row["day"]] for row in judged] for name in ("estimate", "carried")]
    assert quality["error_to_naive"] == pytest.approx(np.linalg.norm(errors[0]) / np.linalg.norm(errors[1]))
    held = np.mean([row["low"] <= truth[row["day"]] <= row["high"] for row in judged])
    assert quality["coverage"] == pytest.approx(held)
    assert found["lead"]["mean"] == pytest.approx(1, abs=0.5)  # as good as the figure, a week before it
    assert found["lead"]["low"] <= found["lead"]["mean"] <= found["lead"]["high"]


def test_what_is_named_or_all_that_is_known_long_enough(site: Path) -> None:
    found = asked(site, *SHORT, "--known-on", DAY)
    assert sorted(row["signal"] for row in found["drift"]) == ["drifting", "search"]
    assert any("young (30)" in line and "60 weeks that are needed" in line for line in found["said"])
    assert "1 signals are not known of the week to be foretold and are not used: ended." in found["said"]
    alarms = {row["signal"]: row for row in found["drift"]}
    assert alarms["drifting"]["alarm"] is True
    assert alarms["drifting"]["ratio_to_usual"] == pytest.approx(3, rel=0.3)
    assert alarms["search"]["alarm"] is False
    assert found["said"][-1].startswith("drifting no longer means what it meant: it parted from the official figure in the week of 2025-1")


def test_nothing_later_is_used(site: Path, tmp_path: Path) -> None:
    """Neither later weeks nor revisions of the past change what was said then, and a past day says what was said then."""
    whole = {row["day"]: row for row in asked(site, *SHORT, "--with", "search")["weeks"]}
    names = ("estimate", "low", "high", "carried")
    for day in (str(FIRST + timedelta(weeks=150, days=3)), str(FIRST + timedelta(weeks=200, days=3))):
        then = asked(site, *SHORT, "--with", "search", "--known-on", day)["weeks"]
        assert then[-1]["official"] is None
        for row in then:
            assert [row[name] for name in names] == [whole[row["day"]][name] for name in names]
    revised = asked(made(tmp_path, revised=True), *SHORT, "--with", "search")
    assert [row["estimate"] for row in revised["weeks"]] == pytest.approx([row["estimate"] for row in whole.values()])
    assert revised["quality"]["error_to_naive_as_revised"] > revised["quality"]["error_to_naive"]


def test_figures_two_weeks_late_are_not_used_before_they_are_out(site: Path) -> None:
    measured = asked(site, *SHORT, "--with", "search", "--known-on", DAY)
    assert any("is taken to be out 1 week after" in line for line in measured["said"])
    late = asked(site, *SHORT, "--with", "search", "--known-on", DAY, "--delay", "3")
    figures = official()
    row = late["weeks"][50]
    week = (date.fromisoformat(row["day"]) - FIRST).days // 7
    assert row["carried"] == pytest.approx(figures[week - 3])
    assert late["weeks"][-1] == measured["weeks"][-1]  # one week beyond the newest figure, however late figures usually are


def test_too_few_weeks_are_counted(site: Path) -> None:
    found = asked(site, signal="few", place="US/NY")
    assert found["weeks"] == []
    assert found["said"][0].startswith("30 weeks of few are known; a nowcast with an interval needs 124: 94 are missing.")
    assert "With --lags 4 --window 40 60 are needed" in found["said"][0]


def test_unknown_names_are_refused_with_those_that_are_there(site: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    with pytest.raises(
        SettingsError, match=r"no signal sneezes with weeks of US beside flu. --with can name: drifting, ended, search, young"
    ):
        asked(site, *SHORT, "--with", "sneezes")
    with pytest.raises(NotFoundError, match=r"No official figure of measles in US was known. Official series of US: drifting, ended, flu"):
        asked(site, signal="measles")
    with pytest.raises(NotFoundError, match="was known on 2020-01-01"):
        asked(site, "--known-on", "2020-01-01")
    with pytest.raises(SettingsError, match="has no stratum 'old'; it has all"):
        asked(site, "--stratum", "old")
    with pytest.raises(SettingsError, match="comes from office"):
        asked(site, "--source", "nobody")
    monkeypatch.chdir(site)
    monkeypatch.setattr("sys.argv", ["heedful", "alerts", "early", "flu", "US", "--with", "sneezes"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "sneezes" in capsys.readouterr().err


def test_own_counts_are_those_known_when_the_week_was_nowcast() -> None:
    rows = days({"cough": [6, 7, 8, None, 0, 9, 10] * 2}, first=FIRST, posted=[50] * 7 + [50] * 6 + [0])
    monday = rows.filter(pl.col("signal") == "cough", pl.col("day") == FIRST)

    def known(people: int, after: int) -> pl.DataFrame:
        return monday.with_columns(people=pl.lit(people, pl.Int64), known_at=pl.col("known_at") + pl.duration(days=after))

    weeks = pl.Series([FIRST, FIRST + timedelta(weeks=1)])
    plain = 6 + 7 + 8 + 1.5 + 9 + 10
    for more, people in ((known(16, 3), plain + 10), (known(16, 30), plain), (known(6, 0), plain)):
        found = weekly_rates(pl.concat([more, rows]).unique(maintain_order=True), weeks, 1.5, 2)
        assert list(found) == ["cough"]
        assert found["cough"][0] == pytest.approx(1e5 * people / 350)
        assert np.isnan(found["cough"][1]), "nobody was seen on its Sunday"


def test_people_who_post_are_a_digital_signal(tmp_path: Path) -> None:
    """A site of posts: who tells of a cough each week is what the office counts a hundredfold, a week later."""
    weeks, posters = 56, 12
    coughs = np.random.default_rng(3).integers(4, posters, weeks)
    posts = []
    for week, people in enumerate(coughs):
        for day in range(7):
            at = datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(weeks=week, days=day)
            for author in range(posters):
                text = "I have a cough" if author < people else "what a lovely day"
                posts.append((f"{week}-{day}-{author}", f"a{author}", at, at, text))
    frame = pl.DataFrame(posts, schema=["post", "author", "posted_at", "known_at", "text"], orient="row")
    frame.write_ndjson(tmp_path / "posts.jsonl")
    days = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(weeks)]
    table = pl.DataFrame({"place": "world", "date": days, "value": 100 * coughs, "issue_date": [day + timedelta(days=11) for day in days]})
    table.head(weeks - 1).write_csv(tmp_path / "visits.csv")
    settings = Settings(
        input=[
            InputSettings("visits.csv", name="visits", kind="series.table"),
            InputSettings("posts.jsonl", name="posts", kind="posts.table"),
        ]
    )
    site = Site(settings, tmp_path / "site", FixedClock(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(weeks=weeks, days=2, hours=12)))
    run_site(site, site.inputs(settings.input, tmp_path))
    cough = "HP:0012735"
    found = early_warnings(site, Sought("visits", "world", digital=(cough,), learning=EarlyWarning(lags=1, window=20)))
    newest = found.weeks.row(-1, named=True)
    assert newest["day"] == date(2024, 1, 1) + timedelta(weeks=weeks - 1)
    assert newest["official"] is None
    assert newest["estimate"] == pytest.approx(100 * coughs[-1], rel=0.15)
    assert found.quality["error_to_naive"] < 0.4
    assert found.drift["signal"].to_list() == [cough]
    assert found.drift["alarm"].to_list() == [None]
    assert "Drift could not be tested for 1 signals: 131 weeks" in found.said[-1]
