import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from chassis import tokens
from chassis.web.cookies import Cookie, CookieJar, CookiePolicy
from chassis.web.visitors import Visitor, keep_access, known, named_by, session_secret

KEY = Ed25519PrivateKey.generate()
SECRET = "s" * 43
LATER = timedelta(hours=1)  # some are made before the first test


async def fetch_jwks() -> str:
    key = {**OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "a"}
    return json.dumps({"keys": [key]})


def token(lifetime: timedelta = LATER) -> str:
    now = datetime.now(UTC)
    claims = {"sub": "ada", "sid": "session", "iat": now - 2 * LATER, "exp": now + lifetime}
    issued = {**claims, "iss": tokens.ISSUER, "aud": tokens.AUDIENCE}
    return jwt.encode(issued, KEY, algorithm="EdDSA", headers={"kid": "a"})


@pytest.fixture
def verifier() -> tokens.AccessTokenVerifier:
    return tokens.AccessTokenVerifier(fetch_jwks)


def jar(session: str = SECRET, kept: str = "") -> CookieJar:
    cookies = {"__Host-tandem_session": session, "__Host-tandem_access": kept}
    return CookieJar(CookiePolicy(secure=True), cookies)


async def test_who_has_a_token_of_the_session_is_known(
    verifier: tokens.AccessTokenVerifier,
) -> None:
    browser, text = jar(), token()
    keep_access(browser, SECRET, text, datetime.now(UTC) + LATER)
    visitor = Visitor("ada", "session", text)
    assert await known(browser, verifier) == visitor
    assert await known(jar(kept=browser.get(Cookie.ACCESS)), verifier) == visitor
    assert text not in repr(visitor)


async def test_a_token_of_another_session_makes_nobody_known(
    verifier: tokens.AccessTokenVerifier,
) -> None:
    browser = jar()
    keep_access(browser, "o" * 43, token(), datetime.now(UTC) + LATER)
    assert await known(browser, verifier) is None


@pytest.mark.parametrize("session", ["", "short", "é" * 43])
async def test_without_a_session_nobody_is_known(
    verifier: tokens.AccessTokenVerifier, session: str
) -> None:
    browser = jar(session)
    keep_access(browser, session, token(), datetime.now(UTC) + LATER)
    assert session_secret(browser) == ""
    assert await known(browser, verifier) is None


@pytest.mark.parametrize("text", ["", "forged", token(-LATER)])
async def test_a_token_that_proves_nothing_names_nobody(
    verifier: tokens.AccessTokenVerifier, text: str
) -> None:
    assert await named_by(text, verifier) is None
    browser = jar()
    keep_access(browser, SECRET, text, datetime.now(UTC) + LATER)
    assert await known(browser, verifier) is None


async def test_no_cookie_is_nobody(verifier: tokens.AccessTokenVerifier) -> None:
    assert await known(CookieJar(CookiePolicy(secure=True), {}), verifier) is None
