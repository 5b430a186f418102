"""The personal account: profile, sessions, recent activity."""

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.security_headers import LIVE_PAGE
from chassis.web.cookies import Cookie, CookieJar, jar_of
from chassis.web.forms import check_token, form_token, submitted
from chassis.web.visitors import Visitor
from services.account.errors import InvalidFieldsError, NotFoundError, ServiceUnavailableError
from services.account.fields import ProfileEdit, check
from services.account.gateways.accounts import AccountsGateway
from services.account.gateways.identity import IdentityGateway
from services.account.models import Account, ActivityPage, Profile
from services.account.pages.entrance import ACCOUNT, SIGN_IN
from services.account.pages.forms import Form, Refusal, refusal
from services.account.pages.live import STREAM
from services.account.pages.notices import Notice, leave_notice
from services.account.pages.rows import Rows
from services.account.pages.views import Views, see_other
from services.account.visitors import Visitors, forget

PAGE_SIZE = 10
_LONGEST_PAGE_TOKEN = 512


class AccountPages:
    """Pages for who is signed in.

    Args:
        views: Renders them.
        identity: Knows the sessions.
        accounts: Knows profiles and activity.
        visitors: Tells who is signed in.
        rows: Says what is shown of an entry of the activity.
    """

    def __init__(
        self,
        views: Views,
        identity: IdentityGateway,
        accounts: AccountsGateway,
        visitors: Visitors,
        rows: Rows,
    ) -> None:
        self._views = views
        self._identity = identity
        self._accounts = accounts
        self._visitors = visitors
        self._rows = rows

    def routes(self) -> list[Route]:
        """Where the pages are."""
        return [
            Route(ACCOUNT, self.show),
            Route("/account/profile", self.save_profile, methods=["POST"]),
            Route("/account/sessions/end", self.end_session, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The account as it is now."""
        visitor = await self._visitors.known(jar_of(request))
        return await self._page(request, visitor)

    async def save_profile(self, request: Request) -> Response:
        """Replaces the profile, or shows the form again."""
        jar, typed = jar_of(request), await submitted(request)
        visitor = await self._visitors.live(jar)
        _check_account_token(jar, typed)
        try:
            fields = check(ProfileEdit, typed)
            await self._accounts.update_profile(
                visitor.account_id, Profile(fields.display_name, fields.about)
            )
        except (InvalidFieldsError, ServiceUnavailableError) as error:
            refused = refusal(error, _account_token(jar), typed)
            return await self._page(request, visitor, refused)
        leave_notice(jar, Notice.PROFILE_SAVED)
        return see_other(ACCOUNT)

    async def end_session(self, request: Request) -> Response:
        """Ends one of the account's sessions."""
        jar, typed = jar_of(request), await submitted(request)
        visitor = await self._visitors.live(jar)
        _check_account_token(jar, typed)
        session_id = typed.get("session_id", "")
        try:
            await self._identity.revoke_session(visitor.access_token, session_id)
        except NotFoundError:
            leave_notice(jar, Notice.SESSION_GONE)
            return see_other(ACCOUNT)
        if session_id == visitor.session_id:
            return _signed_out(jar)
        leave_notice(jar, Notice.SESSION_REVOKED)
        return see_other(ACCOUNT)

    async def sign_out(self, request: Request) -> Response:
        """Ends this browser's session."""
        jar, typed = jar_of(request), await submitted(request)
        if jar.get(Cookie.SESSION):
            _check_account_token(jar, typed)
            await self._visitors.leave(jar)
        return _signed_out(jar)

    async def _page(
        self, request: Request, visitor: Visitor, refused: Refusal | None = None
    ) -> Response:
        page_token = request.query_params.get("activity", "")
        account, sessions, activity = await asyncio.gather(
            self._accounts.account(visitor.account_id),
            self._visitors.sessions(jar_of(request), visitor),
            self._activity(visitor, page_token),
        )
        context = {
            "account": account,
            "sessions": sessions,
            "rows": [self._rows.row(entry) for entry in activity.activities],
            "next_token": activity.next_token,
            "stream": STREAM,
            "first_page": not page_token,
            "form": refused.form if refused else _profile_form(jar_of(request), account),
        }
        page = self._views.page(
            request, "account.html", context, refused.failure if refused else None
        )
        page.headers.update(LIVE_PAGE)
        return page

    async def _activity(self, visitor: Visitor, page_token: str) -> ActivityPage:
        if len(page_token) > _LONGEST_PAGE_TOKEN:
            raise NotFoundError("no such page of the activity")
        try:
            return await self._accounts.activity(visitor.account_id, PAGE_SIZE, page_token)
        except InvalidFieldsError as error:
            raise NotFoundError("no such page of the activity") from error


def _profile_form(jar: CookieJar, account: Account) -> Form:
    profile = account.profile
    return Form(_account_token(jar), {"display_name": profile.display_name, "about": profile.about})


def _account_token(jar: CookieJar) -> str:
    return form_token(jar, ACCOUNT, jar.get(Cookie.SESSION))


def _check_account_token(jar: CookieJar, typed: Mapping[str, str]) -> None:
    check_token(jar, typed, ACCOUNT, jar.get(Cookie.SESSION))


def _signed_out(jar: CookieJar) -> Response:
    forget(jar)
    leave_notice(jar, Notice.SIGNED_OUT)
    return see_other(SIGN_IN)
