"""Commands as a new user meets them: exit codes, sentences, `--json`, and that the parity the design asks for holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def heedful(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "heedful.cli.main", *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_first_day(tmp_path: Path) -> None:
    assert heedful("init", cwd=tmp_path).returncode == 0
    again = heedful("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr
    (tmp_path / "posts.jsonl").write_text(
        "".join(
            json.dumps({"id": n, "author": f"a{n}", "created_at": f"2026-03-0{n % 5 + 1}T10:00:00Z", "text": "I have a terrible headache"})
            + "\n"
            for n in range(40)
        )
    )
    settings = tmp_path / "heedful.toml"
    settings.write_text(settings.read_text() + '\n[[input]]\npath = "posts.jsonl"\n')
    run = heedful("run", "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["inputs"][0]["rows_out"] == 40
    second = heedful("run", "--json", cwd=tmp_path)
    assert json.loads(second.stdout)["inputs"][0]["rows_out"] == 40
    assert heedful("report", "--as-of", "2026-03-03", cwd=tmp_path).returncode == 0
    assert heedful("audit", "verify", cwd=tmp_path).returncode == 0
    assert heedful("doctor", cwd=tmp_path).returncode == 0
    tables = {row["table"]: row["rows"] for row in json.loads(heedful("tables", "--json", cwd=tmp_path).stdout)}
    assert tables["mentions"] == 40
    # A changed audit is found, and said with exit code 1.
    import sqlite3

    with sqlite3.connect(tmp_path / "heedful-data" / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE audit SET act = 'nothing' WHERE n = 1")
    assert heedful("audit", "verify", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[disclosure]\nminimum_cell = 1", "minimum_cell"),
        ("[disclosure]\nminimun_cell = 5", "Did you mean 'minimum_cell'"),
        ("[decisions]\nhigh = 1.0", "always possible"),
        ("[decisions]\nquiet_from = '25:00'", "HH:MM"),
        ("[[input]]\npath = 'nowhere.csv'", "does not exist"),
        ("[[input]]\npath = '.'\nkind = 'posts.tabel'", "posts.table"),
        ("[[input]]\npath = '.'\nzone = 'Mars/Olympus'", "time zone"),
        ("[site", "not valid TOML"),
    ],
)
def test_unsafe_and_impossible_settings_are_refused_with_the_cure(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "heedful.toml").write_text(line)
    run = heedful("run", cwd=tmp_path)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_a_file_of_nothing_known_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(os.urandom(1000))
    run = heedful("look", "noise.bin", cwd=tmp_path)
    assert run.returncode == 2
    assert "heedful sources" in run.stderr
    missing = heedful("look", "nothing.csv", "--json", cwd=tmp_path)
    assert missing.returncode == 2
    assert "does not exist" in json.loads(missing.stdout)["error"]


def test_unknown_options_and_commands_exit_with_two(tmp_path: Path) -> None:
    assert heedful("lok", cwd=tmp_path).returncode == 2
    assert heedful("run", "--folow", cwd=tmp_path).returncode == 2


def test_starting_imports_nothing_heavy() -> None:
    heavy = ["polars", "numpy", "numba", "deltalake", "sqlalchemy", "altair", "scipy", "pyarrow", "lxml"]
    code = f"import sys, heedful.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("area", ["surveillance", "behavior"])
def test_parity_of_the_first_release(area: str, shared_reference: Path, tmp_path: Path) -> None:
    wanted = ("ears_c", "adherence_cma1_", "adherence_cma7_obs182_365", "illness_nightsignal")
    for case in sorted(path for path in (shared_reference / area).iterdir() if path.name.startswith(wanted)):
        run = heedful("parity", str(case), "--json", cwd=tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
        assert json.loads(run.stdout)["cases"][0]["verdict"] == "pass"


def test_parity_says_what_is_not_offered(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    (case / "call.json").write_text(json.dumps({"method": "nobody.knows", "arguments": {}, "inputs": {}}))
    (case / "expected.json").write_text(json.dumps({"outputs": {"x": 1}, "tolerance": {"rel": 0, "abs": 0}}))
    run = heedful("parity", str(case), "--json", cwd=tmp_path)
    assert run.returncode == 1
    assert json.loads(run.stdout)["cases"][0]["verdict"] == "not offered"
