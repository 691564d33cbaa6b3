"""The script behind docs/finding-reweighting.md, run on fewer series."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl

SCRIPT = Path(__file__).parents[2] / "scripts" / "reproduce_reweighting.py"


def test_the_finding_can_be_made_again() -> None:
    spec = importlib.util.spec_from_file_location("reproduce_reweighting", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    found = script.trends_kept(60, seed=5)
    share = {way: part["kept"].mean() for (way,), part in found.filter(pl.col("mean") == 30).group_by("way")}
    assert 0.55 < share["as in R"] < 0.85
    assert share["working weights kept"] < 0.1
    assert share["no reweighting"] < 0.1
    text = script.page(found, 60)
    assert text.count("\n| Poisson |") == 6
    assert "surveillance 1.20.3" in text
    assert script.picture(found).startswith("<svg")
