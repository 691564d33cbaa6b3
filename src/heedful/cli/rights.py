"""`heedful consent`, `erase`, `export`, `audit`: what a participant may ask for, and what shows that it was done."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import typer

from heedful.cli.console import emit, open_site, say, table
from heedful.core.errors import ConsentError, SettingsError
from heedful.core.labels import PURPOSES
from heedful.loops.linked_accounts import follow_consents
from heedful.loops.rights import erase_person, export_person
from heedful.loops.site import read_consents
from heedful.trust.audit import verify_chain


def grant(config: Path, person: str, purposes: list[str], kinds: str, from_day: str | None, until: str | None, json: bool) -> None:
    """Record a grant for one person, or all acts of a CSV file."""
    with open_site(config) as site:
        if person.endswith(".csv"):
            new = site.record_consents(read_consents(Path(person)), "file")
        else:
            if not purposes:
                raise ConsentError(f"A consent needs a purpose: --purpose {' or --purpose '.join(PURPOSES)}.")
            acts = [
                {"person": person, "purpose": p, "kinds": kinds, "from_at": _instant(from_day), "until_at": _instant(until)}
                for p in purposes
            ]
            new = site.record_consents(
                pl.DataFrame(acts, schema_overrides={"from_at": pl.Datetime("us", "UTC"), "until_at": pl.Datetime("us", "UTC")}), "command"
            )
        waits = follow_consents(site)
    if json:
        emit({"recorded": new, "waits": waits})
        return
    say(f"Recorded {new} act{'s' if new != 1 else ''} of consent.{f' {waits}' if waits else ''}")


def withdraw(config: Path, person: str, purposes: list[str], kinds: str, json: bool) -> None:
    """Record a withdrawal."""
    with open_site(config) as site:
        name = site.person(person)
        held = site.ledger.rows("consents", person=name)
        wanted = purposes or sorted(held["purpose"].unique().to_list())
        new = site.record_consents(
            pl.DataFrame([{"person": person, "purpose": p, "kinds": kinds, "act": "withdraw"} for p in wanted]), "command"
        )
        waits = follow_consents(site)
    emit({"recorded": new, "purposes": wanted, "waits": waits}) if json else say(
        f"Withdrawn: {', '.join(wanted)}. From now on nothing flows under it. What is held is removed with: heedful erase {person}"
        f"{f' {waits}' if waits else ''}"
    )


def show(config: Path, person: str, json: bool) -> None:
    """Acts of consent and what is in force."""
    with open_site(config) as site:
        acts, grants = site.ledger.rows("consents"), site.grants()
        if person:
            name = site.person(person)
            acts, grants = acts.filter(pl.col("person") == name), grants.filter(pl.col("person") == name)
    in_force = grants.group_by("person", "purpose", maintain_order=True).agg(kinds=pl.col("kind").sort().str.join(", "))
    if json:
        emit({"acts": acts.to_dicts(), "in_force": in_force.to_dicts()})
        return
    table("Acts", ["person", "purpose", "kinds", "act", "from", "until", "recorded"],
          acts.select("person", "purpose", "kinds", "act", "from_at", "until_at", "recorded_at").rows())  # fmt: skip
    table("In force now", in_force.columns, in_force.rows())
    if not acts.height:
        say("No consent is recorded. Grant one with: heedful consent grant PERSON --purpose care")


def erase(config: Path, person: str, yes: bool, json: bool) -> None:
    """Erase, then print the receipt."""
    with open_site(config) as site:
        name = site.person(person)
        if not yes and not typer.confirm(f"Erase everything held about {person}? This cannot be undone."):
            raise typer.Abort()
        receipt = erase_person(site, name)
    if json:
        emit(receipt)
        return
    table(f"Erased {person}", ["table", "rows removed"], list(receipt["rows"].items()))
    say(f"Receipt {receipt['erasure']}: the files that held these rows are deleted, and no source brings them back.")


def export(config: Path, person: str, out: Path, json: bool) -> None:
    """Write everything held about a participant."""
    with open_site(config) as site:
        written = export_person(site, site.person(person), out)
    if json:
        emit({"folder": str(out), "files": written})
        return
    table(f"Written to {out}", ["file", "rows"], list(written.items()))


def audit_show(config: Path, last: int, json: bool) -> None:
    """The latest acts."""
    with open_site(config) as site:
        rows = site.ledger.rows("audit").tail(last)
    emit(rows.to_dicts()) if json else table("Audit", ["n", "at", "act", "detail"], rows.select("n", "at", "act", "detail").rows())


def audit_verify(config: Path, json: bool) -> None:
    """Check the chain."""
    with open_site(config) as site:
        rows = site.ledger.rows("audit")
    broken = verify_chain(rows)
    last = rows["hash"][-1] if rows.height else ""
    if json:
        emit({"whole": broken is None, "links": rows.height, "first_broken": broken, "last_hash": last})
    elif broken is None:
        say(f"The chain of {rows.height:,} acts is whole. Its last hash is {last}: keep it elsewhere, and a cut end will show too.")
    else:
        say(f"Act {broken} does not fit the one before it: the audit was changed, or a row is missing.")
    raise typer.Exit(0 if broken is None else 1)


def _instant(day: str | None) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError as error:
        raise SettingsError(f"{day!r} is not a day. Write it as YYYY-MM-DD.") from error
