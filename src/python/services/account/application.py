"""The HTTP application: pages and JSON API behind one gate."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from chassis.assets import Assets
from chassis.tokens import AccessTokenVerifier
from chassis.web.cookies import CookiePolicy
from chassis.web.errors import WebError
from chassis.web.gate import Gate
from chassis.web.site import Site
from services.account.api import document
from services.account.api.routes import account_router, entrance_router, live_router
from services.account.clients import Clients
from services.account.errors import AccountError
from services.account.gateways.accounts import AccountsGateway
from services.account.gateways.identity import IdentityGateway
from services.account.live.activity import LiveActivity
from services.account.live.streams import Streams
from services.account.pages.account import AccountPages
from services.account.pages.entrance import Entrance
from services.account.pages.live import LivePages
from services.account.pages.rows import Rows
from services.account.pages.views import Clock, Views, utc_now
from services.account.refusals import Refusals
from services.account.visitors import Visitors


def build(
    site: Site,
    identity: IdentityGateway,
    accounts: AccountsGateway,
    clients: Clients,
    streams: Streams,
    clock: Clock = utc_now,
) -> ASGIApp:
    """The application over its gateways; it serves no static files."""
    visitors = Visitors(identity, AccessTokenVerifier(identity.verification_keys))
    views = Views(Assets.of("services.account"), clock)
    rows = Rows(clock)
    live = LiveActivity(accounts, visitors, streams)
    refusals = Refusals(views)
    pages: list[BaseRoute] = [
        *Entrance(views, identity, visitors, clients).routes(),
        *AccountPages(views, identity, accounts, visitors, rows).routes(),
        *LivePages(live, rows).routes(),
    ]
    app = FastAPI(
        routes=pages,
        openapi_url=document.PATH,
        docs_url=None,
        redoc_url=None,
        # The framework would redirect to the host that the request names.
        redirect_slashes=False,
    )
    app.openapi = document.openapi_of(app)  # type: ignore[method-assign]  # as its documentation says
    policy = CookiePolicy(site.secure)
    app.include_router(entrance_router(identity, visitors, clients), prefix="/api/v1")
    app.include_router(account_router(identity, accounts, visitors, policy), prefix="/api/v1")
    app.include_router(live_router(live, policy), prefix="/api/v1")
    for kind in (AccountError, WebError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, refusals)
    return Gate(app, site, refusals)
