"""The ways in: the start page, sign-up, sign-in; and the way out."""

from collections.abc import Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

from chassis.web.cookies import Cookie, CookieJar, jar_of
from chassis.web.errors import StaleFormError
from chassis.web.forms import check_token, form_token, submitted
from services.account.clients import Clients
from services.account.errors import (
    EmailTakenError,
    IdTakenError,
    InvalidFieldsError,
    ServiceUnavailableError,
    TooManyAttemptsError,
    WrongCredentialsError,
)
from services.account.fields import SignIn, SignUp, check
from services.account.gateways.identity import IdentityGateway
from services.account.pages.forms import Form, refusal
from services.account.pages.notices import Notice, leave_notice
from services.account.pages.views import Views, see_other
from services.account.visitors import Visitors

ACCOUNT = "/account"
SIGN_IN = "/sign-in"
SIGN_UP = "/sign-up"
_ANSWERED_IN_THE_FORM = (
    StaleFormError,
    InvalidFieldsError,
    EmailTakenError,
    IdTakenError,
    WrongCredentialsError,
    TooManyAttemptsError,
    ServiceUnavailableError,
)


class Entrance:
    """Pages for who is not signed in.

    Args:
        views: Renders them.
        identity: Opens accounts and signs in.
        visitors: Remembers who did.
        clients: Tells where attempts come from.
    """

    def __init__(
        self, views: Views, identity: IdentityGateway, visitors: Visitors, clients: Clients
    ) -> None:
        self._views = views
        self._identity = identity
        self._visitors = visitors
        self._clients = clients

    def routes(self) -> list[Route]:
        """Where the pages are."""
        return [
            Route("/", self.start),
            Route(SIGN_UP, self.show_sign_up),
            Route(SIGN_UP, self.sign_up, methods=["POST"]),
            Route(SIGN_IN, self.show_sign_in),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """Offers to sign up or in, or to go on to the account."""
        return self._views.page(request, "start.html")

    async def show_sign_up(self, request: Request) -> Response:
        """An empty form that opens one account, however often it is sent."""
        jar = jar_of(request)
        if jar.get(Cookie.SESSION):
            return see_other(ACCOUNT)
        return self._views.page(request, "sign-up.html", {"form": _sign_up_form(jar)})

    async def sign_up(self, request: Request) -> Response:
        """Opens the account and signs in, or shows the form again."""
        jar, typed = jar_of(request), await submitted(request)
        account_id = _account_id(typed)
        try:
            check_token(jar, typed, SIGN_UP, account_id)
            fields = check(SignUp, typed)
            grant = await self._identity.sign_up(
                account_id,
                fields.email,
                fields.password,
                fields.display_name,
                self._clients.of(request),
            )
        except _ANSWERED_IN_THE_FORM as error:
            # The id stays unless it may be taken, or was not made here: the account could have
            # been opened just when the answer was lost, and sending the form again must find it.
            unfit = isinstance(error, EmailTakenError | IdTakenError | StaleFormError)
            kept = str(uuid7()) if unfit else account_id
            refused = refusal(error, form_token(jar, SIGN_UP, kept), {**typed, "account_id": kept})
            return self._views.page(
                request, "sign-up.html", {"form": refused.form}, refused.failure
            )
        await self._visitors.admit(jar, grant)
        leave_notice(jar, Notice.WELCOME)
        return see_other(ACCOUNT)

    async def show_sign_in(self, request: Request) -> Response:
        """An empty form."""
        jar = jar_of(request)
        if jar.get(Cookie.SESSION):
            return see_other(ACCOUNT)
        form = Form(form_token(jar, SIGN_IN))
        return self._views.page(request, "sign-in.html", {"form": form})

    async def sign_in(self, request: Request) -> Response:
        """Signs in, or shows the form again."""
        jar, typed = jar_of(request), await submitted(request)
        try:
            check_token(jar, typed, SIGN_IN)
            fields = check(SignIn, typed)
            grant = await self._identity.sign_in(
                fields.email, fields.password, self._clients.of(request)
            )
        except _ANSWERED_IN_THE_FORM as error:
            refused = refusal(error, form_token(jar, SIGN_IN), typed)
            return self._views.page(
                request, "sign-in.html", {"form": refused.form}, refused.failure
            )
        await self._visitors.admit(jar, grant)
        return see_other(ACCOUNT)


def _sign_up_form(jar: CookieJar) -> Form:
    account_id = str(uuid7())
    return Form(form_token(jar, SIGN_UP, account_id), {"account_id": account_id})


def _account_id(typed: Mapping[str, str]) -> str:
    """In its canonical form; empty, which no token was made for, if it is none."""
    try:
        return str(UUID(typed.get("account_id", "")))
    except ValueError:
        return ""
