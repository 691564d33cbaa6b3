"""`heedful init`, `run` and `report`: the site that is run every day."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import polars as pl

from heedful.cli.console import ReadingProgress, accounts_table, day_of, emit, open_site, say
from heedful.core.errors import SettingsError
from heedful.loops.registers import strange_registers
from heedful.loops.run import RunResult, record_consent_files, run_site
from heedful.loops.settings import TEMPLATE, load_settings
from heedful.loops.silence import QUIET, sources_now
from heedful.loops.site import Site
from heedful.report.gather import accounting, end_of, gather
from heedful.report.page import write_page

SHOWN = 10
"""Files that no source knows, as told by a run."""


def init(config: Path, show: bool, force: bool, json: bool) -> None:
    """Write the commented settings, or print them."""
    if show:
        emit({"settings": TEMPLATE}) if json else say(TEMPLATE)
        return
    if config.exists() and not force:
        raise SettingsError(f"{config} is there already and was left as it is. Overwrite it with: heedful init --force")
    config.write_text(TEMPLATE, "utf-8")
    emit({"written": str(config)}) if json else say(f"Wrote {config}. Name your files in it, then: heedful run")


def run(config: Path, follow: bool, every: float, json: bool) -> None:
    """Read everything once, or again and again with `follow`."""
    while True:
        # Settings are read anew each time: a file that was added to them is followed as well.
        settings = load_settings(config)
        with open_site(config) as site:
            record_consent_files(site, config.parent)
            refused, unknown = dict[str, str](), dict[str, str]()
            inputs = site.inputs(settings.input, config.parent, refused, unknown)
            with ReadingProgress(json) as progress:
                result = run_site(site, inputs, progress, progress.step)
            result.refused = refused | result.refused
            _tell(site, result, json, unknown, quiet=None if follow else _quiet(site))
        if not follow:
            break
        time.sleep(every)
    if result.refused:
        raise SettingsError(f"{len(result.refused)} inputs could not be read to their end; what they said until then is kept.")


def report(config: Path, out: Path, person: str, as_of: str | None, json: bool) -> None:
    """Write the page of this site."""
    with open_site(config) as site:
        day = None if as_of is None else end_of(day_of(as_of))
        who = site.person(person) if person else ""
        subtitle = "All inputs" if day is None else f"As it was known at the end of {as_of}"
        site.ledger.audit(site.clock.now(), "read", {"page": out.name, "person": who, "as_of": as_of or ""})
        write_page(gather(site, "run", site.settings.site.name, subtitle, person=who, as_of=day), out)
    emit({"page": str(out)}) if json else say(f"The page: {out}")


def _quiet(site: Site) -> int:
    """How many sources of participants fell silent. It reads four months of days, so a site that is followed is not asked each time."""
    return sources_now(site, site.clock.now()).filter(pl.col("state").is_in(QUIET)).height


def _tell(site: Site, result: RunResult, json: bool, unknown: dict[str, str], quiet: int | None) -> None:
    rows = accounting(site)
    if json:
        emit({
            "inputs": rows.to_dicts(), "not_read": result.refused, "unknown": unknown,
            "recovered": result.recovered, "decisions": result.decisions,
            "sent": result.sent, "expired": result.expired, "outcomes": result.outcomes,
            "silent_sources": quiet, "open_crises": result.crises,
            "strange_registers": [asdict(one) for one in strange_registers(site)],
        })  # fmt: skip
        return
    for line in result.recovered:
        say(f"After the last stop: {line}.")
    accounts_table("Inputs so far", rows)
    for reason in result.refused.values():
        say(reason)
    for path, reason in list(unknown.items())[:SHOWN]:
        say(f"{path}: not read: {reason}")
    if len(unknown) > SHOWN:
        say(f"{len(unknown) - SHOWN} more files that no source knows; all of them: heedful run --json")
    if site.settings.decisions.enabled:
        say(f"Decisions {result.decisions}, messages sent {result.sent}, expired {result.expired}, outcomes joined {result.outcomes}.")
    if result.crises:
        say(f"{result.crises} participants spoke of a crisis that no human has cleared; their messages rest: heedful crises list")
    for register in strange_registers(site):
        say(register.said())
    if quiet:
        say(f"{quiet} sources of participants stopped delivering or give nothing but zeros; the page says which: heedful report")
    if not rows.height:
        say("No input is named yet: add [[input]] blocks to the settings.")
