"""Who is signed in, by what account keeps in the browser; account alone renews it.

verifier = AccessTokenVerifier(fetch_jwks)
visitor = await known(jar_of(request), verifier)
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from chassis.tokens import AccessTokenVerifier, InvalidTokenError
from chassis.web.cookies import Cookie, CookieJar

_MARK = "~"
"""Stands in no token and in no digest."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes in base64url, as identity makes the secrets of sessions."""


@dataclass(frozen=True)
class Visitor:
    """The person behind a request."""

    account_id: str
    session_id: str
    access_token: str = field(repr=False)


async def known(jar: CookieJar, verifier: AccessTokenVerifier) -> Visitor | None:
    """Who is signed in, by the access token's word; None without one that is valid.

    A session that was ended elsewhere passes here until its access token expires: before it
    changes data, a service asks identity whether the session is live.

    Raises:
        VerificationKeysError: identity answered with what is no key set.
        Exception: whatever fetching the keys raises.
    """
    token, _mark, digest = jar.get(Cookie.ACCESS).partition(_MARK)
    secret = session_secret(jar)
    return await named_by(token, verifier) if secret and digest == _digest(secret) else None


async def named_by(token: str, verifier: AccessTokenVerifier) -> Visitor | None:
    """Whom an access token names; None if it proves nothing.

    Raises:
        VerificationKeysError: identity answered with what is no key set.
        Exception: whatever fetching the keys raises.
    """
    try:
        access = await verifier.verify(token)
    except InvalidTokenError:
        return None
    return Visitor(access.account_id, access.session_id, token)


def session_secret(jar: CookieJar) -> str:
    """The secret of the browser's session, which may have ended; empty if there is none.

    What identity cannot have issued does not count: asking about it costs a write in the database.
    """
    secret = jar.get(Cookie.SESSION)
    return secret if _SECRET.fullmatch(secret) else ""


def keep_access(jar: CookieJar, secret: str, token: str, expires_at: datetime) -> None:
    """Keep an access token of the session with this secret in the browser, while it is valid."""
    # A renewal that is answered late may reach a browser that has another session meanwhile: the
    # token tells of which session it is, so that nobody is shown what belongs to another.
    jar.put(Cookie.ACCESS, f"{token}{_MARK}{_digest(secret)}", expires_at)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:16]
