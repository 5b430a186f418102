import asyncio
import secrets
from datetime import timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from tandem.database.v1 import attempts_pb2

from tests.database.stores import Stores, fields_at_fault, new_key


def window(seconds: float) -> Duration:
    length = Duration()
    length.FromTimedelta(timedelta(seconds=seconds))
    return length


def attempt(key: bytes, limit: int = 3, seconds: float = 60) -> attempts_pb2.CountAttemptRequest:
    return attempts_pb2.CountAttemptRequest(key=key, limit=limit, window=window(seconds))


async def test_attempts_past_the_limit_are_told_how_long_to_wait(stores: Stores) -> None:
    key = secrets.token_bytes(32)
    answers = [await stores.attempts.CountAttempt(attempt(key), timeout=10) for _ in range(5)]
    assert [answer.allowed for answer in answers] == [True] * 3 + [False] * 2
    assert answers[2].retry_after.ToTimedelta() == timedelta(0)
    wait = answers[4].retry_after.ToTimedelta()
    assert timedelta(seconds=30) < wait <= timedelta(seconds=60)


async def test_of_many_attempts_at_once_exactly_the_limit_is_allowed(stores: Stores) -> None:
    key = secrets.token_bytes(32)
    answers = await asyncio.gather(
        *(stores.attempts.CountAttempt(attempt(key, limit=7), timeout=10) for _ in range(40))
    )
    assert sum(answer.allowed for answer in answers) == 7


async def test_a_window_that_is_over_makes_room_for_the_next(stores: Stores) -> None:
    key = secrets.token_bytes(32)
    request = attempt(key, limit=1, seconds=3)
    first = await stores.attempts.CountAttempt(request, timeout=10)
    second = await stores.attempts.CountAttempt(request, timeout=10)
    assert (first.allowed, second.allowed) == (True, False)
    await asyncio.sleep(second.retry_after.ToTimedelta().total_seconds() + 0.05)
    assert (await stores.attempts.CountAttempt(request, timeout=10)).allowed


async def test_keys_do_not_count_for_each_other(stores: Stores) -> None:
    for _ in range(3):
        request = attempt(secrets.token_bytes(32), limit=1)
        assert (await stores.attempts.CountAttempt(request, timeout=10)).allowed


async def test_forgotten_attempts_do_not_count(stores: Stores) -> None:
    key = secrets.token_bytes(32)
    forget = attempts_pb2.ForgetAttemptsRequest(key=key)
    for _ in range(3):
        assert (await stores.attempts.CountAttempt(attempt(key, limit=1), timeout=10)).allowed
        await stores.attempts.ForgetAttempts(forget, timeout=10)
    await stores.attempts.ForgetAttempts(forget, timeout=10)


def refund(
    request: attempts_pb2.CountAttemptRequest, counted: attempts_pb2.CountAttemptResponse
) -> attempts_pb2.RefundAttemptRequest:
    return attempts_pb2.RefundAttemptRequest(key=request.key, window_ends_at=counted.window_ends_at)


async def test_a_refunded_attempt_does_not_count_and_the_others_still_do(stores: Stores) -> None:
    request = attempt(secrets.token_bytes(32), limit=2)
    await stores.attempts.CountAttempt(request, timeout=10)
    for _ in range(4):
        counted = await stores.attempts.CountAttempt(request, timeout=10)
        assert counted.allowed
        back = refund(request, counted)
        await stores.attempts.RefundAttempt(back, timeout=10, metadata=new_key())
    allowed = [(await stores.attempts.CountAttempt(request, timeout=10)).allowed for _ in range(2)]
    assert allowed == [True, False]


async def test_refunds_at_the_same_time_each_take_one_attempt_back(stores: Stores) -> None:
    request = attempt(secrets.token_bytes(32), limit=9)
    counts = [await stores.attempts.CountAttempt(request, timeout=10) for _ in range(9)]
    await asyncio.gather(
        *(
            stores.attempts.RefundAttempt(refund(request, each), timeout=10, metadata=new_key())
            for each in counts
        )
    )
    answers = [await stores.attempts.CountAttempt(request, timeout=10) for _ in range(10)]
    assert [answer.allowed for answer in answers] == [True] * 9 + [False]


async def test_a_refund_that_is_delivered_again_takes_nothing_more_back(stores: Stores) -> None:
    request, key = attempt(secrets.token_bytes(32), limit=2), new_key()
    counts = [await stores.attempts.CountAttempt(request, timeout=10) for _ in range(2)]
    for _ in range(3):
        back = refund(request, counts[0])
        await stores.attempts.RefundAttempt(back, timeout=10, metadata=key)
    allowed = [(await stores.attempts.CountAttempt(request, timeout=10)).allowed for _ in range(2)]
    assert allowed == [True, False]


async def test_a_refund_takes_nothing_from_a_later_window(stores: Stores) -> None:
    request = attempt(secrets.token_bytes(32), limit=1, seconds=0.3)
    counted = await stores.attempts.CountAttempt(request, timeout=10)
    await asyncio.sleep(0.35)
    later = attempt(request.key, limit=1)
    assert (await stores.attempts.CountAttempt(later, timeout=10)).allowed
    back = refund(request, counted)
    await stores.attempts.RefundAttempt(back, timeout=10, metadata=new_key())
    assert not (await stores.attempts.CountAttempt(later, timeout=10)).allowed


async def test_a_refund_without_a_key_of_its_own_is_refused(stores: Stores) -> None:
    request = attempt(secrets.token_bytes(32))
    counted = await stores.attempts.CountAttempt(request, timeout=10)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.attempts.RefundAttempt(refund(request, counted), timeout=10)
    assert fields_at_fault(refused.value) == ["idempotency-key"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (attempt(b"short"), "key"),
        (attempt(b"k" * 32, limit=0), "limit"),
        (attempt(b"k" * 32, seconds=0), "window"),
        (attempt(b"k" * 32, seconds=8 * 86_400), "window"),
    ],
)
async def test_what_cannot_be_counted_is_refused(
    stores: Stores, request_: attempts_pb2.CountAttemptRequest, field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.attempts.CountAttempt(request_, timeout=10)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(refused.value) == [field]
