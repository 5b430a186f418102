import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_encode

from chassis import tokens

KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
SECRET = "a secret of the attacker's, long enough for HMAC"


def jwks(keys: Mapping[str, Ed25519PrivateKey]) -> str:
    entries = [
        {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}
        for kid, key in keys.items()
    ]
    return json.dumps({"keys": entries})


def claims(**changes: object) -> dict[str, object]:
    now = datetime.now(UTC)
    usual: dict[str, object] = {
        "sub": "account",
        "sid": "session",
        "iat": now,
        "exp": now + timedelta(hours=1),  # some are made before the first test
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(key: Ed25519PrivateKey = KEY, kid: str | None = "a", **changes: object) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changes), key, algorithm="EdDSA", headers=headers)


def signed_without(claim: str) -> str:
    return jwt.encode(claims(**{claim: None}), KEY, algorithm="EdDSA", headers={"kid": "a"})


class KeySet:
    """A key set to fetch, which counts how often it was."""

    def __init__(self, **keys: Ed25519PrivateKey) -> None:
        self.keys = keys
        self.fetches = 0

    async def fetch(self) -> str:
        self.fetches += 1
        await asyncio.sleep(0)
        return jwks(self.keys)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_token_proves_account_and_session_until_it_expires() -> None:
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    token = await tokens.AccessTokenVerifier(KeySet(a=KEY).fetch).verify(signed(exp=expiry))
    assert token == tokens.AccessToken("account", "session", expiry)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("not.a.token", "malformed"),
        (f"{base64url_encode(b'[' * 700).decode()}.e30.e30", "malformed"),
        (signed(sub="a" * tokens.LONGEST), "too long"),
        (signed(kid=None), "names no key"),
        (signed(kid="unheard-of"), "key is not known"),
        (signed(OTHER_KEY), "signature is wrong"),
        (signed(exp=datetime.now(UTC) - timedelta(seconds=tokens.LEEWAY + 1)), "expired"),
        (signed(iat=datetime.now(UTC) + timedelta(minutes=5)), "issued in the future"),
        (signed(aud="somebody else"), "another audience"),
        (signed(iss="somebody else"), "another issuer"),
        (signed(sid=7), "malformed"),
        *((signed_without(name), "missing") for name in ("sub", "sid", "iat", "exp", "iss")),
        (jwt.encode(claims(), "", algorithm="none", headers={"kid": "a"}), "algorithm"),
        (jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": "a"}), "algorithm"),
    ],
)
async def test_token_that_proves_nothing_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(tokens.InvalidTokenError, match=reason):
        await tokens.AccessTokenVerifier(KeySet(a=KEY).fetch).verify(text)


def test_token_within_the_leeway_is_accepted() -> None:
    expiry = datetime.now(UTC) - timedelta(seconds=1)
    keys = tokens.parse_jwks(jwks({"a": KEY}))
    assert tokens.verify(signed(exp=expiry), keys).session_id == "session"


GENUINE = signed()
KEYS = tokens.parse_jwks(jwks({"a": KEY}))


@settings(deadline=None)
@given(position=st.integers(0, len(GENUINE) - 2), character=st.characters())
def test_token_changed_anywhere_is_refused(position: int, character: str) -> None:
    # The last character is left alone, some of its bits are padding; "+/" are read as "-_".
    changed = GENUINE[:position] + character + GENUINE[position + 1 :]
    assume(changed.translate(str.maketrans("+/", "-_")) != GENUINE)
    with pytest.raises(tokens.InvalidTokenError):
        tokens.verify(changed, KEYS)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_either_no_token_or_refused(text: str) -> None:
    with pytest.raises(tokens.InvalidTokenError):
        tokens.verify(text, KEYS)


async def test_known_key_is_fetched_once() -> None:
    keys = KeySet(a=KEY)
    verifier = tokens.AccessTokenVerifier(keys.fetch)
    await asyncio.gather(*(verifier.verify(signed()) for _ in range(10)))
    await verifier.verify(signed())
    assert keys.fetches == 1


async def test_new_key_is_fetched_and_the_old_one_still_verifies() -> None:
    keys, clock = KeySet(a=KEY), Clock()
    verifier = tokens.AccessTokenVerifier(keys.fetch, clock=clock)
    await verifier.verify(signed())
    keys.keys["b"] = OTHER_KEY
    clock.now += tokens.REFETCH_INTERVAL + 1
    assert (await verifier.verify(signed(OTHER_KEY, "b"))).session_id == "session"
    assert (await verifier.verify(signed())).session_id == "session"
    assert keys.fetches == 2


async def test_unknown_keys_cause_few_fetches() -> None:
    keys, clock = KeySet(a=KEY), Clock()
    verifier = tokens.AccessTokenVerifier(keys.fetch, clock=clock)
    for second in range(20):
        clock.now = float(second)
        with pytest.raises(tokens.InvalidTokenError):
            await verifier.verify(signed(kid="unheard-of"))
    assert keys.fetches == 4


async def test_removed_key_stops_to_verify() -> None:
    keys, clock = KeySet(a=KEY), Clock()
    verifier = tokens.AccessTokenVerifier(keys.fetch, clock=clock)
    await verifier.verify(signed())
    keys.keys = {"b": OTHER_KEY}
    clock.now += tokens.MAXIMUM_AGE + 1
    with pytest.raises(tokens.InvalidTokenError, match="not known"):
        await verifier.verify(signed())


async def test_failed_fetch_reaches_all_who_wait_and_the_next_one_may_succeed() -> None:
    class Flaky(KeySet):
        async def fetch(self) -> str:
            answer = await super().fetch()
            if self.fetches == 1:
                raise ConnectionError("down")
            return answer

    keys = Flaky(a=KEY)
    verifier = tokens.AccessTokenVerifier(keys.fetch)
    waiting = (verifier.verify(signed()) for _ in range(3))
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError] * 3
    assert (await verifier.verify(signed())).account_id == "account"


async def test_caller_who_gives_up_does_not_stop_the_fetch_of_others() -> None:
    keys = KeySet(a=KEY)
    verifier = tokens.AccessTokenVerifier(keys.fetch)
    first = asyncio.create_task(verifier.verify(signed()))
    second = asyncio.create_task(verifier.verify(signed()))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).account_id == "account"
    assert keys.fetches == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": 7}', '{"keys": [7]}', '{"keys": [{"crv": "Ed25519"}]}']
)
def test_text_that_is_no_key_set_is_an_error(text: str) -> None:
    with pytest.raises(tokens.VerificationKeysError):
        tokens.parse_jwks(text)


def test_keys_of_other_kinds_are_left_out() -> None:
    entries = json.loads(jwks({"a": KEY}))["keys"]
    text = json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "b"}, *entries]})
    assert set(tokens.parse_jwks(text)) == {"a"}
