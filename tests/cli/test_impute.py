"""`heedful impute` from a table of steps: the missing day is filled, marked, and kept nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.test_vocabulary import run

from heedful.core.errors import NotFoundError

SETTINGS = """
[[input]]
path = "heart.csv"
kind = "records.mapped"
settings = { table = "observations", columns = { person = "person", start_at = "at", value = "rate" }, code = "resting_heart_rate", unit = "/min" }
"""


def test_a_missing_day_is_filled_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    rows = [f"ana,2026-03-{day:02}T08:00:00Z,{50 + day}" for day in (2, 3, 5, 6)]
    (tmp_path / "heart.csv").write_text("\n".join(["person,at,rate", *rows, ""]))
    (tmp_path / "heedful.toml").write_text((tmp_path / "heedful.toml").read_text() + SETTINGS)
    run("consent", "grant", "ana", "--purpose", "care")
    run("run")
    found = run("impute", "ana", "resting_heart_rate[vendor]")["days"]
    assert [(one["value"], one["imputed"], one["from_days"]) for one in found] == [
        (52.0, False, 0), (53.0, False, 0), (54.0, True, 4), (55.0, False, 0), (56.0, False, 0),
    ]  # fmt: skip
    assert found[2]["missing"] == "no_data"
    with pytest.raises(NotFoundError, match="no day of"):
        run("impute", "ana", "no such feature")
