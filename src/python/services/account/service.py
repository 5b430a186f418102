"""The account service as a process."""

from chassis import Process, run
from chassis.web.site import Site
from services.account.application import build
from services.account.clients import Clients
from services.account.gateways.accounts import AccountsGateway
from services.account.gateways.identity import IdentityGateway
from services.account.live.streams import Streams
from services.account.settings import Settings


async def start(process: Process[Settings]) -> None:
    """Serve pages and JSON API, with all data from other services."""
    settings = process.settings
    channel = process.channel()
    streams = Streams(settings.streams)
    process.when_draining(streams.close)
    process.when_stopping(streams.close)
    process.serve_http(
        build(
            Site.at(settings.public_url),
            IdentityGateway(channel, settings.call_deadline),
            AccountsGateway(channel, settings.call_deadline),
            Clients(settings.trusted_proxies),
            streams,
        )
    )


def serve() -> None:
    """Run the service until it is told to stop."""
    run("account", Settings, start)
