"""Sessions and their tokens: ended ones are refused at once, each account sees its own."""

import hashlib
import json
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import jwt
import pytest
from tandem.database.v1 import sessions_pb2
from tandem.identity.v1 import identity_pb2 as pb
from uuid_utils.compat import uuid7

from chassis import tokens
from services.identity import key_files
from services.identity.testing import TIMEOUT, Running, running


async def refused(call: Awaitable[object]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code()


def listing(identity: Running, token: str) -> Awaitable[pb.ListSessionsResponse]:
    return identity.stub.ListSessions(pb.ListSessionsRequest(access_token=token), timeout=TIMEOUT)


def check(identity: Running, token: str) -> Awaitable[pb.CheckAccessResponse]:
    return identity.stub.CheckAccess(pb.CheckAccessRequest(access_token=token), timeout=TIMEOUT)


def revocation(
    identity: Running, token: str, session_id: str
) -> Awaitable[pb.RevokeSessionResponse]:
    request = pb.RevokeSessionRequest(access_token=token, session_id=session_id)
    return identity.stub.RevokeSession(request, timeout=TIMEOUT)


def renewal(identity: Running, secret: str) -> Awaitable[pb.RenewAccessResponse]:
    return identity.stub.RenewAccess(pb.RenewAccessRequest(session_secret=secret), timeout=TIMEOUT)


async def keys_of(identity: Running) -> tokens.Keys:
    answer = await identity.stub.GetVerificationKeys(
        pb.GetVerificationKeysRequest(), timeout=TIMEOUT
    )
    return tokens.parse_jwks(answer.jwks)


async def test_others_verify_a_token_by_the_published_keys(tmp_path: Path) -> None:
    async with running(tmp_path, access_token_lifetime=60) as identity:
        grant = await identity.sign_up()
        token = tokens.verify(grant.access_token, await keys_of(identity))
        assert (token.account_id, token.session_id) == (grant.account_id, grant.session_id)
        assert token.expires_at == grant.access_expires_at.ToDatetime(UTC)
        left = token.expires_at - datetime.now(UTC)
        assert timedelta(seconds=50) < left <= timedelta(seconds=60)


async def test_only_the_digest_of_the_secret_is_stored(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        grant = await identity.sign_up()
        digest = hashlib.sha256(grant.session_secret.encode()).digest()
        assert identity.stores.session_ids == {digest: grant.session_id}
        assert all(grant.session_secret not in str(r) for r in identity.stores.requests)


async def test_secret_renews_access_to_its_session(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        grant = await identity.sign_up()
        answer = await renewal(identity, grant.session_secret)
        token = tokens.verify(answer.access_token, await keys_of(identity))
        assert token.session_id == grant.session_id


async def test_access_ends_no_later_than_its_session(tmp_path: Path) -> None:
    async with running(tmp_path, session_lifetime=60, access_token_lifetime=3600) as identity:
        grant = await identity.sign_up()
        assert grant.access_expires_at.seconds <= grant.session_expires_at.seconds


async def test_ended_session_is_refused_at_once(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        ended, other = await identity.sign_up(), await identity.sign_in()
        await check(identity, ended.access_token)
        await revocation(identity, other.access_token, ended.session_id)
        unauthenticated = grpc.StatusCode.UNAUTHENTICATED
        assert await refused(check(identity, ended.access_token)) is unauthenticated
        assert await refused(listing(identity, ended.access_token)) is unauthenticated
        assert await refused(renewal(identity, ended.session_secret)) is unauthenticated
        attempt = revocation(identity, ended.access_token, other.session_id)
        assert await refused(attempt) is unauthenticated
        assert identity.stores.ended == {ended.session_id: sessions_pb2.SESSION_END_REVOKED}


async def test_signing_out_ends_the_session_and_again_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        grant = await identity.sign_up()
        request = pb.SignOutRequest(session_secret=grant.session_secret)
        await identity.stub.SignOut(request, timeout=TIMEOUT)
        await identity.stub.SignOut(request, timeout=TIMEOUT)
        assert identity.stores.ended == {grant.session_id: sessions_pb2.SESSION_END_SIGNED_OUT}
        assert identity.stores.names().count("RevokeSessionRequest") == 1


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT])
async def test_session_that_is_not_the_accounts_is_not_found(
    tmp_path: Path, code: grpc.StatusCode
) -> None:
    async with running(tmp_path) as identity:
        grant = await identity.sign_up()
        identity.stores.failures["RevokeSessionRequest"] = code
        attempt = revocation(identity, grant.access_token, "no id at all")
        assert await refused(attempt) is grpc.StatusCode.NOT_FOUND


async def test_account_cannot_see_or_end_sessions_of_another(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        ada = await identity.sign_up()
        eve = await identity.sign_up(email="eve@example.org")
        shown = (await listing(identity, eve.access_token)).sessions
        assert [session.id for session in shown] == [eve.session_id]
        attempt = revocation(identity, eve.access_token, ada.session_id)
        assert await refused(attempt) is grpc.StatusCode.NOT_FOUND
        assert identity.stores.ended == {}


async def test_own_session_is_shown_however_many_others_were_seen_since(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        own = await identity.sign_up()
        others = [(await identity.sign_in()).session_id for _ in range(3)]
        identity.stores.most_listed = 2
        shown = (await listing(identity, own.access_token)).sessions
        assert [session.id for session in shown] == [own.session_id, others[2], others[1]]
        assert [session.current for session in shown] == [True, False, False]
        await revocation(identity, own.access_token, others[0])
        assert list(identity.stores.ended) == [others[0]]


async def test_ending_a_session_lists_none(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        grant, other = await identity.sign_up(), await identity.sign_in()
        await revocation(identity, grant.access_token, other.session_id)
        assert "ListSessionsRequest" not in identity.stores.names()


async def test_forged_and_foreign_tokens_are_refused_unasked(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        grant = await identity.sign_up()
        key = key_files.read(key_files.paths(tmp_path)[0])
        claims = jwt.decode(grant.access_token, options={"verify_signature": False})
        headers = {"kid": key.kid}
        expired = claims | {"exp": datetime.now(UTC) - timedelta(seconds=tokens.LEEWAY + 1)}
        foreign = claims | {"aud": "somebody else"}
        forgeries = [
            "",
            "not a token",
            grant.session_secret,
            jwt.encode(claims, "", algorithm="none", headers=headers),
            jwt.encode(expired, key.private_key, algorithm="EdDSA", headers=headers),
            jwt.encode(foreign, key.private_key, algorithm="EdDSA", headers=headers),
            jwt.encode(claims, key.private_key, algorithm="EdDSA", headers={"kid": "other"}),
        ]
        identity.stores.requests.clear()
        for forgery in forgeries:
            assert await refused(listing(identity, forgery)) is grpc.StatusCode.UNAUTHENTICATED
            assert await refused(check(identity, forgery)) is grpc.StatusCode.UNAUTHENTICATED
        assert identity.stores.requests == []


async def test_rotation_signs_with_the_new_key_and_still_verifies_the_old_one(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as identity:
        old = await identity.sign_up()
        new_kid = key_files.create(tmp_path).stem
        identity.clock.shift = 3
        assert new_kid in await keys_of(identity)
        assert tokens.key_id((await identity.sign_in()).access_token) != new_kid
        identity.clock.shift = 20
        new = await identity.sign_in()
        assert tokens.key_id(new.access_token) == new_kid
        for grant in (old, new):
            await listing(identity, grant.access_token)
        (tmp_path / f"{tokens.key_id(old.access_token)}.pem").unlink()
        identity.clock.shift = 23
        assert await refused(listing(identity, old.access_token)) is grpc.StatusCode.UNAUTHENTICATED
        await listing(identity, new.access_token)


async def test_published_keys_hold_no_private_part(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        request = pb.GetVerificationKeysRequest()
        jwks = (await identity.stub.GetVerificationKeys(request, timeout=TIMEOUT)).jwks
    assert [set(key) for key in json.loads(jwks)["keys"]] == [
        {"kty", "crv", "x", "kid", "use", "alg"}
    ]


async def test_unknown_session_secret_renews_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        assert await refused(renewal(identity, str(uuid7()))) is grpc.StatusCode.UNAUTHENTICATED
