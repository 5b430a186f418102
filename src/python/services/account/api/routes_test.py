import json

import httpx
import pytest
from grpc import StatusCode
from uuid_utils.compat import UUID, uuid7

from services.account.testing.faults import Refusal
from services.account.testing.site import Stage

ADA = {
    "email": "ada@example.com",
    "password": "analytical engine",
    "display_name": "Ada Lovelace",
}
OPERATIONS = [
    ("GET", "/api/v1/account"),
    ("PUT", "/api/v1/account/profile"),
    ("GET", "/api/v1/activity"),
    ("GET", "/api/v1/sessions"),
    ("DELETE", "/api/v1/sessions/01920000-0000-7000-8000-000000000000"),
]
PROFILE = {"display_name": "Ada King", "about": "Countess"}


async def test_a_program_does_all_that_a_person_does(stage: Stage) -> None:
    async with stage.client() as first, stage.client() as second:
        opened = await first.post("/api/v1/accounts", json=ADA)
        assert opened.status_code == 201
        assert UUID(opened.json()["account_id"]).version == 7
        assert "secret" not in opened.text
        assert "token" not in opened.text

        saved = await first.put("/api/v1/account/profile", json=PROFILE)
        assert saved.json()["profile"] == PROFILE
        assert (await first.get("/api/v1/account")).json() == saved.json()

        entered = await second.post("/api/v1/sessions", json=ADA | {"display_name": "Ada"})
        assert entered.status_code == 422  # a field that is none is a mistake to be told
        del (signing_in := dict(ADA))["display_name"]
        entered = await second.post("/api/v1/sessions", json=signing_in)
        assert entered.status_code == 201

        sessions = (await first.get("/api/v1/sessions")).json()["sessions"]
        assert [each["current"] for each in sessions] == [False, True]
        ended = await first.delete(f"/api/v1/sessions/{sessions[0]['id']}")
        assert ended.status_code == 204
        refused = await second.get("/api/v1/sessions")
        assert refused.status_code == 401
        assert "tandem_session" not in second.cookies

        activity = (await first.get("/api/v1/activity")).json()["activities"]
        assert [entry["kind"] for entry in activity] == [
            "session-revoked",
            "signed-in",
            "profile-updated",
            "signed-in",
            "account-created",
        ]
        assert (await first.delete("/api/v1/sessions/current")).status_code == 204
        assert (await first.get("/api/v1/account")).status_code == 401
        assert (await first.delete("/api/v1/sessions/current")).status_code == 204


async def test_a_sign_up_with_its_own_id_is_safe_to_send_again(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    body = {**ADA, "account_id": str(uuid7())}
    for _ in range(2):
        assert (await client.post("/api/v1/accounts", json=body)).status_code == 201
    assert list(stage.fakes.ledger.people) == [body["account_id"]]


async def test_activity_comes_in_pages(stage: Stage, ada: httpx.AsyncClient) -> None:
    first = (await ada.get("/api/v1/activity", params={"page_size": 1})).json()
    assert len(first["activities"]) == 1
    second = await ada.get(
        "/api/v1/activity", params={"page_size": 1, "page_token": first["next_token"]}
    )
    assert second.json()["next_token"] == ""
    assert stage.fakes.ledger.people


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_a_stranger_is_told_to_sign_in(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    body = PROFILE if method == "PUT" else None
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:tandem:problem:signed-out"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"display_name", "email", "password"}),
        ({**ADA, "email": "ada"}, {"email"}),
        ({**ADA, "password": "short"}, {"password"}),
        ({**ADA, "display_name": 7}, {"display_name"}),
        ({**ADA, "account_id": "no id"}, {"account_id"}),
        ({**ADA, "account_id": "8a3e9d9c-7bd9-4a1f-9d83-6a5f35e1a111"}, {"account_id"}),
        ({**ADA, "admin": True}, {"admin"}),
        (dict.fromkeys(ADA, "a@b.c\ud800 half of a character"), set(ADA)),
    ],
)
async def test_every_wrong_field_is_named_and_nothing_that_was_sent_is_repeated(
    stage: Stage, client: httpx.AsyncClient, body: dict[str, object], fields: set[str]
) -> None:
    answer = await client.post(
        "/api/v1/accounts", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:tandem:problem:invalid-fields"
    assert set(problem["errors"]) == fields
    assert ADA["password"] not in answer.text
    assert "Value error" not in answer.text
    assert stage.fakes.ledger.people == {}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'"text"', b"[" * 20_000])
async def test_a_body_that_is_no_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post("/api/v1/accounts", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        assert set(answer.json()["errors"]) == {"body"}


@pytest.mark.parametrize(
    "query", [{"page_size": "0"}, {"page_size": "101"}, {"page_size": "x"}, {"page_token": "bad"}]
)
async def test_a_page_that_cannot_be_is_refused(
    ada: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await ada.get("/api/v1/activity", params=query)
    assert answer.status_code == 422


async def test_a_body_that_a_form_could_send_is_refused(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await client.post(
            "/api/v1/accounts", content=b"{}", headers={"content-type": media_type}
        )
        assert answer.status_code == 415
    assert stage.fakes.ledger.people == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, path) for method, path in OPERATIONS if method != "GET"),
        ("DELETE", "/api/v1/sessions/current"),
    ],
)
async def test_a_page_of_another_site_cannot_use_the_cookies(
    stage: Stage, ada: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await ada.request(
        method, path, json=PROFILE, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:tandem:problem:cross-site"
    assert all(session.live for session in stage.fakes.ledger.browsers.values())


@pytest.mark.parametrize(
    ("planted", "status", "kind"),
    [
        (StatusCode.UNAUTHENTICATED, 401, "wrong-credentials"),
        (StatusCode.RESOURCE_EXHAUSTED, 429, "too-many-attempts"),
        (StatusCode.UNAVAILABLE, 503, "unavailable"),
        (StatusCode.INTERNAL, 500, "internal"),
    ],
)
async def test_a_refused_sign_in_says_why(
    stage: Stage, client: httpx.AsyncClient, planted: StatusCode, status: int, kind: str
) -> None:
    stage.fakes.faults.planted["SignIn"] = Refusal(planted)
    answer = await client.post(
        "/api/v1/sessions", json={"email": "ada@example.com", "password": "x"}
    )
    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:tandem:problem:{kind}"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_an_ended_session_gets_nothing_although_its_token_has_not_expired(
    stage: Stage, ada: httpx.AsyncClient, method: str, path: str
) -> None:
    [session] = stage.fakes.ledger.browsers.values()
    session.live = False
    answer = await ada.request(method, path, json=PROFILE if method == "PUT" else None)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:tandem:problem:signed-out"
    assert "tandem_session" not in ada.cookies


@pytest.mark.parametrize("path", ["/api/v1/account", "/api/v1/activity", "/api/v1/sessions"])
async def test_a_token_of_a_key_that_was_removed_is_renewed_unseen(
    stage: Stage, ada: httpx.AsyncClient, path: str
) -> None:
    stage.fakes.service.kid = "other"
    answer = await ada.get(path)
    assert answer.status_code == 200
    assert "tandem_access=" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/api/v1/account", "/api/v1/activity", "/account"])
async def test_a_token_of_an_ended_session_shows_nothing_beside_the_secret_of_another(
    stage: Stage, ada: httpx.AsyncClient, client: httpx.AsyncClient, path: str
) -> None:
    [session] = stage.fakes.ledger.browsers.values()
    await client.post("/api/v1/accounts", json={**ADA, "email": "eve@example.com"})
    token, mark, _digest = ada.cookies["tandem_access"].partition("~")
    _token, _mark, digest = client.cookies["tandem_access"].partition("~")
    session.live = False
    client.cookies.delete("tandem_access")
    client.cookies.set("tandem_access", f"{token}{mark}{digest}", domain="127.0.0.1", path="/")
    answer = await client.get(path)
    assert answer.status_code in {303, 401}
    assert "ada@example.com" not in answer.text


async def test_an_address_that_has_an_account_opens_no_other(
    ada: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    assert (await ada.get("/api/v1/account")).status_code == 200
    answer = await client.post("/api/v1/accounts", json=ADA)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:tandem:problem:email-taken"


async def test_a_session_that_is_not_there_is_not_found(ada: httpx.AsyncClient) -> None:
    answer = await ada.delete(f"/api/v1/sessions/{uuid7()}")
    assert answer.status_code == 404
    assert (await ada.delete("/api/v1/sessions/nonsense")).status_code == 422


async def test_an_account_id_serves_one_address_only(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    typed = {**ADA, "account_id": str(uuid7())}
    assert (await client.post("/api/v1/accounts", json=typed)).status_code == 201
    other = {**typed, "email": "augusta@example.com"}
    answer = await client.post("/api/v1/accounts", json=other)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:tandem:problem:id-taken"
    assert len(stage.fakes.ledger.people) == 1
