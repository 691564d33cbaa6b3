"""`heedful evaluate illness`, small: every detector runs forward, alarms are told weekly, real recordings are read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import NotFoundError, SettingsError
from heedful.loops.evaluate.illness import (
    WARM_UP,
    cusum,
    evaluate_illness,
    nightsignal,
    own,
    real_members,
    real_rows,
    rhr_diff,
    rhrad,
    told,
)
from heedful.loops.evaluate.illness_town import town_members
from heedful.simulate.cohort import Member, member


def _until(one: Member, days: int) -> Member:
    return Member(
        one.person, one.rate[:days], one.steps[:days], one.nights[:days], one.coverage[:days], one.onset, one.raised[:days], one.notes,
        one.other[:days],
    )  # fmt: skip


@pytest.mark.parametrize("detect", [nightsignal, own, cusum, rhr_diff, rhrad])
def test_no_detector_looks_ahead(detect: object) -> None:
    one = member(3, 1, 70)
    score, level = detect(one)  # type: ignore[operator]
    # what is known at seven in the morning of day 44
    part = _until(one, 45)
    part.rate[44, 420:] = np.nan
    early, early_level = detect(part)  # type: ignore[operator]
    assert np.allclose(early[WARM_UP:44], score[WARM_UP:44])
    assert (early_level[WARM_UP:44] == level[WARM_UP:44]).all()


def test_told_at_most_weekly_and_never_in_the_warm_up() -> None:
    assert told(np.ones(50, bool)) == [35, 42, 49]


def test_a_small_evaluation_gives_every_line_and_is_the_same_again() -> None:
    found = evaluate_illness(people=12, hourly=0, days=90)
    names = [(line.detector, line.setting) for line in found.simulated]
    settings = [("NightSignal", "yellow"), ("NightSignal", "red"), ("own", "level 1"), ("own", "equal alarms"), ("own", "as rare as red")]
    worlds = ["", ", annotated", ", town"]
    assert names == [(detector, setting + world) for world in worlds for detector, setting in settings]
    assert found == evaluate_illness(people=12, hourly=0, days=90)
    first = found.simulated[0]
    assert first.people == 6
    assert 0 <= first.placebo.value <= 1
    assert first.gain.value == 0


def test_people_of_towns_have_poor_watches_and_an_onset_where_the_town_says_so() -> None:
    members = town_members(24, seed=3, days=60)
    assert [one.person for one in members[:12]] == [one.person for one in town_members(12, seed=3, days=60)]
    assert len(members) == 24
    ill = [one for one in members if one.onset >= 0]
    assert ill
    for one in members:
        assert np.isnan(one.nights[:, 1:4]).all()
        assert one.days == 60
        assert one.raised.any() == (one.onset >= 0)
    before = np.concatenate([one.nights[: one.onset, 0] - np.nanmean(one.nights[:, 0]) for one in ill])
    during = np.concatenate([one.nights[one.raised, 0] - np.nanmean(one.nights[:, 0]) for one in ill])
    assert np.nanmean(during) > np.nanmean(before) + 4


def test_refusals() -> None:
    with pytest.raises(SettingsError, match="at least 8 people"):
        evaluate_illness(people=4)
    with pytest.raises(SettingsError, match="70 days"):
        member(1, 1, 40)


def test_real_recordings_are_read_and_short_ones_said_to_be(shared_data: Path, tmp_path: Path) -> None:
    members = real_members(shared_data / "behavior")
    assert {one.person for one in members} >= {"P355472"}
    rows = real_rows([one for one in members if one.days < 60])
    assert rows
    assert all(row["note"] == "too short to be judged" for row in rows)
    with pytest.raises(NotFoundError, match="shape of"):
        real_members(tmp_path)


def test_the_command() -> None:
    said = CliRunner().invoke(app, ["evaluate", "illness", "--simulate", "8", "--hourly", "0", "--days", "80", "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.output)["simulated"][0]["detector"] == "NightSignal"
    shown = CliRunner().invoke(app, ["evaluate", "illness", "--simulate", "8", "--hourly", "0", "--days", "80"])
    assert shown.exit_code == 0
    assert "placebo" in shown.output
