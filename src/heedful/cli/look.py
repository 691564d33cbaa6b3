"""`heedful look`: a folder of files in, one page out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from heedful.cli.console import ReadingProgress, accounts_table, counts_line, emit, say
from heedful.core.errors import NotFoundError
from heedful.loops.run import RunResult, run_site
from heedful.loops.settings import Settings
from heedful.loops.site import Input, Site
from heedful.report.gather import accounting, gather
from heedful.report.page import write_page
from heedful.sources.base import SOURCES, Options
from heedful.sources.recognise import Found, recognise

CONSENT = (
    "People in these files are looked at as your own, under a consent for care that this command records for the time of the look. "
    "Nothing leaves this machine, and what was kept for the look is deleted at its end."
)


def look(paths: list[Path], out: Path, zone: str, person: str, json: bool) -> None:
    """Recognise, read, compute, write the page; exit 2 if nothing could be read."""
    found = [hit for path in paths for hit in _found(path)]
    readable = [hit for hit in found if hit.source]
    if not json:
        for hit in found:
            say(f"{hit.path}: {SOURCES.get(hit.source).card.says if hit.source else 'not read: ' + (hit.reason or hit.why)}")
    if not readable:
        reasons = "; ".join(f"{hit.path.name}: {hit.reason or hit.why}" for hit in found[:5])
        raise NotFoundError(f"Nothing here can be read ({reasons}). See what can be read with: heedful sources")
    with tempfile.TemporaryDirectory(prefix="heedful-look-") as folder:
        site = Site(Settings(), Path(folder), own_files=True)
        inputs = [Input(hit.path, SOURCES.get(str(hit.source)), Options(hit.path.name.split(".")[0], person, zone)) for hit in readable]
        with ReadingProgress(json) as progress:
            result = run_site(site, inputs, progress, progress.step)
        notes = (
            CONSENT,
            *(f"Not read: {hit.path.name}: {hit.reason or hit.why}." for hit in found if not hit.source),
            *result.refused.values(),
        )
        write_page(gather(site, "look", "What your files say", ", ".join(path.name for path in paths), notes=notes), out)
        _tell(site, result, out, json, {str(hit.path): hit.reason or hit.why for hit in found if not hit.source})
        site.close()
    raise typer.Exit(2 if result.refused else 0)


def _found(path: Path) -> list[Found]:
    if not path.exists():
        raise NotFoundError(f"{path} does not exist. Check the name.")
    return recognise(path)


def _tell(site: Site, result: RunResult, out: Path, json: bool, unknown: dict[str, str]) -> None:
    rows = accounting(site)
    if json:
        emit({"page": str(out), "inputs": rows.to_dicts(), "not_read": unknown | result.refused})
        return
    accounts_table("What was read", rows)
    for name, accounts in result.accounts.items():
        if accounts.aside:
            say(f"{name}: fields kept aside: {counts_line(accounts.aside)}")
    for reason in result.refused.values():
        say(reason)
    say(f"The page: {out}")
