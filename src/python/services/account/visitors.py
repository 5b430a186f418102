"""Who is signed in."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from chassis.tokens import (
    AccessToken,
    AccessTokenVerifier,
    InvalidTokenError,
    VerificationKeysError,
)
from services.account.edge.cookies import Cookie, CookieJar
from services.account.errors import ServiceFailedError, SignedOutError
from services.account.gateways.identity import IdentityGateway
from services.account.models import Access, Grant


@dataclass(frozen=True)
class Visitor:
    """The person behind a request."""

    account_id: str
    session_id: str
    access_token: str = field(repr=False)


class Visitors:
    """Tells visitors by the cookies of their browsers.

    Args:
        identity: Renews access while a session is live.
        verifier: Verifies access tokens.
    """

    def __init__(self, identity: IdentityGateway, verifier: AccessTokenVerifier) -> None:
        self._identity = identity
        self._verifier = verifier

    async def known(self, jar: CookieJar) -> Visitor:
        """Who is signed in, by the access token's word; renews it when it has run out.

        A session that was ended elsewhere passes here until its access token expires: what is
        shown is confirmed by `while_live`, or by another call of identity's that takes the token.

        Raises:
            SignedOutError: nobody.
            ServiceError: identity was needed, and did not answer.
        """
        secret, token = jar.get(Cookie.SESSION), jar.get(Cookie.ACCESS)
        if not secret:
            raise SignedOutError(ended=False)
        access = await self._verified(token) if token else None
        if access is None:
            return await self.live(jar)
        return _visitor(access, token)

    async def while_live[T](self, visitor: Visitor, answer: Awaitable[T]) -> T:
        """What was asked on behalf of a visitor, if the session is live by identity's word.

        Both are waited for at once, so that the truth takes no longer.

        Raises:
            SignedOutError: the session has ended.
            ServiceError: identity did not answer.
            Exception: whatever the answer raises.
        """
        _, told = await asyncio.gather(self._identity.check_access(visitor.access_token), answer)
        return told

    async def live(self, jar: CookieJar) -> Visitor:
        """Who is signed in, by identity's word of this moment: what changes data asks this.

        Raises:
            SignedOutError: nobody, or the session has ended.
            ServiceError: identity did not answer.
        """
        secret = jar.get(Cookie.SESSION)
        if not secret:
            raise SignedOutError(ended=False)
        renewed = await self._identity.renew_access(secret)
        access = await self._verified(renewed.text)
        if access is None:
            raise ServiceFailedError("identity", "it issued an access token that does not verify")
        _keep_access(jar, renewed)
        return _visitor(access, renewed.text)

    def admit(self, jar: CookieJar, grant: Grant) -> None:
        """Sign the browser in."""
        jar.put(Cookie.SESSION, grant.session_secret, grant.session_expires_at)
        _keep_access(jar, grant.access)

    async def leave(self, jar: CookieJar) -> None:
        """End the browser's session and sign it out.

        Raises:
            ServiceError: identity did not answer; the browser is still signed in.
        """
        if secret := jar.get(Cookie.SESSION):
            await self._identity.sign_out(secret)
        forget(jar)

    async def _verified(self, token: str) -> AccessToken | None:
        try:
            return await self._verifier.verify(token)
        except InvalidTokenError:
            return None
        except VerificationKeysError as error:
            raise ServiceFailedError("identity", str(error)) from error


def forget(jar: CookieJar) -> None:
    """Take from the browser what signed it in."""
    for cookie in (Cookie.SESSION, Cookie.ACCESS):
        jar.drop(cookie)


def _keep_access(jar: CookieJar, access: Access) -> None:
    jar.put(Cookie.ACCESS, access.text, access.expires_at)


def _visitor(access: AccessToken, token: str) -> Visitor:
    return Visitor(access.account_id, access.session_id, token)
