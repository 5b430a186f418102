"""Who is signed in."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from chassis.tokens import AccessTokenVerifier, VerificationKeysError
from chassis.web.cookies import Cookie, CookieJar
from chassis.web.visitors import Visitor, keep_access, known, named_by, session_secret
from services.account.errors import ServiceError, ServiceFailedError, SignedOutError
from services.account.gateways.identity import IdentityGateway
from services.account.models import Grant, Session

_log = structlog.get_logger()


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
        shown is confirmed by `while_live`, or by `sessions`.

        Raises:
            SignedOutError: nobody.
            ServiceError: identity was needed, and did not answer.
        """
        with _keys_of_identity():
            visitor = await known(jar, self._verifier)
        return visitor or await self.live(jar)

    async def while_live[T](self, jar: CookieJar, visitor: Visitor, answer: Awaitable[T]) -> T:
        """What was asked on behalf of a visitor, if the session is live by identity's word.

        Both are waited for at once, so that the truth takes no longer.

        Raises:
            SignedOutError: the session has ended.
            ServiceError: identity did not answer.
            Exception: whatever the answer raises.
        """
        _, told = await asyncio.gather(self.confirmed(jar, visitor), answer)
        return told

    async def sessions(self, jar: CookieJar, visitor: Visitor) -> Sequence[Session]:
        """The live sessions of the visitor's account; renews access as `confirmed` does.

        Raises:
            SignedOutError: the session has ended.
            ServiceError: identity did not answer.
        """
        try:
            return await self._identity.sessions(visitor.access_token)
        except SignedOutError:
            renewed = await self._renewed(jar, visitor)
            return await self._identity.sessions(renewed.access_token)

    async def confirmed(self, jar: CookieJar, visitor: Visitor) -> Visitor:
        """The visitor, if the session is live by identity's word; renews access it does not take.

        Raises:
            SignedOutError: the session has ended.
            ServiceError: identity did not answer.
        """
        try:
            await self._identity.check_access(visitor.access_token)
        except SignedOutError:
            # Identity tells a token that has expired, or whose key was removed, no other than a
            # session that has ended.
            return await self._renewed(jar, visitor)
        return visitor

    async def live(self, jar: CookieJar) -> Visitor:
        """Who is signed in, by identity's word of this moment: what changes data asks this.

        Raises:
            SignedOutError: nobody, or the session has ended.
            ServiceError: identity did not answer.
        """
        secret = session_secret(jar)
        if not secret:
            raise SignedOutError(ended=False)
        renewed = await self._identity.renew_access(secret)
        with _keys_of_identity():
            visitor = await named_by(renewed.text, self._verifier)
        if visitor is None:
            raise ServiceFailedError("identity", "it issued an access token that does not verify")
        keep_access(jar, secret, renewed.text, renewed.expires_at)
        return visitor

    async def _renewed(self, jar: CookieJar, visitor: Visitor) -> Visitor:
        """The visitor again, with a new token; not somebody else, whose secret came along."""
        renewed = await self.live(jar)
        if renewed.session_id != visitor.session_id:
            raise SignedOutError(ended=True)
        return renewed

    async def admit(self, jar: CookieJar, grant: Grant) -> None:
        """Sign the browser in, and end the session that it had, unless identity does not answer."""
        before = session_secret(jar)
        if before and before != grant.session_secret:
            await self._end(before)
        jar.put(Cookie.SESSION, grant.session_secret, grant.session_expires_at)
        keep_access(jar, grant.session_secret, grant.access.text, grant.access.expires_at)

    async def leave(self, jar: CookieJar) -> None:
        """End the browser's session and sign it out.

        Raises:
            ServiceError: identity did not answer; the browser is still signed in.
        """
        if secret := session_secret(jar):
            await self._identity.sign_out(secret)
        forget(jar)

    async def _end(self, secret: str) -> None:
        # No reason to refuse who has just signed in; the session expires by itself, too.
        try:
            await self._identity.sign_out(secret)
        except ServiceError as error:
            await _log.awarning("session before not ended", reason=str(error))


@contextmanager
def _keys_of_identity() -> Iterator[None]:
    try:
        yield
    except VerificationKeysError as error:
        raise ServiceFailedError("identity", str(error)) from error


def forget(jar: CookieJar) -> None:
    """Take from the browser what signed it in."""
    for cookie in (Cookie.SESSION, Cookie.ACCESS):
        jar.drop(cookie)
