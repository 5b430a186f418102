from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo

from services.account.errors import (
    AccountError,
    EmailTakenError,
    InvalidFieldsError,
    NotFoundError,
    ServiceFailedError,
    ServiceUnavailableError,
    SignedOutError,
    TooManyAttemptsError,
    WrongCredentialsError,
)
from services.account.models import Client
from services.account.testing.faults import Refusal
from services.account.testing.site import Fakes, fakes

CLIENT = Client("a browser", "192.0.2.7")


@pytest_asyncio.fixture
async def services() -> AsyncIterator[Fakes]:
    async with fakes() as running:
        yield running


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (grpc.StatusCode.UNAVAILABLE, ServiceUnavailableError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, ServiceUnavailableError),
        (grpc.StatusCode.CANCELLED, ServiceUnavailableError),
        (grpc.StatusCode.ABORTED, ServiceUnavailableError),
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidFieldsError),
        (grpc.StatusCode.UNAUTHENTICATED, SignedOutError),
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, TooManyAttemptsError),
        (grpc.StatusCode.INTERNAL, ServiceFailedError),
        (grpc.StatusCode.UNKNOWN, ServiceFailedError),
        (grpc.StatusCode.UNIMPLEMENTED, ServiceFailedError),
        (grpc.StatusCode.PERMISSION_DENIED, ServiceFailedError),
        (grpc.StatusCode.FAILED_PRECONDITION, ServiceFailedError),
        (grpc.StatusCode.OUT_OF_RANGE, ServiceFailedError),
        (grpc.StatusCode.DATA_LOSS, ServiceFailedError),
        (grpc.StatusCode.ALREADY_EXISTS, ServiceFailedError),
    ],
)
async def test_every_status_has_a_meaning(
    services: Fakes, code: grpc.StatusCode, meaning: type[AccountError]
) -> None:
    services.faults.planted["GetAccount"] = Refusal(code)
    with pytest.raises(AccountError) as told:
        await services.accounts.account("anybody")
    assert type(told.value) is meaning


async def test_a_status_may_mean_something_else_to_a_method(services: Fakes) -> None:
    planted = services.faults.planted
    planted["SignUp"] = Refusal(grpc.StatusCode.ALREADY_EXISTS)
    planted["SignIn"] = Refusal(grpc.StatusCode.UNAUTHENTICATED)
    planted["RevokeSession"] = Refusal(grpc.StatusCode.INVALID_ARGUMENT)
    with pytest.raises(EmailTakenError):
        await services.identity.sign_up("id", "email", "password", "name", CLIENT)
    with pytest.raises(WrongCredentialsError):
        await services.identity.sign_in("email", "password", CLIENT)
    with pytest.raises(NotFoundError):
        await services.identity.revoke_session("token", "no id")


async def test_violations_are_told_by_the_last_part_of_the_field(services: Fakes) -> None:
    violation = BadRequest.FieldViolation
    details = BadRequest(
        field_violations=[
            violation(field="email", description="No such domain."),
            violation(field="profile.about", description="Too long."),
        ]
    )
    services.faults.planted["SignUp"] = Refusal(grpc.StatusCode.INVALID_ARGUMENT, (details,))
    with pytest.raises(InvalidFieldsError) as refused:
        await services.identity.sign_up("id", "email", "password", "name", CLIENT)
    assert refused.value.fields == {"email": "No such domain.", "about": "Too long."}


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (Duration(seconds=90), 90.0),
        (Duration(nanos=500_000_000), 0.5),
        (Duration(seconds=10_000_000), 86_400.0),
        (Duration(seconds=-5), None),
        (Duration(), None),
    ],
)
async def test_the_time_to_wait_is_taken_from_the_details(
    services: Fakes, delay: Duration, seconds: float | None
) -> None:
    details = RetryInfo(retry_delay=delay)
    services.faults.planted["SignIn"] = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, (details,))
    with pytest.raises(TooManyAttemptsError) as refused:
        await services.identity.sign_in("email", "password", CLIENT)
    assert refused.value.retry_after == seconds


async def test_a_service_that_does_not_answer_in_time_is_unavailable() -> None:
    async with fakes(deadline=0.2) as services:
        services.faults.planted["GetAccount"] = Refusal(grpc.StatusCode.OK, delay=30)
        with pytest.raises(ServiceUnavailableError, match="database: DEADLINE_EXCEEDED"):
            await services.accounts.account("anybody")
