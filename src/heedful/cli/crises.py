"""`heedful crises`: participants who spoke of a crisis, for a human to see; messages to them rest until one has cleared it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

crises_app = typer.Typer(
    help="Participants who spoke of a crisis: list them, and clear one after a human looked. No message leaves until then.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
CONFIG = Path("heedful.toml")


@crises_app.command("list")
def listed(
    everything: Annotated[bool, typer.Option("--all", help="Signs that were cleared, too, with who did it and why.")] = False,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """List crises that no human has cleared, the longest waiting first, with the words or answer that were the sign; audited."""
    import polars as pl

    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.crisis_stops import open_crises, site_signs

    with open_site(config) as site:
        waiting, found = open_crises(site), site_signs(site)
        shown = found if everything else found.filter(pl.col("cleared_at").is_null())
        site.ledger.audit(site.clock.now(), "read", {"queue": "crises", "people": shown["person"].unique().sort().to_list()})
    named = shown.join(waiting.select("person", "crisis"), on="person", how="left", maintain_order="left").with_columns(
        crisis=pl.when(pl.col("cleared_at").is_null()).then("crisis").otherwise(pl.lit(""))
    )
    if json:
        emit({"crises": waiting.to_dicts(), "signs": named.to_dicts()})
        return
    columns = ["crisis", "person", "at", "known_at", "kind", "told_in", "words"]
    columns += ["cleared_by", "cleared_at", "reason"] if everything else []
    rows = named.select(columns).with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M")).rows()
    table("Signs of a crisis", [name.replace("_", " ") for name in columns], rows)
    if waiting.height:
        say("Words alone: a quotation or a denial fires as well. After you looked: heedful crises clear ID --by NAME --reason TEXT")
    else:
        say("No crisis waits for a human.")


@crises_app.command("clear")
def clear(
    crisis: Annotated[str, typer.Argument(help="Id of the crisis, as the list shows it.")],
    by: Annotated[str, typer.Option("--by", help="Who looked.")],
    reason: Annotated[str, typer.Option("--reason", help="What was done, and why messages may go again.")],
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Record that a human looked at all signs of a crisis; messages to this participant may go again. It cannot be taken back."""
    from heedful.cli.console import emit, open_site, say
    from heedful.loops.crisis_stops import clear_crisis

    with open_site(config) as site:
        person = clear_crisis(site, crisis, by, reason)
    emit({"crisis": crisis, "person": person, "cleared": True}) if json else say(
        f"Cleared by {by}. Automatic messages to {person} may go again; a new sign stops them anew."
    )
