"""`heedful link`: a participant's own public accounts: shown to be theirs, recorded, listed, and let go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

link_app = typer.Typer(
    help="Public accounts that a participant calls their own: what they said there of their own health joins their timeline, by consent.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
Person = Annotated[str, typer.Argument(help="The participant's id as it stands in the files.")]
Source = Annotated[str, typer.Option(help="Source of the posts, as the input is named.")]
Account = Annotated[str, typer.Option(help="Handle or account id as the source's posts write it.")]
CONFIG = Path("heedful.toml")


@link_app.command("code")
def code(person: Person, source: Source, account: Account, config: Config = CONFIG, json: Json = False) -> None:
    """Print the words that the account posts in public to show that it is this participant's."""
    from heedful.cli.console import emit, open_site, say
    from heedful.loops.linked_accounts import link_code

    with open_site(config) as site:
        words = link_code(site, person, source, account)
    emit({"code": words}) if json else say(
        f"{words}\nOnce the account has posted these words and the source was read (heedful run): "
        f"heedful link add {person} --source {source} --account {account} --proof posted_code --by NAME"
    )


@link_app.command("add")
def add(
    person: Annotated[str, typer.Argument(help="The participant's id as it stands in the files; or a CSV file of links.")],
    source: Source = "",
    account: Account = "",
    proof: Annotated[str, typer.Option(help="statement (of the participant, kept elsewhere) or posted_code (see: link code).")] = "",
    by: Annotated[str, typer.Option("--by", help="Who stated it, or looked.")] = "",
    reference: Annotated[str, typer.Option(help="Of a statement: where it lies, for example a form's number.")] = "",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Record that an account is this participant's. A consent that names own_posts must be in force."""
    from heedful.cli.console import emit, open_site, say
    from heedful.core.errors import ConsentError
    from heedful.loops.linked_accounts import Link, link_accounts, linked_accounts, read_links

    if not person.endswith(".csv") and not (source and account):
        raise ConsentError("A link names an account: --source SOURCE --account HANDLE")
    with open_site(config) as site:
        links = read_links(Path(person)) if person.endswith(".csv") else [Link(person, source, account, proof, by, reference)]
        new = link_accounts(site, links)
        held = linked_accounts(site, "" if person.endswith(".csv") else person)
    if json:
        emit({"recorded": new, "links": held.to_dicts()})
        return
    say(f"Recorded {new} new link{'s' if new != 1 else ''}.")
    for row in held.iter_rows(named=True):
        say(f"{row['source']}: {row['posts']:,} of {row['held']:,} posts of the account are within a consent ({row['purposes']}).")
        if not row["held"]:
            say("This site holds no post of that account: check how the source writes it, or read the source first (heedful run).")


@link_app.command("list")
def listed(
    person: Annotated[str, typer.Argument(help="The participant's id; all if left out.")] = "", config: Config = CONFIG, json: Json = False
) -> None:
    """List linked accounts: how each was shown to be theirs, for what own posts are agreed to, and how many are read; audited."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.linked_accounts import linked_accounts

    with open_site(config) as site:
        links = linked_accounts(site, person)
        site.ledger.audit(site.clock.now(), "read", {"list": "links", "people": links["person"].unique().sort().to_list()})
    if json:
        emit({"links": links.to_dicts()})
        return
    shown = [
        (
            row["person"], f"{row['source']} {row['author']}", f"{row['proof']} ({row['proof_reference']}), {row['proof_by']}",
            f"{row['known_at']:%Y-%m-%d}", row["purposes"] or "nothing", f"{row['posts']:,} of {row['held']:,}",
        )
        for row in links.iter_rows(named=True)
    ]  # fmt: skip
    table("Linked accounts", ["person", "account", "shown by", "since", "agreed for", "posts read"], shown)
    if not links.height:
        say("No account is linked. One is with: heedful link add PERSON --source SOURCE --account HANDLE --proof statement --by NAME")


@link_app.command("remove")
def remove(person: Person, source: Source = "", account: Account = "", config: Config = CONFIG, json: Json = False) -> None:
    """Let go of a participant's linked accounts: the links and every row derived from their posts are removed. The posts stay public."""
    from heedful.cli.console import emit, open_site, table
    from heedful.loops.linked_accounts import unlink

    with open_site(config) as site:
        gone = unlink(site, person, source, account)
    emit({"removed": gone}) if json else table(f"Let go of accounts of {person}", ["table", "rows removed"], list(gone.items()))
