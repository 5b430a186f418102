"""Whatever goes wrong: a page for people, a problem for programs, and never a trace."""

import logging
from datetime import datetime

import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from grpc import StatusCode

from services.account.testing.browser import sign_up
from services.account.testing.faults import Refusal
from services.account.testing.site import Stage, staged

RETRY = RetryInfo(retry_delay=Duration(seconds=40))


@pytest.mark.parametrize(
    ("refusal", "status", "title", "retry_after"),
    [
        (Refusal(StatusCode.UNAVAILABLE), 503, "Temporarily unavailable", "5"),
        (Refusal(StatusCode.DEADLINE_EXCEEDED), 503, "Temporarily unavailable", "5"),
        (Refusal(StatusCode.RESOURCE_EXHAUSTED, (RETRY,)), 429, "Too many attempts", "40"),
        (Refusal(StatusCode.RESOURCE_EXHAUSTED), 429, "Too many attempts", "60"),
        (Refusal(StatusCode.NOT_FOUND), 404, "Not found", None),
        (Refusal(StatusCode.INTERNAL), 500, "Something went wrong", None),
        (Refusal(StatusCode.UNKNOWN), 500, "Something went wrong", None),
    ],
)
async def test_a_services_refusal_is_told_to_people_and_to_programs(
    stage: Stage,
    ada: httpx.AsyncClient,
    refusal: Refusal,
    status: int,
    title: str,
    retry_after: str | None,
) -> None:
    stage.fakes.faults.planted["GetAccount"] = refusal
    page, data = await ada.get("/account"), await ada.get("/api/v1/account")
    for answer in (page, data):
        assert answer.status_code == status
        assert answer.headers.get("retry-after") == retry_after
        assert "planted" not in answer.text
    assert f"<h1>{title}</h1>" in page.text
    assert "tandem_session" in ada.cookies
    assert data.headers["content-type"] == "application/problem+json"
    problem = data.json()
    assert (problem["status"], problem["title"]) == (status, title)
    assert problem["type"].startswith("urn:tandem:problem:")


async def test_a_service_that_does_not_answer_in_time_is_told_as_one_that_is_away() -> None:
    # The sign-up, too, must be done within it.
    async with staged(deadline=3.0) as stage, stage.client() as client:
        await sign_up(client)
        stage.fakes.faults.planted["GetAccount"] = Refusal(StatusCode.OK, delay=30)
        page, data = await client.get("/account"), await client.get("/api/v1/account")
    for answer in (page, data):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "<h1>Temporarily unavailable</h1>" in page.text
    assert data.json()["title"] == "Temporarily unavailable"


async def test_a_mistake_of_ours_is_a_page_without_a_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> datetime:
        raise ZeroDivisionError("the secret cause")

    async with staged(clock=broken) as stage, stage.client() as client:
        await sign_up(client)
        with caplog.at_level(logging.CRITICAL):
            page = await client.get("/account")
    assert page.status_code == 500
    assert "<h1>Something went wrong</h1>" in page.text
    assert "secret cause" not in page.text
    assert "Traceback" not in page.text
    assert "content-security-policy" in page.headers


async def test_keys_that_are_none_are_identitys_fault(stage: Stage) -> None:
    stage.fakes.faults.planted["GetVerificationKeys"] = Refusal(StatusCode.UNIMPLEMENTED)
    async with stage.client() as client:
        await sign_up(client)
        assert (await client.get("/account")).status_code == 500


@pytest.mark.parametrize(
    "path", ["/nope", "/static/site.css", "/healthz", "/metrics", "/api", "/docs"]
)
async def test_what_is_not_there_is_a_page_that_leads_on(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text
    assert "To the start page" in answer.text


async def test_what_is_not_there_is_a_problem_to_a_program(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/nope")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:tandem:problem:not-found"


async def test_a_method_that_is_not_taken_says_which_are(client: httpx.AsyncClient) -> None:
    answer = await client.put("/", headers={"content-type": "application/json"})
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    answer = await client.patch("/api/v1/account", json={})
    assert answer.status_code == 405
    assert answer.json()["type"] == "urn:tandem:problem:method-not-allowed"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nope"])
async def test_a_head_request_is_answered_like_a_get(client: httpx.AsyncClient, path: str) -> None:
    head, get = await client.head(path), await client.get(path)
    assert head.status_code == get.status_code
