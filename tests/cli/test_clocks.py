"""`heedful clocks`: what it lists, and what it says where there is nothing to list."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.test_vocabulary import run
from tests.loops.test_clock_drift import lines
from typer.testing import CliRunner

from heedful.cli.main import app

SETTINGS = """
[[input]]
path = "steps.csv"
kind = "records.mapped"
[input.settings]
table = "observations"
[input.settings.columns]
person = "person"
code = "code"
start_at = "start_at"
end_at = "end_at"
value = "value"
device = "device"
"""


def test_a_watch_that_gains_and_nothing_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    assert run("clocks")["clocks"] == []
    assert "no device has rows of seven days" in CliRunner().invoke(app, ["clocks"]).output.replace("\n", " ")
    (tmp_path / "heedful.toml").write_text((tmp_path / "heedful.toml").read_text() + SETTINGS)
    (tmp_path / "steps.csv").write_text("\n".join(["person,code,start_at,end_at,value,device", *lines("p1", 3.0), ""]))
    run("consent", "grant", "p1", "--purpose", "care")
    run("run")
    (row,) = run("clocks", "--days", "3650")["clocks"]
    assert (row["device"], row["other"], row["told"]) == ("watch", "phone", True)
    assert row["gain_seconds"] == pytest.approx(3.0, abs=0.2)
    shown = " ".join(CliRunner().invoke(app, ["clocks", "--days", "3650"]).output.split())
    assert "gains" in shown
    assert "Nothing was moved" in shown
