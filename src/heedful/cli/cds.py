"""`heedful cds`: what this site would answer an electronic record that asks by CDS Hooks. Documents are printed, nothing is served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

cds_app = typer.Typer(no_args_is_help=True, help="CDS Hooks documents for an electronic record: services of this site, cards of a patient.")

Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
CONFIG = Path("heedful.toml")


@cds_app.command("services")
def services(config: Config = CONFIG) -> None:
    """Print the discovery answer: the services that this site has something to say in."""
    from heedful.cli.console import emit, open_site
    from heedful.core.labels import Care
    from heedful.core.schemas import Changes, Plans
    from heedful.person.cds_cards import site_services

    with open_site(config) as site:
        emit(site_services(site.settings.site.name, site.view(Plans, Care), site.view(Changes, Care)))


@cds_app.command("cards")
def cards(
    service: Annotated[str, typer.Argument(help="Id of a service, as 'heedful cds services' shows it.")],
    person: Annotated[str, typer.Argument(help="Participant, as in your files or as a pseudonym.")],
    config: Config = CONFIG,
) -> None:
    """Print the cards of a service for one participant. They propose; nothing is applied."""
    from heedful.cli.console import emit, open_site
    from heedful.core.labels import Care
    from heedful.core.schemas import Changes, Plans
    from heedful.person.cds_cards import service_cards

    with open_site(config) as site:
        who, now = site.person(person), site.clock.now()
        plans, changes = site.view(Plans, Care), site.view(Changes, Care)
        found = service_cards(service, site.settings.site.name, who, now.date(), plans, changes, site.ledger.rows("approvals"))
        site.ledger.audit(now, "cds", {"person": who, "service": service, "cards": len(found["cards"])})
        emit(found)
