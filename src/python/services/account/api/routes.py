"""The operations of the JSON API."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response, Security
from fastapi.security import APIKeyCookie
from uuid_utils.compat import uuid7

from chassis.web.cookies import Cookie, CookiePolicy, jar_of
from services.account.api import schemas
from services.account.api.problems import responses
from services.account.clients import Clients
from services.account.fields import ProfileEdit, SignIn
from services.account.gateways.accounts import AccountsGateway
from services.account.gateways.identity import IdentityGateway
from services.account.live.activity import LONGEST_ID, LiveActivity
from services.account.live.response import EventStream
from services.account.models import Activity, Profile
from services.account.visitors import Visitors, forget

_BODY = (400, 413, 415, 422)
_LONGEST_PAGE_TOKEN = 512

type _PageSize = Annotated[int, Query(ge=1, le=100)]
type _EntryId = Annotated[str, Query(max_length=LONGEST_ID)]
type _LastEventId = Annotated[str, Header(max_length=LONGEST_ID)]
type _PageToken = Annotated[str, Query(max_length=_LONGEST_PAGE_TOKEN)]


def entrance_router(identity: IdentityGateway, visitors: Visitors, clients: Clients) -> APIRouter:
    """Operations for who is not signed in."""
    router = APIRouter(tags=["entrance"])

    @router.post("/accounts", status_code=201, responses=responses(*_BODY, 409, 429))
    async def sign_up(request: Request, typed: schemas.SignUpRequest) -> schemas.SignedIn:
        """Open an account and sign in."""
        account_id = str(typed.account_id or uuid7())
        grant = await identity.sign_up(
            account_id, typed.email, typed.password, typed.display_name, clients.of(request)
        )
        await visitors.admit(jar_of(request), grant)
        return schemas.SignedIn.model_validate(grant)

    @router.post("/sessions", status_code=201, responses=responses(*_BODY, 401, 429))
    async def sign_in(request: Request, typed: SignIn) -> schemas.SignedIn:
        """Sign in."""
        grant = await identity.sign_in(typed.email, typed.password, clients.of(request))
        await visitors.admit(jar_of(request), grant)
        return schemas.SignedIn.model_validate(grant)

    return router


def account_router(
    identity: IdentityGateway,
    accounts: AccountsGateway,
    visitors: Visitors,
    policy: CookiePolicy,
) -> APIRouter:
    """Operations for who is signed in."""
    router = _of_account(policy)

    @router.get("/account", responses=responses(401, 404))
    async def get_account(request: Request) -> schemas.Account:
        """The account with its profile."""
        jar = jar_of(request)
        visitor = await visitors.known(jar)
        account = await visitors.while_live(jar, visitor, accounts.account(visitor.account_id))
        return schemas.Account.model_validate(account)

    @router.put("/account/profile", responses=responses(*_BODY, 401, 404))
    async def save_profile(request: Request, typed: ProfileEdit) -> schemas.Account:
        """Replace the profile."""
        visitor = await visitors.live(jar_of(request))
        profile = Profile(typed.display_name, typed.about)
        account = await accounts.update_profile(visitor.account_id, profile)
        return schemas.Account.model_validate(account)

    @router.get("/activity", responses=responses(401, 422))
    async def list_activity(
        request: Request, page_size: _PageSize = 20, page_token: _PageToken = ""
    ) -> schemas.ActivityPage:
        """What happened on the account, newest first."""
        jar = jar_of(request)
        visitor = await visitors.known(jar)
        page = await visitors.while_live(
            jar, visitor, accounts.activity(visitor.account_id, page_size, page_token)
        )
        return schemas.ActivityPage.model_validate(page)

    @router.get("/sessions", responses=responses(401))
    async def list_sessions(request: Request) -> schemas.Sessions:
        """The browsers that are signed in."""
        jar = jar_of(request)
        sessions = await visitors.sessions(jar, await visitors.known(jar))
        return schemas.Sessions.model_validate({"sessions": sessions}, from_attributes=True)

    @router.delete("/sessions/current", status_code=204, responses=responses())
    async def sign_out(request: Request) -> Response:
        """Sign out; nothing happens if nobody is signed in."""
        await visitors.leave(jar_of(request))
        return Response(status_code=204)

    @router.delete("/sessions/{session_id}", status_code=204, responses=responses(401, 404, 422))
    async def end_session(request: Request, session_id: UUID) -> Response:
        """End a session of the account."""
        jar = jar_of(request)
        visitor = await visitors.live(jar)
        await identity.revoke_session(visitor.access_token, str(session_id))
        if str(session_id) == visitor.session_id:
            forget(jar)
        return Response(status_code=204)

    return router


def live_router(live: LiveActivity, policy: CookiePolicy) -> APIRouter:
    """Operations for who is signed in that go on."""
    router = _of_account(policy)

    @router.get(
        "/activity/stream",
        status_code=200,
        response_class=EventStream,
        responses=responses(401, 422, 429),
    )
    async def stream_activity(
        request: Request, after: _EntryId = "", last_event_id: _LastEventId = ""
    ) -> Response:
        """What happens on the account from now on, or after an entry, as server-sent events.

        The data of each event is an `Activity`, its id the entry's. The stream ends after some
        minutes: ask again with the last id, and nothing is missed or told twice. The event `end`
        says that the session has ended.
        """
        return await live.stream(request, last_event_id or after, _told)

    return router


def _of_account(policy: CookiePolicy) -> APIRouter:
    session = APIKeyCookie(
        name=policy.name(Cookie.SESSION), scheme_name="session", auto_error=False
    )
    return APIRouter(tags=["account"], dependencies=[Security(session)])


def _told(entry: Activity) -> dict[str, object]:
    return schemas.Activity.model_validate(entry).model_dump(mode="json")
