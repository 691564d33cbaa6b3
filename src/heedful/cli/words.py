"""`heedful words`: the queue of new words; each is one command from becoming an entry of the vocabulary, or from being dismissed."""

from __future__ import annotations

from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.word_queue import BASELINE, WINDOW, accept_word, dismiss, has_baseline, word_queue


def listed(config: Path, json: bool) -> None:
    """New words of the newest week, the strongest first."""
    with open_site(config) as site:
        found, judged = word_queue(site), has_baseline(site)
        site.ledger.audit(site.clock.now(), "read", {"queue": "new words", "rows": found.height})
    if json:
        emit({"words": found.to_dicts(), "window_days": WINDOW, "baseline_days": BASELINE, "baseline": judged})
        return
    columns = ["phrase", "people", "before", "score", "q", "example"]
    table(
        f"New words beside symptoms, conditions and drugs: people in {WINDOW} days, and in the {BASELINE} before", columns,
        found.select("phrase", "people", "before", found["score"].round(1), found["q"].round_sig_figs(2), "example").rows(),
    )  # fmt: skip
    if found.height:
        say("Take one in: heedful words accept PHRASE --code CODE --label NAME --type symptom; or: heedful words dismiss PHRASE")
    else:
        say("No new words." if judged else f"No new words: there are not yet {WINDOW} days of posts to tell new from usual.")


def accept(config: Path, phrase: str, code: str, label: str, kind: str, json: bool) -> None:
    """Put a phrase into the site's vocabulary."""
    with open_site(config) as site:
        path = accept_word(site, phrase, code, label, kind)
    emit({"phrase": phrase, "code": code, "label": label, "type": kind, "path": str(path)}) if json else say(
        f"{phrase} is {code} ({label}) from now on ({path}). The next heedful run reads all texts again with it."
    )


def dismissed(config: Path, phrase: str, reason: str, json: bool) -> None:
    """Take a phrase off the list for good."""
    with open_site(config) as site:
        dismiss(site, "word", phrase, reason)
    emit({"phrase": phrase, "dismissed": True, "reason": reason}) if json else say(f"{phrase} will not be listed again.")
