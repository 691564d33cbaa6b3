"""`heedful guideline`: computable guidelines that plans are made from."""

from __future__ import annotations

from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.guidelines import add_guideline, list_guidelines, remove_guideline


def add(config: Path, file: Path, name: str, json: bool) -> None:
    """Check and keep a document."""
    with open_site(config) as site:
        plans = add_guideline(site.folder, file, name)
        site.ledger.audit(site.clock.now(), "guideline", {"added": name or file.stem, "plans": plans})
    emit({"plans": plans}) if json else say(f"Added {', '.join(plans)}. The next heedful run applies it; its items wait for approval.")


def listed(config: Path, json: bool) -> None:
    """All plans of the site."""
    with open_site(config) as site:
        rows = list_guidelines(site.folder)
    if json:
        emit({"guidelines": rows})
        return
    table("Guidelines", ["name", "plan", "title", "version", "date", "status"], [list(row.values()) for row in rows])
    if not rows:
        say("There is none. Add one with: heedful guideline add FILE")


def remove(config: Path, name: str, json: bool) -> None:
    """Take a document back."""
    with open_site(config) as site:
        remove_guideline(site.folder, name)
        site.ledger.audit(site.clock.now(), "guideline", {"removed": name})
    emit({"removed": name}) if json else say(f"Removed {name}. The next heedful run takes its items out of all plans.")
