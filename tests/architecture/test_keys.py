"""Who may hold the key that puts a label on rows, and who may look at the clock."""

from __future__ import annotations

import ast
from pathlib import Path

import heedful

PACKAGE = Path(heedful.__file__).parent
KEY_HOLDERS = {"core", "trust/doors.py", "engine", "sources/base.py", "sources/quarantine.py"}
PURE_ROOMS = ("population", "behavior", "language", "person", "intervene", "trust")
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


def modules() -> list[tuple[str, ast.Module]]:
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))) for path in sorted(PACKAGE.rglob("*.py"))]


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_only_doors_engine_and_source_frames_hold_the_key() -> None:
    holders = {path for path, tree in modules() if any(name.startswith("heedful.core.seals") for name in imported(tree))}
    strangers = {path for path in holders if not any(path == holder or path.startswith(holder + "/") for holder in KEY_HOLDERS)}
    assert not strangers
    assert "trust/doors.py" in holders


def test_nobody_reaches_behind_the_seal() -> None:
    for path, tree in modules():
        if path == "core/seals.py" or path == "core/frames.py":
            continue
        assert not any(name.endswith("._SEALED") for name in imported(tree)), path
        touched = [
            node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "_data" and not _is_self(node.value)
        ]
        assert not touched, f"{path}: {touched} reads a frame's hidden rows"


def test_pure_rooms_ask_no_clock_and_open_no_file() -> None:
    for path, tree in modules():
        if path.split("/")[0] not in PURE_ROOMS:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "print", "input"), f"{path}:{node.lineno}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                assert (node.func.value.id, node.func.attr) not in CLOCKS, f"{path}:{node.lineno} asks the clock"
        assert not {"random", "pathlib", "os", "socket", "sqlite3", "requests"} & imported(tree), path


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
