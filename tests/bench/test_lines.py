"""Every bench runs, at sizes that say nothing of speed, without peers: each line has a name, a figure and a bar. No time is judged."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from bench.measure import Line
from bench.run import FULL, QUICK, measured, table, verdict

TINY: dict[str, dict[str, Any]] = {
    "startup": {"rounds": 1},
    "install_size": {},
    "apple_health": {"megabytes": 1, "rounds": 1},
    "posts": {"posts": 300, "rounds": 1},
    "features": {"people": 2},
    "long_person": {"rows": 100_000},
    "engine": {"posts": 300, "people": 2, "rounds": 1},
    "decisions": {"alone": 3, "each": 2, "rounds": 1},
    "live": {"people": 3, "days": 3, "batches": 3},
    "erasing": {"people": 3, "times": 1},
    "population": {"series": 4, "r_series": 1, "places": 12, "pairs": 2_000, "strands": 50},
    "language": {
        "posts": 200,
        "rounds": 1,
        "terms": 2_000,
        "most_terms": 4_000,
        "hostile_bytes": 500,
        "long_bytes": 20_000,
        "compiling": False,
    },
    "behavior": {"beats": 3_000, "patients": 20},
    "fit": {"records": 500, "rounds": 1},
}
UNMEASURED_WITHOUT_PEERS = ("behavior", "language")
"""Benches with lines that are ratios to a peer: not measured where the peer is absent, and the table says so."""


def test_every_bench_is_run_here() -> None:
    assert FULL.keys() == QUICK.keys() == TINY.keys()
    assert all(QUICK[name].keys() == sizes.keys() == TINY[name].keys() for name, sizes in FULL.items())


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without peers and without the folder of shared data: as on a clean machine."""
    for name in ("HEEDFUL_SHARED", "HEEDFUL_NLP", "HEEDFUL_HOSTILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    for name in ("behavior", "language"):
        monkeypatch.setattr(f"bench.{name}.peer", lambda *_: "left out of this test")


@pytest.mark.parametrize("name", TINY)
def test_lines(name: str, tmp_path: Path, alone: None) -> None:
    found = measured(name, TINY[name], tmp_path)
    assert found
    for line in found:
        assert "could not be measured" not in line.beside, line.beside
        assert line.what
        assert line.bar
        assert isinstance(line.value, float | int)
        assert isinstance(line.met, bool)
        if math.isnan(line.value):
            assert name in UNMEASURED_WITHOUT_PEERS, line
        else:
            assert line.unit
    shown = table(found)
    assert all(line.what in shown and verdict(line) in shown for line in found)


def test_a_bench_that_fails_is_a_line_that_misses(tmp_path: Path) -> None:
    (line,) = measured("posts", {"no_such_size": 1}, tmp_path)
    assert (line.met, verdict(line)) == (False, "MISS")
    assert "could not be measured" in line.beside


def test_what_needs_a_peer_is_not_measured_rather_than_passed() -> None:
    assert verdict(Line("x", float("nan"), "", "≥ 2", True)) == "not measured"
