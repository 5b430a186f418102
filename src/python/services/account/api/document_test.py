from typing import Any

import httpx
import pytest_asyncio
from openapi_spec_validator import validate

type Document = dict[str, Any]


@pytest_asyncio.fixture
async def document(client: httpx.AsyncClient) -> Document:
    described: Document = (await client.get("/api/openapi.json")).json()
    return described


def operations(document: Document) -> dict[tuple[str, str], Document]:
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


async def test_the_document_is_valid(document: Document) -> None:
    validate(document)


async def test_it_describes_the_api_and_no_page(document: Document) -> None:
    assert set(operations(document)) == {
        ("POST", "/api/v1/accounts"),
        ("POST", "/api/v1/sessions"),
        ("GET", "/api/v1/account"),
        ("PUT", "/api/v1/account/profile"),
        ("GET", "/api/v1/activity"),
        ("GET", "/api/v1/activity/stream"),
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions/current"),
        ("DELETE", "/api/v1/sessions/{session_id}"),
    }


async def test_every_error_is_described_as_a_problem(document: Document) -> None:
    for operation in operations(document).values():
        errors = {
            status: answer
            for status, answer in operation["responses"].items()
            if status.startswith(("4", "5"))
        }
        assert {"403", "500", "503"} <= set(errors)
        for answer in errors.values():
            assert answer["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_whatever_is_wrong_with_a_body_is_described(document: Document) -> None:
    for operation in operations(document).values():
        described = {"400", "413", "415"} & set(operation["responses"])
        assert described == ({"400", "413", "415"} if "requestBody" in operation else set())


async def test_what_may_be_typed_is_described(document: Document) -> None:
    properties = document["components"]["schemas"]["SignUpRequest"]["properties"]
    assert (properties["password"]["minLength"], properties["password"]["maxLength"]) == (8, 128)
    assert properties["display_name"]["maxLength"] == 80
    assert properties["email"]["format"] == "email"


async def test_operations_of_the_account_need_the_sessions_cookie(document: Document) -> None:
    assert document["components"]["securitySchemes"]["session"] == {
        "type": "apiKey",
        "in": "cookie",
        "name": "tandem_session",
    }
    open_ones = {key for key, each in operations(document).items() if not each.get("security")}
    assert open_ones == {("POST", "/api/v1/accounts"), ("POST", "/api/v1/sessions")}


async def test_the_stream_is_described_as_one(document: Document) -> None:
    operation = operations(document)["GET", "/api/v1/activity/stream"]
    assert set(operation["responses"]["200"]["content"]) == {"text/event-stream"}
    assert [each["name"] for each in operation["parameters"]] == ["after", "last-event-id"]
