"""What a client is told about an error: never more than the error's own kind says."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.exceptions import HTTPException

from chassis.web.errors import CrossSiteError, StaleFormError, UnreadableBodyError
from services.account.errors import (
    EmailTakenError,
    IdTakenError,
    InvalidFieldsError,
    NotFoundError,
    ServiceUnavailableError,
    SignedOutError,
    TooManyAttemptsError,
    TooManyStreamsError,
    WrongCredentialsError,
)

_UNKNOWN_RETRY = 60  # seconds, when the service that refused did not say


@dataclass(frozen=True)
class Failure:
    """An error as HTTP, pages and the JSON API tell it.

    Attributes:
        status: HTTP status.
        kind: A word for programs; it names the problem type.
        title: What happened, in a few words.
        detail: What happened and what to do next.
        retry_after: Seconds until it is worth to try again.
        fields: Messages by field.
    """

    status: int
    kind: str
    title: str
    detail: str
    retry_after: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """Response headers that belong to it."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


_BROKEN = Failure(
    500,
    "internal",
    "Something went wrong",
    "The mistake is ours, and it has been recorded. Please try again later.",
)
_FIXED: Mapping[type[Exception], Failure] = {
    EmailTakenError: Failure(
        409,
        "email-taken",
        "There is an account already",
        "An account with this e-mail address exists already. Sign in, or use another address.",
    ),
    IdTakenError: Failure(
        409,
        "id-taken",
        "This sign-up was used already",
        "It opened an account with another e-mail address. To open one more, send a new one.",
    ),
    WrongCredentialsError: Failure(
        401,
        "wrong-credentials",
        "Could not sign in",
        "The e-mail address or the password is not right.",
    ),
    SignedOutError: Failure(
        401,
        "signed-out",
        "You are not signed in",
        "There is no session, or it has ended. Sign in to go on.",
    ),
    NotFoundError: Failure(
        404,
        "not-found",
        "Not found",
        "There is nothing here. It may have been removed, or the address may be mistyped.",
    ),
    TooManyStreamsError: Failure(
        429,
        "too-many-streams",
        "Too many live streams",
        "Close some that are open, or try again later. What is new is shown without them as well.",
        retry_after=30,
    ),
    CrossSiteError: Failure(
        403,
        "cross-site",
        "Refused",
        str(CrossSiteError()),
    ),
    StaleFormError: Failure(
        403,
        "stale-form",
        "This form is out of date",
        "Nothing was changed. Go back, reload the page and send the form again; "
        "cookies must be allowed for this site.",
    ),
}


def describe(error: Exception) -> Failure:
    """What to tell about any error."""
    match error:
        case InvalidFieldsError(fields=fields):
            return _invalid(fields)
        case TooManyAttemptsError(retry_after=seconds):
            return _too_many(_UNKNOWN_RETRY if seconds is None else math.ceil(seconds))
        case ServiceUnavailableError(retry_after=seconds):
            return _unavailable(math.ceil(seconds))
        case UnreadableBodyError(status=status):
            return Failure(status, "unreadable-body", HTTPStatus(status).phrase, str(error))
        case HTTPException(status_code=status):
            return _http(status)
    return _FIXED.get(type(error), _BROKEN)


def duration(seconds: int) -> str:
    """A waiting time for people: "40 seconds", "2 minutes"; rounded up."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds > length:
            return f"{math.ceil(seconds / length)} {unit}s"
        if seconds == length:
            return f"1 {unit}"
    return "1 second" if seconds <= 1 else f"{seconds} seconds"


def _invalid(fields: Mapping[str, str]) -> Failure:
    detail = "Correct what is marked and send it again."
    return Failure(422, "invalid-fields", "Some of it is not acceptable", detail, fields=fields)


def _too_many(seconds: int) -> Failure:
    detail = f"There were too many attempts. Try again in {duration(seconds)}."
    return Failure(429, "too-many-attempts", "Too many attempts", detail, retry_after=seconds)


def _unavailable(seconds: int) -> Failure:
    detail = (
        "A part of the site does not answer at the moment. "
        f"Try again in {duration(seconds)}; it is safe to send the same again."
    )
    return Failure(503, "unavailable", "Temporarily unavailable", detail, retry_after=seconds)


def _http(status: int) -> Failure:
    if status == HTTPStatus.NOT_FOUND:
        return _FIXED[NotFoundError]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = "This address does not take requests of this kind."
        return Failure(status, "method-not-allowed", "Method not allowed", detail)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure(status, "bad-request", "Bad request", "The request could not be read.")
    return _BROKEN
