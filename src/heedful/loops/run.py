"""One run of everything: consents, inputs, derived tables, decisions, outbox, outcomes; resumable at any point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from heedful.core.errors import SourceError
from heedful.engine.intake import Accounts
from heedful.loops.alert_channels import send_alerts
from heedful.loops.alerts import open_alerts
from heedful.loops.crisis_stops import open_crises
from heedful.loops.personal import decide_due, join_outcomes, send_waiting
from heedful.loops.site import Input, Progress, Site, read_consents

COMPACT_ABOVE = 100
"""Small files of a table above which it is compacted at the end of a run."""


@dataclass
class RunResult:
    """What a run did: by input its accounts, or why it could not be read; what recovery did; decisions and messages."""

    accounts: dict[str, Accounts] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    recovered: list[str] = field(default_factory=list)
    decisions: int = 0
    sent: int = 0
    expired: int = 0
    outcomes: int = 0
    alerts: int = 0
    crises: int = 0


def run_site(
    site: Site, inputs: Sequence[Input], progress: Progress | None = None, on_step: Callable[[str], None] | None = None
) -> RunResult:
    """Read `inputs` to their ends and bring everything up to date.

    An input that is not what it says is reported in `refused` with what it said until then kept; the others are read all the same.
    """
    result = RunResult()
    with site.writing() as recovered:
        result.recovered = recovered
        for one in inputs:
            try:
                result.accounts[one.path.name] = site.read(one, progress)
            except SourceError as error:
                result.refused[str(one.path)] = str(error)
        site.intake.derive(on_step)
        _compact(site)
        result.alerts = len(open_alerts(site, site.clock.now()).opened)
        result.crises = open_crises(site).height
        if site.settings.decisions.enabled:
            now = site.clock.now()
            result.decisions = len(decide_due(site, now - timedelta(hours=1), now + timedelta(microseconds=1)))
            moved = send_waiting(site, now)
            result.sent, result.expired = moved["sent"], moved["expired"]
            result.outcomes = join_outcomes(site)
        site.ledger.audit(
            site.clock.now(), "run", {"inputs": len(result.accounts), "refused": len(result.refused), "decisions": result.decisions}
        )
    send_alerts(site, site.clock.now())  # after the lock: a slow receiver keeps no writer waiting
    return result


def record_consent_files(site: Site, base: Path) -> int:
    """Record the consents of the files that the settings name; returns how many acts were new."""
    return sum(site.record_consents(read_consents(base / name), "file") for name in site.settings.site.consents)


def _compact(site: Site) -> None:
    for name in site.lake.names():
        table = site.lake.delta(name)
        if table is not None and len(table.file_uris()) > COMPACT_ABOVE + 2 * len(site.lake.parts(name)):
            site.lake.compact(name)
