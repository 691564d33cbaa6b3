"""`heedful cds`: what this site answers an electronic record that asks by CDS Hooks, printed or served to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

cds_app = typer.Typer(no_args_is_help=True, help="CDS Hooks for an electronic record: services of this site, cards of a patient.")

Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
CONFIG = Path("heedful.toml")


@cds_app.command("services")
def services(config: Config = CONFIG) -> None:
    """Print the discovery answer: the services that this site has something to say in."""
    from heedful.cli.console import emit, open_site
    from heedful.loops.cds import services as offered

    with open_site(config) as site:
        emit(offered(site))


@cds_app.command("cards")
def cards(
    service: Annotated[str, typer.Argument(help="Id of a service, as 'heedful cds services' shows it.")],
    person: Annotated[str, typer.Argument(help="Participant, as in your files or as a pseudonym.")],
    context: Annotated[
        Path | None, typer.Option("--context", help="JSON file with the hook's context; order hooks need draftOrders.")
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Print the cards of a service for one participant. They propose; nothing is applied."""
    from heedful.cli.console import emit, open_site
    from heedful.loops.cds import cards as found

    with open_site(config) as site:
        emit(found(site, service, person, _context(context)))


@cds_app.command("serve")
def serve(
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 takes a free one.")] = 8766,
    config: Config = CONFIG,
) -> None:
    """Answer CDS Hooks over HTTP on this machine until Ctrl+C: /cds-services, /cds-services/ID, /cds-services/ID/feedback."""
    from heedful.cli.console import open_site, say
    from heedful.service.cds_http import LOOPBACK, CdsServer

    with open_site(config) as site:  # a settings file that cannot be used says so before anybody calls
        name = site.settings.site.name
    with CdsServer(lambda: open_site(config), port) as server:
        say(f"{name} answers CDS Hooks at http://{LOOPBACK}:{server.server_port}/cds-services, for this machine only. Ctrl+C ends it.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Ended.")


def _context(path: Path | None) -> dict[str, object]:
    import orjson

    from heedful.core.errors import SettingsError

    if path is None:
        return {}
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise SettingsError(f"{path} holds no JSON object: {error}. Give a file with the hook's context.") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{path} holds no JSON object. Give a file with the hook's context.")
    return found
