"""The error tree of identity.

IdentityError
+-- KeysError                   the directory of signing keys cannot be used
+-- StoreRefusedError           a store of `database` refused a request, and its caller knows why
+-- RefusedError                what a caller of the service is told
    +-- InvalidFieldsError          INVALID_ARGUMENT
    +-- EmailTakenError             ALREADY_EXISTS, reason EMAIL_TAKEN
    +-- IdTakenError                ALREADY_EXISTS, reason ID_TAKEN
    +-- WrongCredentialsError       UNAUTHENTICATED
    +-- NotSignedInError            UNAUTHENTICATED
    +-- NoSuchSessionError          NOT_FOUND
    +-- TooManyAttemptsError        RESOURCE_EXHAUSTED
    +-- OutOfTimeError              DEADLINE_EXCEEDED
    +-- StoreUnavailableError       UNAVAILABLE
"""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

DOMAIN = "identity.tandem"
"""Whose `ErrorInfo.reason` it is."""


class IdentityError(Exception):
    """Something that identity was asked to do cannot be done."""


class KeysError(IdentityError):
    """The directory of signing keys cannot be used.

    Attributes:
        path: The file or directory with the problem.
        problem: What is wrong with it, and what to do.
    """

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


class StoreRefusedError(IdentityError):
    """A store refused a request for a reason that its contract names.

    Attributes:
        code: The status of the store's answer.
        request: The name of the request's message.
    """

    def __init__(self, code: grpc.StatusCode, request: str) -> None:
        self.code = code
        self.request = request
        super().__init__(f"the store answered {request} with {code.name}")


class RefusedError(IdentityError):
    """What a caller of the service is told.

    Attributes:
        code: The status of the answer.
        message: For people: what happened and what to do next. It holds no secret.
    """

    code: ClassVar[grpc.StatusCode]

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)

    def details(self) -> Sequence[Message]:
        """What programs are told besides, as messages of google.rpc."""
        return ()


class InvalidFieldsError(RefusedError):
    """Some fields of the request are not acceptable.

    Attributes:
        violations: What is wrong, for people, by the field's name.
    """

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, violations: Mapping[str, str]) -> None:
        self.violations = dict(violations)
        super().__init__(" ".join(f"{name}: {text}" for name, text in violations.items()))

    def details(self) -> Sequence[Message]:
        """One google.rpc.BadRequest with a violation for each field."""
        violation = BadRequest.FieldViolation
        return [
            BadRequest(
                field_violations=[
                    violation(field=name, description=text)
                    for name, text in self.violations.items()
                ]
            )
        ]


class EmailTakenError(RefusedError):
    """Another account has the e-mail address."""

    code = grpc.StatusCode.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("Another account has this e-mail address. Sign in, or use another one.")

    def details(self) -> Sequence[Message]:
        """One google.rpc.ErrorInfo."""
        return [ErrorInfo(reason="EMAIL_TAKEN", domain=DOMAIN)]


class IdTakenError(RefusedError):
    """The account with this id has another e-mail address."""

    code = grpc.StatusCode.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("An account with this id has another e-mail address. Make a new id.")

    def details(self) -> Sequence[Message]:
        """One google.rpc.ErrorInfo."""
        return [ErrorInfo(reason="ID_TAKEN", domain=DOMAIN)]


class WrongCredentialsError(RefusedError):
    """There is no such account, or its password is another; which of them is not told."""

    code = grpc.StatusCode.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class NotSignedInError(RefusedError):
    """The access token or the session secret proves no live session."""

    code = grpc.StatusCode.UNAUTHENTICATED

    def __init__(self, message: str = "The session has ended. Sign in again.") -> None:
        super().__init__(message)


class NoSuchSessionError(RefusedError):
    """The account never had the session."""

    code = grpc.StatusCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("The account has no such session.")


class TooManyAttemptsError(RefusedError):
    """A limit of attempts is reached.

    Attributes:
        retry_after: How long until the next attempt is allowed.
    """

    code = grpc.StatusCode.RESOURCE_EXHAUSTED

    def __init__(self, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        minutes = max(1, math.ceil(retry_after / timedelta(minutes=1)))
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(f"Too many attempts. Try again in {minutes} {unit}.")

    def details(self) -> Sequence[Message]:
        """One google.rpc.RetryInfo."""
        delay = Duration()
        delay.FromTimedelta(self.retry_after)
        return [RetryInfo(retry_delay=delay)]


class OutOfTimeError(RefusedError):
    """The caller's deadline leaves no time to ask the stores."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED

    def __init__(self) -> None:
        super().__init__("No time is left to answer. Call with a longer deadline.")


class StoreUnavailableError(RefusedError):
    """A store did not answer, or not in a way that its contract names."""

    code = grpc.StatusCode.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The service cannot answer at the moment. Try again soon.")
