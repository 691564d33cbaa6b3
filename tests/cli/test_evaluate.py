"""`heedful evaluate language` and `heedful learn`: exit codes, the table, and one JSON document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.loops.evaluate import running
from heedful.loops.evaluate.tasks import AbsentSetError, Figure


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch):
    own = {"fine": lambda data, train: [Figure("fine.one", "F1", 9, 0.8, 0.7, 0.9, 0.6, 0.75, True, "a note")]}
    monkeypatch.setattr(running, "load_tasks", lambda: own)
    return own


def test_table_and_exit_codes(tmp_path: Path, tasks: dict) -> None:
    def absent(data: Path, train: Path) -> list[Figure]:
        raise AbsentSetError("no such set here")

    tasks["gone"] = absent
    result = run("evaluate", "language", "--data", str(tmp_path))
    assert result.exit_code == 0
    assert "fine.one, F1" in result.output
    assert "absent" in result.output
    assert "no such set here" in result.output
    assert "1 figures, 0 missed, 1 tasks absent" in result.output
    tasks["bad"] = lambda data, train: [Figure("bad.one", "F1", 9, 0.7, 0.6, 0.8, None, 0.75, False)]
    assert run("evaluate", "language", "--data", str(tmp_path)).exit_code == 1


def test_json(tmp_path: Path, tasks: dict) -> None:
    result = run("evaluate", "language", "--data", str(tmp_path), "--json")
    document = json.loads(result.output)
    assert document["passed"]
    assert document["figures"][0]["task"] == "fine.one"


def test_learn_lists_heads_with_their_cards() -> None:
    result = run("learn", "list", "--json")
    heads = {head["name"]: head for head in json.loads(result.output)["heads"]}
    assert heads["treatment"]["licence"] == "CC BY 4.0"
    assert heads["stress"]["ships"] is False
    assert "treatment:" in run("learn", "list").output
