"""`heedful claims`: keep a bank of claims that others have checked, and ask which of them a text repeats."""

from __future__ import annotations

from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.claim_bank import claim_file, matched
from heedful.loops.word_queue import BASELINE, WINDOW, burst_queue, dismiss, has_baseline


def add(config: Path, claim: str, source: str, verdict: str, json: bool) -> None:
    """Add a claim with its source's verdict."""
    with open_site(config) as site:
        bank = claim_file(site.folder)
        bank.add(claim, source, verdict, site.clock.now())
        site.ledger.audit(site.clock.now(), "claim", {"claim": claim, "source": source, "verdict": verdict})
        held = bank.claims().height
    emit({"claims": held, "path": str(bank.path)}) if json else say(
        f"Added. The bank holds {held:,} claim{'s' if held != 1 else ''} ({bank.path}). The next heedful run looks for it in all texts."
    )


def listed(config: Path, json: bool) -> None:
    """All claims."""
    with open_site(config) as site:
        claims = claim_file(site.folder).claims()
    if json:
        emit({"claims": claims.to_dicts()})
        return
    table("Claims", ["claim", "verdict of the source", "source", "added"], claims.select("claim", "verdict", "source", "added_at").rows())
    if not claims.height:
        say("The bank is empty. Add a claim with: heedful claims add TEXT --source URL --verdict VERDICT")


def match(config: Path, text: str, json: bool) -> None:
    """The claims that a text is about, or that none matched."""
    with open_site(config) as site:
        found = matched(claim_file(site.folder).claims(), text)
    if json:
        emit({"matches": found.to_dicts()})
        return
    columns = ["claim", "verdict of the source", "source", "share in common", "words in common", "stance", "because of"]
    rows = found.select("claim", "verdict", "source", found["share"].round(2), "evidence", "stance", "cue")
    table("Claims that this text may be about", columns, rows.rows())
    say("Words in common and rules: a person reads before anything is done about it." if found.height else "No claim matched.")


def bursts(config: Path, json: bool) -> None:
    """What many people suddenly write that matches no claim."""
    with open_site(config) as site:
        found, judged = burst_queue(site), has_baseline(site)
        site.ledger.audit(site.clock.now(), "read", {"queue": "claim bursts", "rows": found.height})
    if json:
        emit({"bursts": found.to_dicts(), "window_days": WINDOW, "baseline_days": BASELINE, "baseline": judged})
        return
    table(
        f"Bursts that match no claim: people in {WINDOW} days, and in the {BASELINE} before",
        ["burst", "words", "people", "before", "q", "example"],
        found.select("burst", "words", "people", "before", found["q"].round_sig_figs(2), "example").rows(),
    )  # fmt: skip
    if found.height:
        say("Name one that somebody has checked: heedful claims add TEXT --source URL --verdict VERDICT; or: heedful claims dismiss BURST")
    else:
        say("No burst." if judged else f"No burst: there are not yet {WINDOW} days of posts to tell new from usual.")


def dismissed(config: Path, burst: str, reason: str, json: bool) -> None:
    """Take a burst off the list for good."""
    with open_site(config) as site:
        dismiss(site, "burst", burst, reason)
    emit({"burst": burst, "dismissed": True, "reason": reason}) if json else say(f"The burst {burst} will not be listed again.")
