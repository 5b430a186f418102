"""Sign-up, sign-in, sessions and tokens, at the identity service."""

from collections.abc import Sequence
from datetime import UTC

import grpc
import grpc.aio
from tandem.identity.v1 import identity_pb2
from tandem.identity.v1.identity_pb2_grpc import IdentityStub

from services.account.errors import (
    EmailTakenError,
    IdTakenError,
    NotFoundError,
    WrongCredentialsError,
)
from services.account.gateways.statuses import Meanings, answers_of
from services.account.models import Access, Client, Grant, Session

_IDENTITY = "identity"


class IdentityGateway:
    """Asks identity; each call ends within the deadline.

    Every method may raise `ServiceError`, and `SignedOutError` where it needs a live session.

    Args:
        channel: The way to identity.
        deadline: Seconds that an answer may take.
    """

    def __init__(self, channel: grpc.aio.Channel, deadline: float) -> None:
        self._stub = IdentityStub(channel)
        self._deadline = deadline

    async def sign_up(
        self, account_id: str, email: str, password: str, display_name: str, client: Client
    ) -> Grant:
        """Open an account and sign it in; safe to repeat with the same id and password.

        Raises:
            InvalidFieldsError: identity does not accept a field.
            EmailTakenError: another account has the address.
            IdTakenError: the account with the id has another address.
            TooManyAttemptsError: too many sign-ups.
        """
        request = identity_pb2.SignUpRequest(
            account_id=account_id,
            email=email,
            password=password,
            display_name=display_name,
            user_agent=client.user_agent,
            client_address=client.address,
        )
        taken: Meanings = {
            grpc.StatusCode.ALREADY_EXISTS: EmailTakenError,
            "ID_TAKEN": IdTakenError,
        }
        with answers_of(_IDENTITY, taken):
            response = await self._stub.SignUp(request, timeout=self._deadline)
        return _grant(response.grant)

    async def sign_in(self, email: str, password: str, client: Client) -> Grant:
        """Sign in.

        Raises:
            WrongCredentialsError: no such account, or another password.
            TooManyAttemptsError: too many attempts.
        """
        request = identity_pb2.SignInRequest(
            email=email,
            password=password,
            user_agent=client.user_agent,
            client_address=client.address,
        )
        with answers_of(_IDENTITY, {grpc.StatusCode.UNAUTHENTICATED: WrongCredentialsError}):
            response = await self._stub.SignIn(request, timeout=self._deadline)
        return _grant(response.grant)

    async def sign_out(self, session_secret: str) -> None:
        """End the session with this secret, if it is live."""
        request = identity_pb2.SignOutRequest(session_secret=session_secret)
        with answers_of(_IDENTITY):
            await self._stub.SignOut(request, timeout=self._deadline)

    async def renew_access(self, session_secret: str) -> Access:
        """A fresh access token for a live session."""
        request = identity_pb2.RenewAccessRequest(session_secret=session_secret)
        with answers_of(_IDENTITY):
            response = await self._stub.RenewAccess(request, timeout=self._deadline)
        return Access(response.access_token, response.access_expires_at.ToDatetime(tzinfo=UTC))

    async def check_access(self, access_token: str) -> None:
        """Return if the token's session is live."""
        request = identity_pb2.CheckAccessRequest(access_token=access_token)
        with answers_of(_IDENTITY):
            await self._stub.CheckAccess(request, timeout=self._deadline)

    async def sessions(self, access_token: str) -> Sequence[Session]:
        """The live sessions of the token's account."""
        request = identity_pb2.ListSessionsRequest(access_token=access_token)
        with answers_of(_IDENTITY):
            response = await self._stub.ListSessions(request, timeout=self._deadline)
        return [_session(session) for session in response.sessions]

    async def revoke_session(self, access_token: str, session_id: str) -> None:
        """End a session of the token's account.

        Raises:
            NotFoundError: the account has no such session.
        """
        request = identity_pb2.RevokeSessionRequest(
            access_token=access_token, session_id=session_id
        )
        # An id that identity finds malformed is an id that no session has.
        with answers_of(_IDENTITY, {grpc.StatusCode.INVALID_ARGUMENT: NotFoundError}):
            await self._stub.RevokeSession(request, timeout=self._deadline)

    async def verification_keys(self) -> str:
        """The public keys that verify access tokens: JSON text of a JWK set."""
        request = identity_pb2.GetVerificationKeysRequest()
        with answers_of(_IDENTITY):
            response = await self._stub.GetVerificationKeys(request, timeout=self._deadline)
        return response.jwks


def _grant(grant: identity_pb2.Grant) -> Grant:
    return Grant(
        account_id=grant.account_id,
        session_id=grant.session_id,
        session_secret=grant.session_secret,
        session_expires_at=grant.session_expires_at.ToDatetime(tzinfo=UTC),
        access=Access(grant.access_token, grant.access_expires_at.ToDatetime(tzinfo=UTC)),
    )


def _session(session: identity_pb2.Session) -> Session:
    return Session(
        id=session.id,
        user_agent=session.user_agent,
        created_at=session.created_at.ToDatetime(tzinfo=UTC),
        last_seen_at=session.last_seen_at.ToDatetime(tzinfo=UTC),
        current=session.current,
    )
