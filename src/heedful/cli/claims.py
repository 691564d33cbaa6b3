"""`heedful claims`: keep a bank of claims that others have checked, and ask which of them a text repeats."""

from __future__ import annotations

from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.claim_bank import matched
from heedful.store.claim_bank import ClaimFile


def add(config: Path, claim: str, source: str, verdict: str, json: bool) -> None:
    """Add a claim with its source's verdict."""
    with open_site(config) as site:
        bank = _bank(site.folder)
        bank.add(claim, source, verdict, site.clock.now())
        site.ledger.audit(site.clock.now(), "claim", {"claim": claim, "source": source, "verdict": verdict})
        held = bank.claims().height
    emit({"claims": held, "path": str(bank.path)}) if json else say(
        f"Added. The bank holds {held:,} claim{'s' if held != 1 else ''} ({bank.path})."
    )


def listed(config: Path, json: bool) -> None:
    """All claims."""
    with open_site(config) as site:
        claims = _bank(site.folder).claims()
    if json:
        emit({"claims": claims.to_dicts()})
        return
    table("Claims", ["claim", "verdict of the source", "source", "added"], claims.select("claim", "verdict", "source", "added_at").rows())
    if not claims.height:
        say("The bank is empty. Add a claim with: heedful claims add TEXT --source URL --verdict VERDICT")


def match(config: Path, text: str, json: bool) -> None:
    """The claims that a text is about, or that none matched."""
    with open_site(config) as site:
        found = matched(_bank(site.folder).claims(), text)
    if json:
        emit({"matches": found.to_dicts()})
        return
    columns = ["claim", "verdict of the source", "source", "share in common"]
    table("Claims that this text may be about", columns, found.select("claim", "verdict", "source", found["share"].round(2)).rows())
    say("Words in common only: whether the text spreads or refutes the claim is for you to read." if found.height else "No claim matched.")


def _bank(folder: Path) -> ClaimFile:
    return ClaimFile(folder / "claims.jsonl")
