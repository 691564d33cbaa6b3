"""Every command, setting, table, source and method is documented, and the generated pages say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_generated_pages_are_up_to_date() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build_reference.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    missing = [page for page in pages if page not in navigation]
    assert not missing


def test_the_readme_names_the_commands_that_exist() -> None:
    from typer.main import get_command

    from heedful.cli.main import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    readme = (ROOT / "README.md").read_text("utf-8")
    words = [line.split()[2] for line in readme.splitlines() if line.startswith("$ heedful ")]
    assert words
    assert set(words) <= known
