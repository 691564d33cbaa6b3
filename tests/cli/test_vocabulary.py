"""`heedful vocabulary`: own words are checked, kept, listed, tried, and change what the next run finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from heedful.cli.console import open_site
from heedful.cli.main import app, main
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


def test_broken_rows_are_named_the_rest_is_kept_and_the_exit_code_is_2(site: Path) -> None:
    (site / "half.csv").write_text("term,code,label,type\nglorp,my:1,Glorp,symptom\na,b\n")
    result = CliRunner().invoke(app, ["vocabulary", "add", "half.csv", "--json"])
    assert result.exit_code == 2
    assert "half.csv, line 3: there are 2 values below 4 column names" in json.loads(result.output)["broken"][0]
    assert concepts("I have glorp")[0][0] == "my:1"


def test_crosswalks_are_kept_shown_and_removed(site: Path) -> None:
    (site / "own.obo").write_text("format-version: 1.2\n\n[Term]\nid: X:1\nname: glorp ache\nxref: UMLS:C1\nxref: MSH:D2\n")
    assert run("vocabulary", "add", "own.obo", "--type", "symptom")["crosswalks"] == 2
    rows = run("vocabulary", "crosswalk", "X:1")["crosswalks"]
    assert [(row["vocabulary"], row["system"], row["other"]) for row in rows] == [("own", "UMLS", "C1"), ("own", "MSH", "D2")]
    assert run("vocabulary", "crosswalk", "umls:C1")["crosswalks"][0]["code"] == "X:1"
    assert {row["system"] for row in run("vocabulary", "crosswalk", "HP:0002315")["crosswalks"]} >= {"UMLS", "SNOMEDCT_US", "SYMP"}
    assert any(row["vocabulary"] == "own" for row in run("vocabulary", "list", "--crosswalks")["crosswalks"])
    assert concepts("tengo glorp ache desde ayer y no tengo fiebre, pero mucha tos")[0][0] == "X:1"
    assert len(run("vocabulary", "remove", "own")["removed"]) == 2
    assert run("vocabulary", "crosswalk", "X:1")["crosswalks"] == []
    with pytest.raises(SettingsError, match="no vocabulary own here"):
        run("vocabulary", "remove", "own")


def test_what_is_packaged_is_listed_with_source_version_and_licence() -> None:
    tables = {(row["table"], row["language"]): row for row in run("vocabulary", "list")["packaged_tables"]}
    assert tables["HPO", "en"]["version"] == "2025-01-16"
    assert tables["SYMP", "en"]["licence"] == "CC0 1.0"
    assert tables["drug names", "en"]["terms"] > 10_000
    assert tables["emoji", "all"]["terms"] >= 6
    assert all(tables["everyday words", language]["terms"] > 300 for language in ("es", "de", "fr"))


def test_a_text_is_tried_in_its_language() -> None:
    spanish = run("vocabulary", "test", "no tengo fiebre pero tengo mucha tos desde ayer")
    assert spanish["language"] == "es"
    assert [row["assertion"] for row in spanish["mentions"]] == ["absent", "present"]
    assert run("vocabulary", "test", "Fieber", "--language", "de")["mentions"][0]["concept"] == "HP:0001945"


def test_codes_that_share_a_name_are_joined(site: Path) -> None:
    (site / "own.tsv").write_text("term\tcode\tlabel\ttype\nHeadache\tmy:2\tMine\tsymptom\nheadache\tother:5\tTheirs\tsymptom\n")
    added = run("vocabulary", "add", "own.tsv")
    assert (added["terms"], added["taken_over"], added["broken"]) == (1, 1, [])
    assert concepts("a headache and a head ache")[0][0] == "my:2"
    rows = [(row["vocabulary"], row["code"], row["system"], row["other"]) for row in run("vocabulary", "crosswalk", "my:2")["crosswalks"]]
    assert rows[:2] == [("own", "my:2", "other", "5"), ("own", "my:2", "HP", "0002315")]
    assert ("packaged", "HP:0002315", "UMLS", "C0018681") in rows
    assert [row["code"] for row in run("vocabulary", "crosswalk", "other:5")["crosswalks"]] == ["my:2"]
    assert "my:2" in [row["code"] for row in run("vocabulary", "crosswalk", "HP:0002315")["crosswalks"]]
    assert "count under your codes" in CliRunner().invoke(app, ["vocabulary", "add", "own.tsv", "--replace"]).output


def test_own_terms_are_read_in_their_other_safe_order(site: Path) -> None:
    (site / "own.tsv").write_text("term\tcode\tlabel\ttype\nglorp lip swelling\tmy:1\tGlorp\tsymptom\n")
    run("vocabulary", "add", "own.tsv")
    assert concepts("no swelling of my glorp lips") == [("my:1", "absent", "no")]


@pytest.mark.parametrize("command", [("vocabulary", "test"), ("claims", "match"), ("words", "dismiss"), ("vocabulary", "crosswalk")])
def test_an_argument_that_is_no_text_is_refused(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, str]
) -> None:
    monkeypatch.setattr("sys.argv", ["heedful", *command, "caf\udce9 headache"])  # what Latin-1 bytes become
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert r"'caf\udce9 headache' is not UTF-8 text" in capsys.readouterr().err
