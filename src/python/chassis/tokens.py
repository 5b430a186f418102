"""Access tokens: what they look like, and how any service verifies one without asking another.

`identity` signs a token with a private key; everybody else holds only public keys, fetched now and
then as a JSON Web Key Set:

    async def fetch_jwks() -> str:
        return (await identity.GetVerificationKeys(request, timeout=5)).jwks

    verifier = AccessTokenVerifier(fetch_jwks)
    token = await verifier.verify(text)

Errors:

    ChassisError
    +-- InvalidTokenError       the token proves nothing; its bearer has to show another
    +-- VerificationKeysError   what was fetched is not a key set
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis._errors import ChassisError

ALGORITHM = "EdDSA"
ISSUER = "tandem.identity"
AUDIENCE = "tandem"

LEEWAY = 5.0
"""Seconds by which the clocks of issuer and verifier may differ: a token is accepted so long past
its expiry."""

REFETCH_INTERVAL = 5.0
"""Seconds between two fetches that tokens with unknown keys can cause."""

MAXIMUM_AGE = 300.0
"""Seconds after which a key is fetched anew before use, so that a removed one stops to verify."""

LONGEST = 1024
"""Characters; about twice what an issued token has. Longer ones are not read at all."""

type Keys = Mapping[str, Ed25519PublicKey]
"""Public keys by key id."""

type FetchJwks = Callable[[], Awaitable[str]]
"""Gets the JSON text of the key set; its exceptions reach the caller of `verify`."""


class InvalidTokenError(ChassisError):
    """The token proves nothing: malformed, forged, expired, or meant for somebody else.

    Attributes:
        reason: What is wrong, for the log; it says nothing of the token's content.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the access token is not valid: {reason}; renew it or sign in again")


class VerificationKeysError(ChassisError):
    """What was fetched as a JSON Web Key Set is none."""

    def __init__(self) -> None:
        super().__init__(
            "the fetched verification keys are not a JSON Web Key Set; "
            "check that fetch_jwks asks the identity service"
        )


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified token proves: its bearer acts for this account, by this session."""

    account_id: str
    session_id: str
    expires_at: datetime


def parse_jwks(text: str) -> dict[str, Ed25519PublicKey]:
    """Read the Ed25519 keys of a JSON Web Key Set; keys of other kinds are left out.

    Raises:
        VerificationKeysError: the text is not a key set.
    """
    try:
        entries = json.loads(text)["keys"]
        keys = [jwt.PyJWK(entry) for entry in entries if entry.get("crv") == "Ed25519"]
    except (ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
        raise VerificationKeysError from None
    return {key.key_id: key.key for key in keys if key.key_id is not None}


def key_id(text: str) -> str:
    """Read which key a token claims to be signed with; nothing is proven yet.

    Raises:
        InvalidTokenError: the text is not a token, or names no key.
    """
    if len(text) > LONGEST:
        raise InvalidTokenError("it is too long")
    try:
        kid = jwt.get_unverified_header(text).get("kid")
    except (jwt.PyJWTError, UnicodeError):
        raise InvalidTokenError("it is malformed") from None
    if not isinstance(kid, str):
        raise InvalidTokenError("it names no key")
    return kid


def verify(text: str, keys: Keys) -> AccessToken:
    """Check a token's signature, expiry, issuer and audience.

    Raises:
        InvalidTokenError: any of them is wrong, or the token's key is not among these.
    """
    key = keys.get(key_id(text))
    if key is None:
        raise InvalidTokenError("its key is not known")
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY,
            options={"require": ["sub", "sid", "iat", "exp", "iss", "aud"]},
        )
    except jwt.PyJWTError as error:
        raise InvalidTokenError(_REASONS.get(type(error), "it is malformed")) from None
    if not isinstance(claims["sid"], str):
        raise InvalidTokenError("it is malformed")
    return AccessToken(claims["sub"], claims["sid"], datetime.fromtimestamp(claims["exp"], UTC))


_REASONS: Mapping[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it was issued in the future; check the clocks",
    jwt.InvalidAlgorithmError: "its algorithm is not accepted",
    jwt.InvalidAudienceError: "it is meant for another audience",
    jwt.InvalidIssuerError: "another issuer made it",
    jwt.InvalidSignatureError: "its signature is wrong",
    jwt.MissingRequiredClaimError: "a claim is missing",
}


class AccessTokenVerifier:
    """Verifies access tokens with keys that it fetches when it has to, and keeps.

    Tokens of known keys are verified without waiting. However many tokens name unknown keys, at
    most one fetch runs at a time, and a successful one is not followed by another within
    `REFETCH_INTERVAL`.
    """

    def __init__(
        self, fetch_jwks: FetchJwks, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch_jwks = fetch_jwks
        self._clock = clock
        self._keys: Keys = {}
        self._fetched_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def verify(self, text: str) -> AccessToken:
        """Verify a token, fetching the keys first if its own is unknown or was kept too long.

        Raises:
            InvalidTokenError: the token proves nothing.
            VerificationKeysError: what `fetch_jwks` answered is not a key set.
            Exception: whatever `fetch_jwks` raises, when the keys had to be fetched.
        """
        if self._must_fetch(key_id(text)):
            await self._fetch_once()
        return verify(text, self._keys)

    def _must_fetch(self, kid: str) -> bool:
        if self._fetched_at is None:
            return True
        age = self._clock() - self._fetched_at
        return age > (MAXIMUM_AGE if kid in self._keys else REFETCH_INTERVAL)

    async def _fetch_once(self) -> None:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        self._keys = parse_jwks(await self._fetch_jwks())
        self._fetched_at = self._clock()

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # whoever still waits gets it; nobody waiting is no reason to log it
