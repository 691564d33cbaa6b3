"""`heedful rumours`: how fast and how far claims spread, and which audiences a correction should reach first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

rumours_app = typer.Typer(
    help="Rumours: speed and reach of claims, and audiences for corrections. Groups only, never a person.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
CONFIG = Path("heedful.toml")


@rumours_app.command("list")
def listed(
    graph: Annotated[bool, typer.Option("--graph", help="Cascades and communities of replies and reposts, too (extra 'graphs').")] = False,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """List the claims of the bank that people take up: how many, where, and how fast it grows."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.rumours import site_cascades, site_rumours

    with open_site(config) as site:
        found = site_rumours(site)
        linked = site_cascades(site) if graph else None
    if json:
        emit({"rumours": found.to_dicts(), "cascades": None if linked is None else linked.to_dicts()})
        return
    few = "withheld"
    table(
        "Claims that people take up, last four weeks",
        ["claim", "text", "verdict of the source", "spread", "refute", "in all", "places", "speed"],
        [
            (
                row["claim"], row["text"], row["verdict"],
                *(few if row[name] is None else row[name] for name in ("spread", "refute", "answered")), row["places"], row["why"],
            )
            for row in found.iter_rows(named=True)
        ],
    )  # fmt: skip
    if linked is not None:
        columns = ["claim", "cascades", "largest", "deepest", "communities", "in_communities"]
        table("Cascades of replies and reposts", columns, linked.select(columns).rows())
    say("For corrections: heedful rumours audiences CLAIM" if found.height else "No claim of the bank was taken up by enough people.")


@rumours_app.command("audiences")
def listed_audiences(
    claim: Annotated[str, typer.Argument(help="Id of a claim, or the beginning of it.")], config: Config = CONFIG, json: Json = False
) -> None:
    """Order audiences (place and topic) for a correction by the people whom it reaches and the claim meets. Never a person."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.rumours import site_audiences

    with open_site(config) as site:
        found = site_audiences(site, claim)
        labels = dict(site.engine.resources["vocabulary"].terms.select("code", "label").unique("code").iter_rows())
        site.ledger.audit(site.clock.now(), "read", {"audiences of": claim, "rows": found.height})
    if json:
        emit({"audiences": found.to_dicts()})
        return
    table(
        "Whom to reach first",
        ["", "place", "people who write of", "people", "share that meets it", "reached", "not by those above"],
        [
            (
                row["rank"], row["place"], labels.get(row["topic"], row["topic"]), row["people"], f"{row['share']:.0%}",
                f"{row['reached']:.0f}", f"{row['newly_reached']:.0f}",
            )
            for row in found.iter_rows(named=True)
        ],
    )  # fmt: skip
    say(
        "Groups of people, not persons. A person decides what is said to them."
        if found.height
        else "No audience is large enough to be named."
    )
