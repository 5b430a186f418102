"""Identity in memory: the contract's answers with real Ed25519 tokens, and no hashing."""

import json
from datetime import UTC, datetime, timedelta

import grpc
import grpc.aio
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.rpc.error_details_pb2 import ErrorInfo
from jwt.algorithms import OKPAlgorithm
from tandem.database.v1 import activity_pb2
from tandem.identity.v1 import identity_pb2
from tandem.identity.v1.identity_pb2_grpc import IdentityServicer

from chassis import tokens
from services.account.testing.faults import Refusal
from services.account.testing.ledger import (
    SESSION_LIFETIME,
    Ledger,
    Person,
    SignedInBrowser,
    timestamp,
)

type _Context = grpc.aio.ServicerContext[object, object]
_KEY_IDS = ("one", "other")


def _taken(reason: str) -> Refusal:
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, (ErrorInfo(reason=reason),))


class FakeIdentity(IdentityServicer):
    """Answers as identity does.

    Attributes:
        access_lifetime: How long tokens are good; past the verifier's leeway below zero, a token
            has expired when it is issued.
        kid: Which of its keys signs, "one" or "other"; tokens of that one are taken.
        clients: Which client addresses were told, in the order of the attempts.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._keys = {kid: Ed25519PrivateKey.generate() for kid in _KEY_IDS}
        self.kid = _KEY_IDS[0]
        self.access_lifetime = timedelta(minutes=1)
        self.clients: list[str] = []

    async def SignUp(  # noqa: N802  # the generator's name
        self, request: identity_pb2.SignUpRequest, context: _Context
    ) -> identity_pb2.SignUpResponse:
        """Open an account."""
        self.clients.append(request.client_address)
        known = self._ledger.by_email(request.email)
        if self._ledger.people.get(request.account_id, known) is not known:
            await context.abort_with_status(_taken("ID_TAKEN").status())
        if known and (known.id, known.password) != (request.account_id, request.password):
            await context.abort_with_status(_taken("EMAIL_TAKEN").status())
        if known is None:
            self._ledger.add(
                Person(request.account_id, request.email, request.password, request.display_name)
            )
        return identity_pb2.SignUpResponse(
            grant=self._grant(request.account_id, request.user_agent)
        )

    async def SignIn(  # noqa: N802
        self, request: identity_pb2.SignInRequest, context: _Context
    ) -> identity_pb2.SignInResponse:
        """Sign in."""
        self.clients.append(request.client_address)
        person = self._ledger.by_email(request.email)
        if person is None or person.password != request.password:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such account or password")
            raise AssertionError
        return identity_pb2.SignInResponse(grant=self._grant(person.id, request.user_agent))

    async def SignOut(  # noqa: N802
        self, request: identity_pb2.SignOutRequest, _context: _Context
    ) -> identity_pb2.SignOutResponse:
        """Sign out."""
        if session := self._ledger.by_secret(request.session_secret):
            self._ledger.end_session(session, activity_pb2.ACTIVITY_KIND_SIGNED_OUT)
        return identity_pb2.SignOutResponse()

    async def RenewAccess(  # noqa: N802
        self, request: identity_pb2.RenewAccessRequest, context: _Context
    ) -> identity_pb2.RenewAccessResponse:
        """Renew."""
        session = self._ledger.by_secret(request.session_secret)
        if session is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the session has ended")
            raise AssertionError
        expires_at = datetime.now(UTC) + self.access_lifetime
        return identity_pb2.RenewAccessResponse(
            access_token=self.token(session, expires_at), access_expires_at=timestamp(expires_at)
        )

    async def CheckAccess(  # noqa: N802
        self, request: identity_pb2.CheckAccessRequest, context: _Context
    ) -> identity_pb2.CheckAccessResponse:
        """Check."""
        await self._session_of(request.access_token, context)
        return identity_pb2.CheckAccessResponse()

    async def ListSessions(  # noqa: N802
        self, request: identity_pb2.ListSessionsRequest, context: _Context
    ) -> identity_pb2.ListSessionsResponse:
        """List sessions."""
        asking = await self._session_of(request.access_token, context)
        return identity_pb2.ListSessionsResponse(
            sessions=[
                identity_pb2.Session(
                    id=session.id,
                    user_agent=session.user_agent,
                    created_at=timestamp(session.created_at),
                    last_seen_at=timestamp(session.created_at),
                    current=session is asking,
                )
                for session in self._ledger.live_sessions(asking.account_id)
            ]
        )

    async def RevokeSession(  # noqa: N802
        self, request: identity_pb2.RevokeSessionRequest, context: _Context
    ) -> identity_pb2.RevokeSessionResponse:
        """End a session."""
        asking = await self._session_of(request.access_token, context)
        session = self._ledger.browsers.get(request.session_id)
        if session is None or session.account_id != asking.account_id:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such session")
            raise AssertionError
        self._ledger.end_session(session, activity_pb2.ACTIVITY_KIND_SESSION_REVOKED)
        return identity_pb2.RevokeSessionResponse()

    async def GetVerificationKeys(  # noqa: N802
        self, _request: identity_pb2.GetVerificationKeysRequest, _context: _Context
    ) -> identity_pb2.GetVerificationKeysResponse:
        """The keys that verify."""
        keys = [
            {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}
            for kid, key in self._keys.items()
        ]
        return identity_pb2.GetVerificationKeysResponse(jwks=json.dumps({"keys": keys}))

    def token(self, session: SignedInBrowser, expires_at: datetime) -> str:
        """An access token as identity makes it."""
        claims = {
            "sub": session.account_id,
            "sid": session.id,
            "iat": datetime.now(UTC) - timedelta(hours=1),
            "exp": expires_at,
            "iss": tokens.ISSUER,
            "aud": tokens.AUDIENCE,
        }
        return jwt.encode(claims, self._keys[self.kid], tokens.ALGORITHM, {"kid": self.kid})

    def _grant(self, account_id: str, user_agent: str) -> identity_pb2.Grant:
        session = self._ledger.open_session(account_id, user_agent)
        expires_at = datetime.now(UTC) + self.access_lifetime
        return identity_pb2.Grant(
            account_id=account_id,
            session_id=session.id,
            session_secret=session.secret,
            session_expires_at=timestamp(session.created_at + SESSION_LIFETIME),
            access_token=self.token(session, expires_at),
            access_expires_at=timestamp(expires_at),
        )

    async def _session_of(self, access_token: str, context: _Context) -> SignedInBrowser:
        claims = jwt.decode(access_token, options={"verify_signature": False})
        session = self._ledger.browsers[claims["sid"]]
        if not session.live or jwt.get_unverified_header(access_token)["kid"] != self.kid:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the session has ended")
        return session
