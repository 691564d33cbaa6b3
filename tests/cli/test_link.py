"""`heedful link`: an account shown, linked, listed and let go, by commands alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_vocabulary import run
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import ConsentError

SETTINGS = """
[[input]]
path = "posts.jsonl"
name = "town"
"""


def posts(*texts: str) -> str:
    rows = [
        {"id": f"p{n}", "author": "ann", "created_at": f"2026-03-0{n}T10:00:00Z", "text": text, "lang": "en"}
        for n, text in enumerate(texts, 1)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_by_a_code_that_the_account_posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    (tmp_path / "heedful.toml").write_text((tmp_path / "heedful.toml").read_text() + SETTINGS)
    (tmp_path / "posts.jsonl").write_text(posts("I have a terrible headache today"))
    run("consent", "grant", "ana", "--purpose", "care")
    run("run")
    wanted = ("link", "add", "ana", "--source", "town", "--account", "ann", "--proof", "posted_code", "--by", "Dr Ames")
    with pytest.raises(ConsentError, match="--kinds own_posts"):
        run(*wanted)
    run("consent", "grant", "ana", "--purpose", "care", "--kinds", "own_posts")
    code = run("link", "code", "ana", "--source", "town", "--account", "ann")["code"]
    (tmp_path / "posts.jsonl").write_text(posts("I have a terrible headache today", f"it is me: {code}"))
    run("run")
    added = run(*wanted)
    assert added["recorded"] == 1
    held = run("link", "list", "ana")["links"][0]
    assert (held["proof"], held["proof_by"], held["purposes"], held["held"], held["posts"]) == ("posted_code", "Dr Ames", "care", 2, 2)
    assert "Linked accounts" in CliRunner().invoke(app, ["link", "list"]).output
    assert run("export", "ana")["files"]["linked_accounts.csv"] == 1
    run("consent", "withdraw", "ana", "--kinds", "own_posts")
    assert run("link", "list", "ana")["links"][0]["posts"] == 0
    run("consent", "grant", "ana", "--purpose", "care", "--kinds", "own_posts", "--from", "2026-03-02")
    assert run("link", "list", "ana")["links"][0]["posts"] == 1  # taken back, for later posts
    assert run("link", "remove", "ana")["removed"]["linked_accounts"] == 1
    assert run("link", "list")["links"] == []
    assert "No account is linked" in CliRunner().invoke(app, ["link", "list"]).output


def test_an_account_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    with pytest.raises(ConsentError, match="--source"):
        run("link", "add", "ana")
