"""tandem.identity.v1.Identity, as the contract says it."""

from typing import override

from tandem.database.v1 import sessions_pb2 as store
from tandem.identity.v1 import identity_pb2 as pb
from tandem.identity.v1.identity_pb2_grpc import IdentityServicer

from services.identity import validation
from services.identity.answers import answer
from services.identity.deadline import Context, Deadline
from services.identity.key_ring import KeyRing
from services.identity.sessions import OpenedSession, Sessions
from services.identity.sign_in import SignIn
from services.identity.sign_up import SignUp


class Identity(IdentityServicer):
    """Answers the calls of the service.

    SignUp and SignIn open a session under a new id each time they run. So a request that is
    delivered twice, as Kafka may after a crash, leaves a second session whose secret nobody holds;
    it shows among the account's sessions until it is ended or expires. The account itself is made
    once. Every other call may run any number of times.
    """

    def __init__(
        self, *, sign_up: SignUp, sign_in: SignIn, sessions: Sessions, keys: KeyRing
    ) -> None:
        self._sign_up = sign_up
        self._sign_in = sign_in
        self._sessions = sessions
        self._keys = keys

    @override
    async def SignUp(self, request: pb.SignUpRequest, context: Context) -> pb.SignUpResponse:
        """Open an account and sign it in."""

        async def work(deadline: Deadline) -> pb.SignUpResponse:
            new = validation.new_account(request)
            await self._sign_up.open_account(new, request.client_address, deadline)
            opened = await self._sessions.open(new.id, request.user_agent, deadline)
            return pb.SignUpResponse(grant=_grant(opened))

        return await answer(context, work)

    @override
    async def SignIn(self, request: pb.SignInRequest, context: Context) -> pb.SignInResponse:
        """Open a session of an account for whoever knows its password."""

        async def work(deadline: Deadline) -> pb.SignInResponse:
            account_id = await self._sign_in.authenticate(
                request.email, request.password, request.client_address, deadline
            )
            opened = await self._sessions.open(account_id, request.user_agent, deadline)
            return pb.SignInResponse(grant=_grant(opened))

        return await answer(context, work)

    @override
    async def SignOut(self, request: pb.SignOutRequest, context: Context) -> pb.SignOutResponse:
        """End the session with this secret."""

        async def work(deadline: Deadline) -> pb.SignOutResponse:
            await self._sessions.end(request.session_secret, deadline)
            return pb.SignOutResponse()

        return await answer(context, work)

    @override
    async def RenewAccess(
        self, request: pb.RenewAccessRequest, context: Context
    ) -> pb.RenewAccessResponse:
        """Issue a fresh access token for a live session."""

        async def work(deadline: Deadline) -> pb.RenewAccessResponse:
            access = await self._sessions.renew(request.session_secret, deadline)
            return pb.RenewAccessResponse(
                access_token=access.text, access_expires_at=access.expires_at
            )

        return await answer(context, work)

    @override
    async def CheckAccess(
        self, request: pb.CheckAccessRequest, context: Context
    ) -> pb.CheckAccessResponse:
        """Answer if the token's session is live."""

        async def work(deadline: Deadline) -> pb.CheckAccessResponse:
            await self._sessions.own(request.access_token, deadline)
            return pb.CheckAccessResponse()

        return await answer(context, work)

    @override
    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: Context
    ) -> pb.ListSessionsResponse:
        """Show the live sessions of the token's account."""

        async def work(deadline: Deadline) -> pb.ListSessionsResponse:
            live = await self._sessions.live(request.access_token, deadline)
            others = (_shown(session, current=False) for session in live.others)
            return pb.ListSessionsResponse(sessions=[_shown(live.own, current=True), *others])

        return await answer(context, work)

    @override
    async def RevokeSession(
        self, request: pb.RevokeSessionRequest, context: Context
    ) -> pb.RevokeSessionResponse:
        """End a session of the token's account."""

        async def work(deadline: Deadline) -> pb.RevokeSessionResponse:
            await self._sessions.revoke(request.access_token, request.session_id, deadline)
            return pb.RevokeSessionResponse()

        return await answer(context, work)

    @override
    async def GetVerificationKeys(
        self, request: pb.GetVerificationKeysRequest, context: Context
    ) -> pb.GetVerificationKeysResponse:
        """Show the public keys that verify access tokens."""
        del request  # it is empty

        async def work(_deadline: Deadline) -> pb.GetVerificationKeysResponse:
            return pb.GetVerificationKeysResponse(jwks=self._keys.jwks())

        return await answer(context, work)


def _shown(session: store.Session, *, current: bool) -> pb.Session:
    return pb.Session(
        id=session.id,
        user_agent=session.user_agent,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        current=current,
    )


def _grant(opened: OpenedSession) -> pb.Grant:
    return pb.Grant(
        account_id=opened.account_id,
        session_id=opened.id,
        session_secret=opened.secret,
        session_expires_at=opened.expires_at,
        access_token=opened.access.text,
        access_expires_at=opened.access.expires_at,
    )
