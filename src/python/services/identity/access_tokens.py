"""Access tokens: short-lived, signed, verified by anyone who has the public keys."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt

from chassis import tokens
from services.identity.errors import NotSignedInError
from services.identity.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token's text, which is a secret, and when it ends."""

    text: str = field(repr=False)
    expires_at: datetime


class AccessTokens:
    """Issues and verifies the tokens of one key ring."""

    def __init__(self, keys: KeyRing, lifetime: timedelta) -> None:
        self._keys = keys
        self._lifetime = lifetime

    def issue(self, account_id: str, session_id: str, session_expires_at: datetime) -> IssuedToken:
        """Sign a token for a live session; it ends no later than the session."""
        now = datetime.now(UTC)
        expires_at = min(now + self._lifetime, session_expires_at).replace(microsecond=0)
        claims = {
            "sub": account_id,
            "sid": session_id,
            "iat": now,
            "exp": expires_at,
            "iss": tokens.ISSUER,
            "aud": tokens.AUDIENCE,
        }
        key = self._keys.signing_key()
        headers = {"kid": key.kid}
        text = jwt.encode(claims, key.private_key, algorithm=tokens.ALGORITHM, headers=headers)
        return IssuedToken(text, expires_at)

    def verify(self, text: str) -> tokens.AccessToken:
        """Check a token.

        Raises:
            NotSignedInError: it proves nothing.
        """
        try:
            return tokens.verify(text, self._keys.public_keys())
        except tokens.InvalidTokenError as error:
            raise NotSignedInError(
                f"The access token is not valid: {error.reason}. Renew it, or sign in again."
            ) from None
