"""`heedful safety`: niches of what people tell of treatments, and drafts of cases for a person to review."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

safety_app = typer.Typer(
    help="Safety: what is told of treatments in niches, and drafts of cases for review. Nothing is sent.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
CONFIG = Path("heedful.toml")


@safety_app.command("niches")
def listed(config: Config = CONFIG, json: Json = False) -> None:
    """Count the people who tell of a treatment in pregnancy, of misuse, of no effect, or why they stopped."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.safety import site_niches
    from heedful.population.safety.niches import niche_name

    with open_site(config) as site:
        rows = site_niches(site)
    shown = rows.filter(rows["suppressed"] == "")
    if json:
        emit({"niches": shown.to_dicts(), "withheld": rows.height - shown.height})
        return
    listed_rows = [
        (row["treatment"], niche_name(row["niche"]), f"{row['day']:%Y}", row["people"],
         shlex.join(["heedful", "explain", "niche", row["treatment"], row["niche"], str(row["day"])]))
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip
    table("People who tell of it", ["treatment", "what", "year", "people", "where from"], listed_rows)
    say(f"{shown.height} counts, {rows.height - shown.height} withheld for few people. What is told, not how often it happens.")


@safety_app.command("draft")
def drafted(
    entry: Annotated[str, typer.Option(help="Id of a participant's diary entry.")] = "",
    n: Annotated[int, typer.Option("--n", help="Number of the experience within the entry.")] = 0,
    form: Annotated[Path | None, typer.Option(help="A filled-in form (TOML); see: heedful safety form.")] = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Write a draft case shaped like ICH E2B(R3) for a person to review: from a consenting participant's diary, or a form. Never sent."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.core.errors import SettingsError
    from heedful.loops.safety import draft_from_diary, draft_from_form

    if bool(entry) == (form is not None):
        raise SettingsError("Name either a diary entry (--entry ID --n NUMBER) or a form (--form FILE).")
    with open_site(config) as site:
        made = draft_from_form(site, form) if form is not None else draft_from_diary(site, entry, n)
    if json:
        emit(made)
        return
    say(f"{made['file']}: {made['status']}.")
    table("A person has still to fill in or judge", ["element", "what"], [(one["element"], one["what"]) for one in made["missing"]])


@safety_app.command("drafts")
def all_drafts(config: Config = CONFIG, json: Json = False) -> None:
    """List the drafts and how much each still lacks."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.safety import drafts

    with open_site(config) as site:
        found = drafts(site)
    if json:
        emit({"drafts": found})
        return
    table(
        "Drafts", ["case", "status", "missing", "file"], [(one["case"], one["status"], len(one["missing"]), one["file"]) for one in found]
    )
    say("None was sent: heedful sends no case." if found else "There is no draft. Write one with: heedful safety draft")


@safety_app.command("spontaneous")
def reported(
    folder: Annotated[Path, typer.Argument(help="Folder of VAERS, folder or zip of a FAERS quarter, or openFDA drug events (JSON).")],
    most: Annotated[int, typer.Option(help="Rows shown.", min=1)] = 20,
    concomitant: Annotated[bool, typer.Option("--concomitant", help="FAERS: medicines taken beside the suspect ones, too.")] = False,
    strata: Annotated[str, typer.Option(help="Expected counts, IC and EBGM within groups of: age, sex, or age,sex.")] = "",
    json: Json = False,
) -> None:
    """Compare treatments in spontaneous reports (VAERS, FAERS) by PRR, ROR, IC and EBGM; never in one table with public posts."""
    import polars as pl

    from heedful.cli.console import emit, say, table
    from heedful.population.safety.spontaneous import spontaneous_signals
    from heedful.population.safety.strata import unknown
    from heedful.sources.faers import is_faers, read_faers
    from heedful.sources.openfda import read_openfda
    from heedful.sources.vaers import read_vaers

    said = ""
    if any(folder.glob("*VAERSVAX*")):
        rows = read_vaers(folder)
    else:
        reader = read_faers if is_faers(folder) else read_openfda
        read = reader(folder, concomitant=concomitant)
        rows = read.rows
        left = f"{read.older:,} older versions, {read.repeated:,} repeated and {read.deleted:,} deleted reports"
        said = f"{read.reports:,} reports; left out {left}. "
    groups = [name.strip() for name in strata.split(",")] if strata else []
    found = spontaneous_signals(rows, groups)
    if groups:
        lacking = " and ".join(f"{count:,} reports do not say their {name}" for name, count in unknown(rows, groups).items())
        said = f"{said}Expected, IC and EBGM within {' and '.join(groups)}, PRR and ROR over all; {lacking} (a stratum of their own). "
    if json:
        emit({"pairs": found.to_dicts(), "said": said.strip()})
        return
    measures = ("expected", "prr", "ror", "ic", "ebgm", "eb05")
    first = found.head(most)
    rules = pl.concat_str(
        *(pl.when(f"by_{name}").then(pl.lit(name.upper())) for name in ("prr", "ror", "ic")), separator=" ", ignore_nulls=True
    )
    shown = first.select("drug", "effect", "reports", *(first[name].round(2) for name in measures), rules.alias("more by"), "masked_by")
    table(f"Spontaneous reports, the first {shown.height} of {found.height:,} pairs", shown.columns, shown.rows())
    say(f"{said}How reporting is distributed, not how often it happens; a high ratio is a question for a person.")


@safety_app.command("onset")
def onset(config: Config = CONFIG, json: Json = False) -> None:
    """Show after how many days effects are told to begin, by treatment and effect, where enough people tell of it in public."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.safety import LEAST_FOR_ONSET, site_onsets

    with open_site(config) as site:
        found, withheld = site_onsets(site)
    if json:
        emit({"onsets": found.to_dicts(), "withheld": withheld})
        return
    table("Days from the start to the effect", found.columns, found.rows())
    say(f"{withheld} pairs are withheld: fewer than {LEAST_FOR_ONSET} people say when it began. Weibull shape below 1: mostly early.")


@safety_app.command("form")
def blank() -> None:
    """Print an empty form for a case that somebody reports by other ways."""
    from heedful.cli.console import say
    from heedful.loops.safety import FORM

    for name, meaning in FORM.items():
        say(f"# {name} = …   # {meaning}")
