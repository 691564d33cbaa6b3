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
    places: Annotated[bool, typer.Option("--places", help="By place, too.")] = False,
    graph: Annotated[bool, typer.Option("--graph", help="Cascades and communities of replies and reposts, too (extra 'graphs').")] = False,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """List the claims of the bank that people take up: how many of 100,000, where, and how fast it grows; four weeks to the newest one."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.rumours import site_rumours

    with open_site(config) as site:
        found = site_rumours(site)
    shown = found.filter(found["suppressed"] == "")
    if json:
        emit({"rumours": shown.to_dicts(), "withheld": found.height - shown.height})
        return
    wanted = shown if places else shown.filter(shown["place"] == "world")
    table(
        "Claims that people take up, four weeks to the newest one",
        ["claim", "text", "verdict of the source", "stance", "where", "people", "of 100,000 (95 %)", "places below", "why"],
        [
            (
                row["claim"], row["text"], row["verdict"], row["stance"], row["place"], row["people"],
                f"{row['share']:.0f} ({row['low']:.0f}-{row['high']:.0f})", row["places"], row["why"],
            )
            for row in wanted.iter_rows(named=True)
        ],
    )  # fmt: skip
    if graph:
        columns = ["claim", "cascades", "largest", "deepest", "communities", "in_communities"]
        table("Cascades of replies and reposts", columns, shown.filter(shown["cascades"].is_not_null()).select(columns).rows())
    say(
        f"{found.height - shown.height} numbers withheld for few people. For corrections: heedful rumours audiences CLAIM. Where a number "
        "comes from: heedful explain rumour CLAIM STANCE PLACE WEEK"
        if found.height
        else "No claim of the bank was taken up."
    )


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
        ["", "place", "people who write of", "people", "met it", "share that meets it (95 %)", "reached", "not by those above"],
        [
            (
                row["rank"], row["place"], labels.get(row["topic"], row["topic"]), row["people"], row["met"],
                f"{row['share']:.0%} ({row['low']:.0%}-{row['high']:.0%})", f"{row['reached']:.0f}",
                "withheld" if row["newly_reached"] is None else f"{row['newly_reached']:.0f}",
            )
            for row in found.iter_rows(named=True)
        ],
    )  # fmt: skip
    say(
        "Groups of people, not persons. A person decides what is said to them."
        if found.height
        else "No audience is large enough to be named."
    )
