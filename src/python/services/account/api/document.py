"""The OpenAPI document."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.account.api.problems import Problem

PATH = "/api/openapi.json"
_DESCRIPTION = """\
The personal account for programs that run in the person's own browser.

Signing in sets cookies that no script can read. A body must be declared as `application/json`; a
request that a page of another site sends is refused. Every error is a problem of RFC 9457."""


def openapi_of(app: FastAPI) -> Callable[[], dict[str, object]]:
    """Makes the application's document, once."""

    def document() -> dict[str, object]:
        if not app.openapi_schema:
            made = get_openapi(
                title="Tandem account",
                version="1",
                description=_DESCRIPTION,
                routes=app.routes,
            )
            made["components"]["schemas"]["Problem"] = Problem.model_json_schema()
            app.openapi_schema = made
        return app.openapi_schema

    return document
