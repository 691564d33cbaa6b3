"""Each kind of bad input of an official series through the commands: refused, or set aside with series, date and cure; the rest counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_vocabulary import run
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import NotFoundError, SettingsError

MONDAY = date(2024, 3, 25)
HEAD = "place,date,value"
ISSUED = HEAD + ",issue_date"
Files = Callable[..., None]


def weeks(many: int, place: str = "US/NY", ends: str = "", value: Callable[[int], float] = lambda n: 5 + n % 3) -> list[str]:
    return [f"{place},{MONDAY - timedelta(weeks=many - 1 - n)},{value(n)}{ends}" for n in range(many)]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    run("init")
    settings = (tmp_path / "heedful.toml").read_text()

    def write(*lines: str, file: str = "a.csv", more: str = "") -> None:
        (tmp_path / "in" / file).write_text("\n".join(lines) + "\n")
        (tmp_path / "heedful.toml").write_text(f'{settings}\n[[input]]\npath = "in"\nname = "flu"\n{more}')

    return write


def aside() -> list[tuple[int, str]]:
    return [(row["line"], row["reason"]) for row in run("quarantine")["rows"]]


def said(place: str = "US/NY", *more: str) -> dict[str, Any]:
    found: dict[str, Any] = run("alerts", "history", "flu", place, *more)
    return found


SET_ASIDE = (
    ("US/CA,2024-03-18,-3,2024-03-28", "its count is below 0; correct it", "flu, US/CA, all, 2024-03-18"),
    ("US/CA,2024-03-18,2.5,2024-03-28", "its count is not a whole number; correct it", "flu, US/CA, all, 2024-03-18"),
    ("US/CA,2024-03-18,many,2024-03-28", "its value is not a number; correct it", "flu, US/CA, all, 2024-03-18"),
    (f"US/NY,{MONDAY},99,2024-03-28", "keep one row, or map the column", f"flu, US/NY, all, {MONDAY}"),
    (f"US/NY,{MONDAY},9,2090-03-01", "correct its issue date or the clock", f"flu, US/NY, all, {MONDAY}"),
    ("US/NY,2090-03-06,9,2024-03-28", "correct its date or the clock", "flu, US/NY, all, 2090-03-06"),
)
"""Negative, fractional, no number, twice with another value, a vintage from the future, a forecast."""


def test_a_row_that_is_no_count_is_set_aside_with_series_date_and_cure_and_the_rest_is_counted(files: Files) -> None:
    files(ISSUED, *weeks(40, ends=",2024-03-28"), *(line for line, _, _ in SET_ASIDE))
    [account] = run("run")["inputs"]
    assert (account["rows_in"], account["rows_out"], account["quarantined"]) == (46, 40, 6)
    for (number, reason), (_, cure, about) in zip(aside(), SET_ASIDE, strict=True):
        assert cure in reason
        assert cure in account["reasons"]
        assert reason.endswith(f"[{about}]")
        assert number >= 42
    assert [row["value"] for row in said()["rows"]] == [5 + n % 3 for n in range(40)]
    shown = " ".join(CliRunner().invoke(app, ["quarantine"]).output.split())
    assert "6 rows are set aside; nothing was lost." in shown
    assert "2090-03-06]" in shown  # brackets are no markup


def test_a_setting_from_the_future_is_refused_with_its_cure(files: Files) -> None:
    files(HEAD, *weeks(20), more='settings = { issue_date = "2090-01-01" }\n')
    with pytest.raises(SettingsError, match=r"2090-01-01 lies after this site's clock .* Correct the setting or the clock"):
        run("run")
    assert run("quarantine") == {"rows": [], "all": 0}


def test_missing_values_gaps_one_week_and_zeros_are_named_with_how_much(files: Files) -> None:
    files(HEAD, *weeks(20, "A")[:10], *weeks(20, "A")[13:19], f"A,{MONDAY},", *weeks(1, "B"), *weeks(52, "C", value=lambda _: 0))
    [account] = run("run")["inputs"]
    assert (account["quarantined"], account["refused"]) == (0, 0)
    first, gap = MONDAY - timedelta(weeks=19), MONDAY - timedelta(weeks=9)
    assert f"4 of the 20 weeks from {first} to {MONDAY} were not issued; the first missing is {gap}." in said("A")["said"][0]
    assert said("A")["rows"][-1]["value"] is None
    assert said("B")["said"][0] == "flu, all: 1 week is known; EARS needs 12: 11 are missing."
    assert "All 52 weeks are zero: the first case will be no alarm" in " ".join(said("C")["said"])


def test_an_unknown_place_is_kept_named_and_never_in_a_sum(files: Files) -> None:
    files(HEAD, *weeks(20, "Atlantis"), *weeks(20, "US/NY"), *weeks(20, "US/CA"))
    run("run")
    assert 'Map it in the input\'s settings: places = {"Atlantis" = "XX/YY"}' in said("Atlantis")["said"][-1]
    assert {row["value"] for row in said("US", "--roll-up")["rows"]} == {10, 12, 14}
    with pytest.raises(NotFoundError, match="Nothing of flu in Nowhere"):
        said("Nowhere")


def test_two_time_zones_keep_the_days_that_their_issuers_wrote(files: Files) -> None:
    """One instant, two calendar days."""
    files(HEAD, "US,2024-01-01T23:00:00-05:00,5", "GB,2024-01-02T04:00:00+00:00,6")
    run("run")
    assert [said(place)["rows"][0]["day"] for place in ("US", "GB")] == ["2024-01-01", "2024-01-02"]


def test_another_value_from_a_second_file_is_a_later_issue_and_the_earlier_one_stays_known(files: Files) -> None:
    files(HEAD, *weeks(20))
    run("run")
    files(HEAD, f"US/NY,{MONDAY},99", file="b.csv")
    accounts = run("run")["inputs"]
    assert [(row["rows_in"], row["rows_out"], row["quarantined"]) for row in accounts] == [(20, 20, 0), (1, 1, 0)]
    assert said()["rows"][-1]["value"] == 99


def test_a_withdrawn_week_is_missing_from_then_on_and_known_before(files: Files) -> None:
    files(ISSUED, *weeks(20, ends=",2024-03-28"))
    run("run")
    files(ISSUED, *weeks(20, ends=",2024-03-28"), f"US/NY,{MONDAY},,2024-04-02")
    run("run")
    now, before = said(), said("US/NY", "--known-on", "2024-04-01")
    assert now["rows"][-1]["value"] is None
    assert f"the first missing is {MONDAY}" in now["said"][0]
    assert (before["rows"][-1]["value"], "not issued" in " ".join(before["said"])) == (6, False)
