"""`heedful crises` from a diary file: the run tells, the list shows, a human clears, nothing is listed after."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.test_vocabulary import run
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import NotFoundError

SETTINGS = """
[[input]]
path = "diary.csv"
kind = "records.mapped"
settings = { table = "diary", columns = { person = "person", entry = "entry", written_at = "written_at", text = "text" } }
"""


def test_a_crisis_is_told_listed_and_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    (tmp_path / "diary.csv").write_text("person,entry,written_at,text\nana,1,2026-03-01T10:00:00Z,I do not want to live any more\n")
    (tmp_path / "heedful.toml").write_text((tmp_path / "heedful.toml").read_text() + SETTINGS)
    run("consent", "grant", "ana", "--purpose", "care")
    assert run("run")["open_crises"] == 1
    found = run("crises", "list")
    assert [sign["words"] for sign in found["signs"]] == ["do not want to live"]
    with pytest.raises(NotFoundError, match="crises list"):
        run("crises", "clear", "nothing", "--by", "Dr Ames", "--reason", "called")
    assert run("crises", "clear", found["crises"][0]["crisis"], "--by", "Dr Ames", "--reason", "called")["cleared"]
    assert run("crises", "list") == {"crises": [], "signs": []}
    assert [sign["reason"] for sign in run("crises", "list", "--all")["signs"]] == ["called"]
    said = CliRunner().invoke(app, ["crises", "list"]).output
    assert "No crisis waits for a human." in said
    assert run("run")["open_crises"] == 0
