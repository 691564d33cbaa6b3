"""`heedful adjudicate`: ask an endpoint of your choice where the built-in head is unsure; off until the settings say otherwise."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import polars as pl

from heedful.cli.console import emit, open_site, say, table
from heedful.core.errors import SettingsError
from heedful.core.labels import Public, Research
from heedful.core.schemas import Diary, Posts
from heedful.loops.adjudication import Budget, compared, doubts_in_diaries, doubts_in_posts
from heedful.loops.adjudication import adjudicate as ask
from heedful.sources import packaged
from heedful.sources.endpoint import ChatEndpoint
from heedful.store.answer_book import AnswerBook


def adjudicate(config: Path, report: bool, limit: int | None, json: bool) -> None:
    """Let an endpoint of your choice judge de-identified texts that the built-in head is unsure of; its answers are kept apart."""
    with open_site(config) as site:
        chosen = site.settings.adjudicator
        if not chosen.enabled and not report:
            raise SettingsError(
                "The adjudicator is off: nothing was sent. To use one set enabled = true, url and model under [adjudicator] in "
                f"{config}; de-identified texts will then leave this machine."
            )
        key = os.environ.get(chosen.key_env, "") if chosen.key_env else ""
        endpoint = ChatEndpoint(chosen.url, chosen.model, key, chosen.timeout_seconds)
        vocabulary, head = site.engine.resources["vocabulary"], packaged.head("treatment")
        doubts = [doubts_in_posts(site.engine.table(Posts, Public), head, vocabulary)]
        if chosen.diaries:
            doubts.append(doubts_in_diaries(site.view(Diary, Research), head, vocabulary))
        budget = Budget(chosen.calls_per_day, chosen.characters_per_day, chosen.longest)
        with AnswerBook(site.folder / "adjudications.sqlite", site.secret.value) as book:
            runs = [] if report else [ask(one, endpoint, book, budget, site.clock.now, most=limit) for one in doubts]
            found = [compared(one, endpoint, book) for one in doubts]
            refused, spent = book.refused(), book.spent(site.clock.now().date())
        if runs:
            counts = {"asked": sum(run.asked for run in runs), "answered": sum(run.answered for run in runs), "host": endpoint.host}
            site.ledger.audit(site.clock.now(), "adjudicate", counts)
    names = ("posts", "diaries")
    if json:
        emit({
            "runs": {names[n]: asdict(run) for n, run in enumerate(runs)},
            "agreement": {names[n]: rows.to_dicts() for n, rows in enumerate(found)},
            "refused": refused,
            "spent_today": spent._asdict(),
        })  # fmt: skip
        return
    for n, run in enumerate(runs):
        say(
            f"{names[n].capitalize()}: {run.texts:,} texts name a drug, the head is unsure of {run.unsure:,}; "
            f"{run.known:,} were answered before, {run.asked:,} asked, {run.answered:,} answered, "
            f"{sum(run.refused.values()):,} refused or failed, {run.too_long:,} too long to send."
            + (f" Stopped: {run.stopped}." if run.stopped else "")
        )
    for n, rows in enumerate(found):
        columns = ["label", "n", "agreement", "kappa", "adjudicator says yes", "head says yes"]
        shown = rows.with_columns(pl.col(pl.Float64).round(2).fill_nan(None))
        table(f"Agreement with the built-in head where it is unsure ({names[n]}, {chosen.model or 'no model'})", columns, shown.rows())
    for reason, count in refused.items():
        say(f"Not taken, {reason}: {count:,}")
    say(f"Spent today: {spent.calls:,} calls, {spent.characters:,} characters.")
