"""`heedful sources`, `methods`, `tables`, `doctor`: what there is, and whether it is well."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from heedful import __version__
from heedful.cli.console import emit, open_site, say, table
from heedful.core.errors import HeedfulError
from heedful.core.registry import METHODS
from heedful.core.schemas import TABLES
from heedful.sources.base import SOURCES
from heedful.trust.audit import verify_chain

_PACKAGES = ("polars", "deltalake", "sqlalchemy", "numba", "numpy", "scipy", "orjson", "lxml")


def sources(json: bool) -> None:
    """Kinds of file."""
    cards = [source.card for source in SOURCES.load()]
    if json:
        emit(
            [
                {
                    "name": c.name,
                    "says": c.says,
                    "family": c.family,
                    "tables": [t.table for t in c.tables],
                    "codes": c.codes,
                    "units": c.units,
                    "zone_rule": c.zone_rule,
                    "terms": c.terms,
                    "tested_on": c.tested_on,
                }
                for c in cards
            ]
        )
        return
    table(
        "Sources",
        ["name", "what it reads", "tables", "time zones", "terms", "tested on"],
        [[c.name, c.says, ", ".join(t.table for t in c.tables), c.zone_rule, c.terms, c.tested_on] for c in cards],
    )


def methods(json: bool) -> None:
    """Method cards."""
    cards = [(method.card, method.run is not None) for method in METHODS.load()]
    if json:
        emit([{**card.__dict__, "parity": runs} for card, runs in cards])
        return
    table(
        "Methods",
        ["name", "definition", "unit", "reference", "equals", "limits"],
        [[c.name, c.definition, c.units, c.reference, c.equals, c.limits] for c, _ in cards],
    )


def tables(config: Path, json: bool) -> None:
    """Tables, with their rows where there is a site."""
    rows = _rows_on_site(config)
    if json:
        emit(
            [
                {
                    "table": s.table,
                    "kind": s.kind,
                    "stream": s.stream,
                    "key": s.key,
                    "says": (s.__doc__ or "").strip(),
                    "rows": rows.get(name),
                    "columns": {
                        n: {"type": str(c.dtype), "unit": c.unit, "nullable": c.nullable, "says": c.meaning} for n, c in s.columns.items()
                    },
                }
                for name, s in TABLES.items()
            ]
        )
        return
    for name, schema in TABLES.items():
        held = f", {rows[name]:,} rows" if name in rows else ""
        say(f"{name} ({schema.kind}, {schema.stream}{held}): {(schema.__doc__ or '').strip()}")
        table(
            "",
            ["column", "type", "unit", "meaning"],
            [[("* " if n in schema.key else "") + n, str(c.dtype), c.unit, c.meaning] for n, c in schema.columns.items()],
        )


def doctor(config: Path, json: bool) -> None:
    """Checks, one line each; exit 1 if one fails."""
    checks = [*_installation(), *_site(config)]
    if json:
        emit([{"check": name, "well": well, "says": says} for name, well, says in checks])
    else:
        for name, well, says in checks:
            say(f"{'ok  ' if well else 'FAIL'} {name}: {says}")
    raise typer.Exit(0 if all(well for _, well, _ in checks) else 1)


def _rows_on_site(config: Path) -> dict[str, int]:
    if not config.exists():
        return {}
    found: dict[str, int] = {}
    with open_site(config) as site:
        for name in site.lake.names():
            delta = site.lake.delta(name)
            if delta is not None:
                found[name.split("/")[0]] = found.get(name.split("/")[0], 0) + delta.count()
        for name, schema in TABLES.items():
            if schema.kind == "ledger":
                found[name] = site.ledger.rows(name).height
    return found


def _installation() -> list[tuple[str, bool, str]]:
    python = platform.python_version()
    lines = [("heedful", True, __version__), ("Python", sys.version_info >= (3, 11), python)]
    for package in _PACKAGES:
        try:
            lines.append((package, True, version(package)))
        except PackageNotFoundError:
            lines.append((package, False, "not installed; install heedful again"))
    return lines


def _site(config: Path) -> list[tuple[str, bool, str]]:
    if not config.exists():
        return [("settings", True, f"there is no {config}; write one with: heedful init")]
    try:
        with open_site(config) as site:
            broken = verify_chain(site.ledger.rows("audit"))
            waiting = site.ledger.open_batches()
            mode = (site.folder / "secret.key").stat().st_mode & 0o077
            return [
                ("settings", True, str(config)),
                ("folder", os.access(site.folder, os.W_OK), f"{site.folder}, {site.lake.size() / 1e6:,.1f} MB in the lake"),
                (
                    "key",
                    mode == 0,
                    "only its owner may read it" if mode == 0 else f"others may read it; run: chmod 600 {site.folder / 'secret.key'}",
                ),
                ("audit", broken is None, "the chain is whole" if broken is None else f"act {broken} does not fit"),
                ("unfinished work", True, f"{len(waiting)} batches; the next run finishes them" if waiting else "none"),
            ]
    except HeedfulError as error:
        return [("settings", False, str(error))]
