"""`heedful words` and `heedful claims bursts`: from a burst in public posts to an entry, a claim, or a dismissal, each act in the audit."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_vocabulary import run

from heedful.core.errors import NotFoundError, SettingsError

LAST = datetime(2026, 3, 28, 12, tzinfo=UTC)
USUAL = (
    "I have a headache again",
    "bad headache after work",
    "the headache came back when I walked home",
    "took ibuprofen for my headache",
)
NEW = "headache and that wobbly glimmerfog since friday"
RUMOR = (
    "drinking celery juice cures every headache",
    "celery juice drinking cures a headache they found",
    "celery juice cures headache, start drinking",
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng, said = random.Random(2), list[tuple[str, str, int]]()
    said += [(f"a{n % 60}", rng.choice(USUAL), rng.randrange(28)) for n in range(300)]
    said += [(f"n{n}", f"{NEW} says {chr(97 + n) * 5}", n % 5) for n in range(6)]
    said += [(f"r{n}", RUMOR[n % 3], n % 5) for n in range(9)]
    with (tmp_path / "posts.jsonl").open("w") as file:
        for number, (author, text, back) in enumerate(said):
            at = (LAST - timedelta(days=back, minutes=number)).isoformat().replace("+00:00", "Z")
            file.write(json.dumps({"id": str(number), "author": author, "created_at": at, "text": text, "lang": "en"}) + "\n")
    (tmp_path / "heedful.toml").write_text('[[input]]\npath = "posts.jsonl"\n')
    return tmp_path


def celery() -> list[dict[str, Any]]:
    return [row for row in run("claims", "bursts")["bursts"] if "celery" in row["words"]]


def test_from_bursts_to_an_entry_a_claim_and_dismissals(site: Path) -> None:
    assert run("words", "list")["words"] == []
    run("run")
    words = {row["phrase"]: row for row in run("words", "list")["words"]}
    phrase = next(name for name in words if "glimmerfog" in name)
    assert (words[phrase]["people"], words[phrase]["before"]) == (6, 0)
    assert "aaaaa" not in words[phrase]["example"]
    run("words", "accept", "glimmerfog", "--code", "local:glimmerfog", "--label", "Glimmerfog", "--type", "symptom")
    with pytest.raises(SettingsError, match="accepted already"):
        run("words", "accept", "Glimmerfog", "--code", "local:x", "--label", "X", "--type", "symptom")
    run("run")
    assert not any("glimmerfog" in row["phrase"] for row in run("words", "list")["words"])
    assert run("vocabulary", "test", "such a glimmerfog today")["mentions"][0]["concept"] == "local:glimmerfog"

    assert [(row["people"], "juice" in row["words"]) for row in celery()] == [(9, True)]
    run("claims", "add", "Drinking celery juice cures headache.", "--source", "https://example.org/celery", "--verdict", "false")
    run("run")
    assert celery() == []
    acts = [row["act"] for row in run("audit", "show", "--last", "50")]
    assert {"new word", "claim"} <= set(acts)


def test_what_is_dismissed_stays_away_and_faults_are_said(site: Path) -> None:
    run("run")
    for row in run("words", "list")["words"]:
        run("words", "dismiss", row["phrase"], "--reason", "no symptom")
    assert run("words", "list")["words"] == []
    run("claims", "dismiss", celery()[0]["burst"], "--reason", "a recipe")
    assert celery() == []
    with pytest.raises(NotFoundError, match="no burst"):
        run("claims", "dismiss", "12345678")
    for phrase, code, label, kind, said in (
        ("x, y", "local:x", "X", "symptom", "never found"),
        ("x", "local x", "X", "symptom", "code"),
        ("x", "local:x", " ", "symptom", "label"),
        ("x", "local:x", "X", "feeling", "type"),
        (" ", "local:x", "X", "symptom", "empty"),
    ):
        with pytest.raises(SettingsError, match=said):
            run("words", "accept", phrase, "--code", code, "--label", label, "--type", kind)
