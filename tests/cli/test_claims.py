"""`heedful claims`: the bank is kept, a loose copy is matched, a stranger is not, and faults are said."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.test_vocabulary import run
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import SettingsError, StoreError

CLAIM, SOURCE = "Garlic cures the flu within 24 hours.", "https://example.org/garlic"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run("init")
    return tmp_path


def test_a_claim_is_kept_and_matched_or_not(site: Path) -> None:
    with pytest.raises(SettingsError, match="empty"):
        run("claims", "match", "anything")
    assert run("claims", "list")["claims"] == []
    assert run("claims", "add", CLAIM, "--source", SOURCE, "--verdict", "false")["claims"] == 1
    assert run("claims", "add", "The measles vaccine contains mercury.", "--source", SOURCE, "--verdict", "misleading")["claims"] == 2
    assert [row["verdict"] for row in run("claims", "list")["claims"]] == ["false", "misleading"]
    found = run("claims", "match", "my aunt says GARLIC cures flu in 24 hours lol")["matches"]
    assert [row["claim"] for row in found] == [CLAIM]
    assert 0.4 < found[0]["share"] < 1
    assert run("claims", "match", CLAIM)["matches"][0]["share"] == pytest.approx(1)
    for stranger in ("I have had the flu since Monday", "", "🤮"):
        assert run("claims", "match", stranger)["matches"] == []
    assert "No claim matched." in CliRunner().invoke(app, ["claims", "match", "so tired today"]).output


def test_faults_are_said_with_the_cure(site: Path) -> None:
    for claim, source, verdict, said in (
        (CLAIM, SOURCE, "fals", "not a verdict"),
        (CLAIM, "example.org", "false", "https"),
        ("...", SOURCE, "false", "empty"),
    ):
        with pytest.raises(SettingsError, match=said):
            run("claims", "add", claim, "--source", source, "--verdict", verdict)
    run("claims", "add", CLAIM, "--source", SOURCE, "--verdict", "false")
    with pytest.raises(SettingsError, match="already"):
        run("claims", "add", CLAIM.upper(), "--source", SOURCE, "--verdict", "false")
    bank = site / "heedful-data" / "claims.jsonl"
    bank.write_text(bank.read_text() + "{}\n")
    with pytest.raises(StoreError, match="line 2"):
        run("claims", "list")
