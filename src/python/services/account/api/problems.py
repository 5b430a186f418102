"""Errors as problem details (RFC 9457)."""

from collections.abc import Mapping

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from services.account.failures import Failure

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, and what to do."""

    type: str = Field(description="The kind of problem; stable, for programs to compare.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened and what to do next.")
    errors: dict[str, str] = Field(
        default_factory=dict, description="What is wrong with a field, by its name."
    )


class ProblemResponse(JSONResponse):
    """A response that carries a problem."""

    media_type = MEDIA_TYPE


def problem(failure: Failure) -> ProblemResponse:
    """The response that tells of a failure."""
    body = Problem(
        type=problem_type(failure.kind),
        title=failure.title,
        status=failure.status,
        detail=failure.detail,
        errors=dict(failure.fields),
    )
    return ProblemResponse(body.model_dump(), failure.status, failure.headers)


def problem_type(kind: str) -> str:
    """The URI that names a kind of problem."""
    return f"urn:tandem:problem:{kind}"


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """What an operation may answer besides its success, for its description.

    Every operation may also answer 403, 500 and 503.
    """
    reference: Mapping[str, object] = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": reference}}
    told = sorted({*statuses, 403, 500, 503})
    return {status: {"description": _MEANINGS[status], "content": content} for status in told}


_MEANINGS = {
    400: "The body cannot be parsed: it is no text of UTF-8, or nested too deeply.",
    401: "Nobody is signed in, the session has ended, or the credentials are wrong.",
    403: "The request came from another site's page.",
    404: "There is no such thing.",
    409: "Another account has this e-mail address, or `account_id`; `type` says which.",
    413: "The body is too large.",
    415: "The body is not declared as application/json.",
    422: "A field is not acceptable; `errors` says which.",
    429: "Too many attempts, or streams; `Retry-After` says when to try again.",
    500: "A mistake on this side.",
    503: "A part of the site does not answer; the same request may be sent again.",
}
