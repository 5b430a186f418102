"""Identity on the real database service and a real PostgreSQL."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from tandem.database.v1 import activity_pb2
from tandem.database.v1.activity_pb2_grpc import ActivityLogStub
from tandem.identity.v1 import identity_pb2 as pb

from chassis import tokens
from grpc_kafka import aio, testing
from services.identity.testing import endpoint, serving
from tests.identity.people import TIMEOUT, Person, session_ids

if TYPE_CHECKING:
    from tandem.identity.v1.identity_pb2_grpc import IdentityAsyncStub


async def test_somebody_signs_up_in_and_out(identity: "IdentityAsyncStub") -> None:
    ada = Person()
    first = await ada.sign_up(identity)
    second = await ada.sign_in(identity)
    assert first.account_id == second.account_id == ada.account_id
    assert await session_ids(identity, second) == {first.session_id, second.session_id}
    await identity.SignOut(pb.SignOutRequest(session_secret=first.session_secret), timeout=TIMEOUT)
    assert await session_ids(identity, second) == {second.session_id}


async def test_renewed_token_verifies_by_the_published_keys(
    identity: "IdentityAsyncStub",
) -> None:
    async def fetch_jwks() -> str:
        request = pb.GetVerificationKeysRequest()
        return (await identity.GetVerificationKeys(request, timeout=TIMEOUT)).jwks

    grant = await Person().sign_up(identity)
    renewal = pb.RenewAccessRequest(session_secret=grant.session_secret)
    answer = await identity.RenewAccess(renewal, timeout=TIMEOUT)
    token = await tokens.AccessTokenVerifier(fetch_jwks).verify(answer.access_token)
    assert (token.account_id, token.session_id) == (grant.account_id, grant.session_id)


async def test_revoked_session_is_refused_at_once(identity: "IdentityAsyncStub") -> None:
    ada = Person()
    ended, other = await ada.sign_up(identity), await ada.sign_in(identity)
    revocation = pb.RevokeSessionRequest(
        access_token=other.access_token, session_id=ended.session_id
    )
    await identity.RevokeSession(revocation, timeout=TIMEOUT)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await session_ids(identity, ended)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    renewal = pb.RenewAccessRequest(session_secret=ended.session_secret)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.RenewAccess(renewal, timeout=TIMEOUT)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("session_id", ["no id", "00000000-0000-7000-8000-000000000000"])
async def test_session_that_never_was_is_not_found(
    identity: "IdentityAsyncStub", session_id: str
) -> None:
    grant = await Person().sign_up(identity)
    request = pb.RevokeSessionRequest(access_token=grant.access_token, session_id=session_id)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.RevokeSession(request, timeout=TIMEOUT)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_sign_up_delivered_many_times_at_once_makes_one_account(
    identity: "IdentityAsyncStub", broker: testing.InMemoryBroker
) -> None:
    ada = Person()
    grants = await asyncio.gather(*(ada.sign_up(identity) for _ in range(5)))
    assert {grant.account_id for grant in grants} == {ada.account_id}
    assert await session_ids(identity, grants[0]) == {grant.session_id for grant in grants}
    assert (await activity(broker, ada)).count(activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED) == 1


async def test_what_happens_is_in_the_activity_log(
    identity: "IdentityAsyncStub", broker: testing.InMemoryBroker
) -> None:
    ada = Person()
    grant = await ada.sign_up(identity)
    await identity.SignOut(pb.SignOutRequest(session_secret=grant.session_secret), timeout=TIMEOUT)
    assert await activity(broker, ada) == [
        activity_pb2.ACTIVITY_KIND_SIGNED_OUT,
        activity_pb2.ACTIVITY_KIND_SIGNED_IN,
        activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED,
    ]


async def test_address_is_taken_in_whatever_case(identity: "IdentityAsyncStub") -> None:
    ada = Person()
    await ada.sign_up(identity)

    class Impostor(Person):
        @property
        def email(self) -> str:
            return ada.email.swapcase()

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await Impostor().sign_up(identity)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert "Sign in" in str(refused.value.details())


async def test_id_of_another_account_is_not_told_as_a_taken_address(
    identity: "IdentityAsyncStub",
) -> None:
    ada = Person()
    await ada.sign_up(identity)

    class Augusta(Person):
        @property
        def email(self) -> str:
            return f"Augusta.{self.account_id}@example.org"

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await Augusta(ada.account_id).sign_up(identity)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert "Make a new id" in str(refused.value.details())


async def test_reused_id_does_not_tell_whether_an_address_has_an_account(
    identity: "IdentityAsyncStub",
) -> None:
    ada, eve = Person(), Person()
    await ada.sign_up(identity)
    await eve.sign_up(identity)

    class Eve(Person):
        @property
        def email(self) -> str:
            return ada.email

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await Eve(eve.account_id).sign_up(identity)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert "Make a new id" in str(refused.value.details())


async def test_attempts_are_limited_and_forgotten_by_success(
    identity: "IdentityAsyncStub",
) -> None:
    ada = Person()
    await ada.sign_up(identity)
    for _ in range(2):
        assert await wrong_password(identity, ada) is grpc.StatusCode.UNAUTHENTICATED
    await ada.sign_in(identity)
    codes = [await wrong_password(identity, ada) for _ in range(4)]
    unauthenticated = [grpc.StatusCode.UNAUTHENTICATED] * 3
    assert codes == [*unauthenticated, grpc.StatusCode.RESOURCE_EXHAUSTED]


async def test_attempts_outlive_the_process_that_counted_them(
    broker: testing.InMemoryBroker, tmp_path: Path
) -> None:
    ada = Person()
    async with serving(tmp_path / "first", broker, sign_in_limit_per_pair=1) as (first, _):
        await ada.sign_up(first)
        assert await wrong_password(first, ada) is grpc.StatusCode.UNAUTHENTICATED
    async with serving(tmp_path / "second", broker, sign_in_limit_per_pair=1) as (second, _):
        assert await wrong_password(second, ada) is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_hash_follows_changed_parameters(
    broker: testing.InMemoryBroker, tmp_path: Path
) -> None:
    ada = Person()
    async with serving(tmp_path / "before", broker) as (identity, _):
        await ada.sign_up(identity)
    after = tmp_path / "after"
    async with serving(after, broker, password_hash_time_cost=2) as (identity, hashes):
        await ada.sign_in(identity)
        assert hashes.count == 2, "one to verify, one to renew"
        await ada.sign_in(identity)
        assert hashes.count == 3


async def wrong_password(identity: "IdentityAsyncStub", person: Person) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await person.sign_in(identity, "wrong horse")
    return refused.value.code()


async def activity(broker: testing.InMemoryBroker, person: Person) -> list[int]:
    """The kinds of a person's activities, newest first."""
    async with aio.channel(endpoint("tests"), broker=broker) as channel:
        request = activity_pb2.ListActivityRequest(account_id=person.account_id)
        answer = await ActivityLogStub(channel).ListActivity(request, timeout=TIMEOUT)
    return [entry.kind for entry in answer.activities]
