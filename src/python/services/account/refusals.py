"""Errors as responses: a page for people, a problem for programs."""

from collections.abc import Sequence

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chassis.web.cookies import jar_of
from chassis.web.gate import is_api
from services.account.api.problems import problem
from services.account.errors import InvalidFieldsError, ServiceError, SignedOutError
from services.account.failures import describe
from services.account.fields import message
from services.account.pages.entrance import SIGN_IN
from services.account.pages.notices import Notice, leave_notice
from services.account.pages.views import Views, see_other
from services.account.visitors import forget

_log = structlog.get_logger()


class Refusals:
    """Makes the response to a request that cannot be answered as asked."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def __call__(self, request: Request, error: Exception) -> Response:
        """The response to this error; another service's fault is logged here, ours by uvicorn."""
        if isinstance(error, RequestValidationError):
            error = _invalid_fields(error)
        if isinstance(error, SignedOutError):
            forget(jar_of(request))
            if not is_api(request):
                return _to_sign_in(request, error)
        failure = describe(error)
        if isinstance(error, ServiceError):
            await _log.awarning("service failed", called=error.service, reason=str(error))
        response = problem(failure) if is_api(request) else self._views.error(request, failure)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response


def _to_sign_in(request: Request, error: SignedOutError) -> Response:
    if error.ended:
        leave_notice(jar_of(request), Notice.SESSION_ENDED)
    return see_other(SIGN_IN)


def _invalid_fields(error: RequestValidationError) -> InvalidFieldsError:
    """By the field's own name; what was sent is not repeated."""
    return InvalidFieldsError(
        {_field(detail["loc"]): message(detail["msg"]) for detail in error.errors()}
    )


def _field(location: Sequence[str | int]) -> str:
    # Of a body that is no JSON, the last part is where reading it stopped.
    last = location[-1] if location else "body"
    return last if isinstance(last, str) else "body"
