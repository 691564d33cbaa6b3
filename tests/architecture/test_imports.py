"""Rooms import only downwards; subject rooms touch no disk, wire or database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_import_linter_keeps_its_contracts() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([str(command), "--no-cache"], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
