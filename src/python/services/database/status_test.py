import grpc
import psycopg
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.database.errors import (
    AlreadyExistsError,
    ExhaustedError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    PreconditionError,
    StoppingError,
    Violation,
)
from services.database.status import Failure, failure

Code = grpc.StatusCode


def refusal(sqlstate: str | None) -> DBAPIError:
    """What SQLAlchemy raises when PostgreSQL says no, or nothing."""
    error = psycopg.Error("the row (email)=(ada@example.org)")
    error.sqlstate = sqlstate
    return DBAPIError("SELECT secret", {"secret": 1}, error)


def told(error: Exception) -> Failure:
    answer = failure(error)
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("40001", Code.ABORTED),
        ("40P01", Code.ABORTED),
        ("55P03", Code.ABORTED),
        ("57014", Code.DEADLINE_EXCEEDED),
        ("57P01", Code.UNAVAILABLE),
        ("57P03", Code.UNAVAILABLE),
        ("08006", Code.UNAVAILABLE),
        ("53300", Code.UNAVAILABLE),
        (None, Code.UNAVAILABLE),
        ("22021", Code.INTERNAL),
        ("23514", Code.INTERNAL),
        ("42501", Code.INTERNAL),
        ("42P01", Code.INTERNAL),
    ],
)
def test_an_sqlstate_has_its_status_and_tells_no_data(sqlstate: str | None, code: Code) -> None:
    answer = told(refusal(sqlstate))
    assert answer.code is code
    assert "ada" not in answer.message
    assert "secret" not in answer.message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("gone"), Code.NOT_FOUND),
        (PreconditionError("changed"), Code.FAILED_PRECONDITION),
        (ExhaustedError("full"), Code.RESOURCE_EXHAUSTED),
        (StoppingError("stops"), Code.UNAVAILABLE),
        (OutcomeUnknownError(), Code.UNAVAILABLE),
        (PoolTimeoutError("full"), Code.UNAVAILABLE),
        (TimeoutError(), Code.DEADLINE_EXCEEDED),
    ],
)
def test_an_error_has_its_status(error: Exception, code: Code) -> None:
    answer = told(error)
    assert answer.code is code
    assert answer.trailing_metadata() == ()


def test_a_bad_request_names_its_fields() -> None:
    error = InvalidRequestError([Violation("id", "must be a UUID"), Violation("email", "is long")])
    answer = told(error)
    ((key, value),) = answer.trailing_metadata()
    assert key == "grpc-status-details-bin"
    assert isinstance(value, bytes)
    status = Status.FromString(value)
    detail = BadRequest()
    assert status.details[0].Unpack(detail)
    assert [each.field for each in detail.field_violations] == ["id", "email"]
    assert (status.code, status.message) == (Code.INVALID_ARGUMENT.value[0], answer.message)


def test_what_is_taken_is_said_for_machines() -> None:
    answer = told(AlreadyExistsError("EMAIL_TAKEN", "another account has this e-mail address"))
    assert answer.code is Code.ALREADY_EXISTS
    assert answer.details == (ErrorInfo(reason="EMAIL_TAKEN", domain="database.tandem"),)


def test_a_fault_of_our_own_is_nobodys_status() -> None:
    assert failure(ZeroDivisionError()) is None
