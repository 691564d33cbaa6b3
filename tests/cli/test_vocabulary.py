"""`heedful vocabulary`: own words are checked, kept, listed, tried, and change what the next run finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from heedful.cli.console import open_site
from heedful.cli.main import app
from heedful.core.errors import HeedfulError, SettingsError, SourceError
from heedful.core.schemas import Mentions

OWN = "# version: 3\nterm\tcode\tlabel\ttype\nglorp fever\tmy:1\tGlorp fever\tcondition\nheadache\tmy:2\tMy headache\tsymptom\na, b\tmy:3\tx\tdrug\n"


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    if isinstance(result.exception, HeedfulError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run("init")
    (tmp_path / "own.tsv").write_text(OWN)
    return tmp_path


def concepts(text: str) -> list[tuple[str, str, str]]:
    return [(row["concept"], row["assertion"], row["cue"]) for row in run("vocabulary", "test", text)["mentions"]]


def test_without_a_site_the_packaged_words_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert concepts("no headache today") == [("HP:0002315", "absent", "no")]
    assert [row["name"] for row in run("vocabulary", "list")["vocabularies"]] == ["packaged"]


def test_own_words_are_kept_listed_and_win(site: Path) -> None:
    assert concepts("I never had glorp fever") == [("HP:0001945", "absent", "never had")]
    added = run("vocabulary", "add", "own.tsv", "--licence", "CC0")
    assert added["terms"] == 2
    assert added["never_found"] == ["a, b"]
    own, packaged = run("vocabulary", "list")["vocabularies"]
    assert own | {"path": ""} == {"name": "own", "path": "", "source": "own.tsv", "version": "3", "licence": "CC0", "terms": 2}
    assert packaged["terms"] > 50_000
    assert any("Human Phenotype Ontology" in note for note in packaged["notes"])
    assert concepts("I never had glorp fever") == [("my:1", "absent", "never had")]
    assert concepts("what a HEADACHE")[0][0] == "my:2"
    with pytest.raises(SettingsError, match="--replace"):
        run("vocabulary", "add", "own.tsv")
    (site / "own.tsv").write_text("term,code,label\nblarg,my:9,Blarg\n")
    assert run("vocabulary", "add", "own.tsv", "--type", "drug", "--replace")["terms"] == 1
    assert concepts("glorp fever, blarg") == [("HP:0001945", "present", ""), ("my:9", "present", "")]
    assert "not stated" in CliRunner().invoke(app, ["vocabulary", "list"]).output
    assert "blarg" in CliRunner().invoke(app, ["vocabulary", "test", "I took blarg"]).output


def test_the_next_run_reads_all_texts_again(site: Path) -> None:
    (site / "posts.jsonl").write_text(
        "".join(
            json.dumps({"id": n, "author": f"a{n}", "created_at": "2026-03-01T10:00:00Z", "text": "I have glorp fever"}) + "\n"
            for n in range(5)
        )
    )
    settings = site / "heedful.toml"
    settings.write_text(settings.read_text() + '\n[[input]]\npath = "posts.jsonl"\n')

    def held() -> list[str]:
        with open_site(settings) as opened:
            step = next(step for step in opened.engine.plan.steps if step.derivation.name == "mentions")
            return opened.lake.read_derived(step.table, Mentions, None)["concept"].to_list()

    run("run")
    assert held() == ["HP:0001945"] * 5
    run("vocabulary", "add", "own.tsv")
    run("run")
    assert held() == ["my:1"] * 5


def test_settings_name_tables_too(site: Path) -> None:
    settings = site / "heedful.toml"
    settings.write_text(settings.read_text().replace("vocabularies = []", 'vocabularies = ["own.tsv"]'))
    assert concepts("glorp fever")[0][0] == "my:1"
    settings.write_text(settings.read_text().replace("own.tsv", "none.tsv"))
    with pytest.raises(SettingsError, match=r"none\.tsv, which is no file"):
        run("vocabulary", "list")


def test_bad_files_and_names_are_refused_and_nothing_is_kept(site: Path) -> None:
    (site / "bad.csv").write_text("term,code,label,type\na,b,c,disease\n")
    with pytest.raises(SourceError, match=r"bad\.csv, line 2: 'disease' is not a type of term"):
        run("vocabulary", "add", "bad.csv")
    (site / "bad.csv").write_text('term,code,label,type\n"a, b",b,c,drug\n')
    with pytest.raises(SourceError, match="can be found"):
        run("vocabulary", "add", "bad.csv")
    with pytest.raises(SettingsError, match="cannot be the name"):
        run("vocabulary", "add", "own.tsv", "--name", "../x")
    assert [row["name"] for row in run("vocabulary", "list")["vocabularies"]] == ["packaged"]
