"""What strangers, other sites and hostile input get: nothing."""

import re

import httpx
import pytest
from tandem.database.v1 import activity_pb2

from services.account.testing.browser import forms, sign_in, sign_up, submit
from services.account.testing.site import PUBLIC_URL, Stage, staged

OWN = {"origin": PUBLIC_URL, "sec-fetch-site": "same-origin"}
SCRIPT = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
POSTS = ["/sign-in", "/sign-up", "/sign-out", "/account/profile", "/account/sessions/end"]
PAGES = ["/", "/sign-in", "/sign-up", "/account", "/nope", "/api/v1/account", "/api/openapi.json"]


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_tells_the_browser_what_to_refuse(
    ada: httpx.AsyncClient, path: str
) -> None:
    headers = (await ada.get(path)).headers
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "object-src" not in policy
    of_scripts = {name: policy[name] for name in ("script-src", "connect-src") if name in policy}
    allowed = {"script-src": "'self'", "connect-src": "'self'"} if path == "/account" else {}
    assert of_scripts == allowed
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-up", "/account", "/nope"])
async def test_pages_keep_to_their_policy(ada: httpx.AsyncClient, path: str) -> None:
    page = (await ada.get(path)).text
    scripts = re.findall(r"<script\b.*?</script>", page, re.DOTALL)
    assert len(scripts) == (path == "/account")
    for script in scripts:
        assert re.fullmatch(r'<script src="/static/live\.[0-9a-f]{12}\.js" defer></script>', script)
        page = page.replace(script, "")
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|https?://", page)
    for source in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert re.match(r"/static/[a-z-]+\.[0-9a-f]{12}\.(css|svg)$|/[a-z-]*$|#|/account", source)


async def test_over_tls_the_browser_is_held_to_it() -> None:
    async with staged("https://tandem.example") as stage, stage.client() as client:
        answer = await sign_up(client)
        assert "max-age=63072000" in answer.headers["strict-transport-security"]
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) >= 2
        for cookie in cookies:
            assert cookie.startswith("__Host-tandem_")
            assert "; Secure" in cookie
            assert "; HttpOnly" in cookie
            assert "; SameSite=Lax" in cookie
        assert (await client.get("/account")).status_code == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": PUBLIC_URL},
    ],
)
async def test_a_form_of_another_site_is_refused(
    ada: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    page = await ada.get("/account")
    token = forms(page, "/sign-out")[0].fields["form_token"]
    answer = await ada.post(path, data={"form_token": token}, headers=headers)
    assert answer.status_code == 403
    assert "came from another site" in answer.text
    assert (await ada.get("/account")).status_code == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("token", [None, "", "forged", "AAAA" * 16, "é"])
async def test_a_form_without_its_token_is_refused(
    stage: Stage, ada: httpx.AsyncClient, path: str, token: str | None
) -> None:
    before = dict(stage.fakes.ledger.browsers)
    data = {"email": "ada@example.com", "password": "analytical engine", "display_name": "M"}
    if token is not None:
        data["form_token"] = token
    answer = await ada.post(path, data=data, headers=OWN)
    assert answer.status_code == 403
    assert "This form is out of date" in answer.text
    assert stage.fakes.ledger.browsers == before
    [person] = stage.fakes.ledger.people.values()
    assert person.display_name == "Ada Lovelace"


async def test_a_token_of_another_browser_is_refused(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    async with stage.client() as attacker:
        page = await attacker.get("/sign-in")
    await client.get("/sign-in")
    answer = await submit(client, page, "/sign-in", email="ada@example.com", password="x")
    assert answer.status_code == 403


async def test_a_token_of_a_session_before_is_refused(ada: httpx.AsyncClient) -> None:
    old = await ada.get("/account")
    await submit(ada, old, "/sign-out")
    await sign_in(ada)
    answer = await submit(ada, old, "/account/profile", display_name="Old form")
    assert answer.status_code == 403


async def test_a_token_serves_no_other_form(ada: httpx.AsyncClient) -> None:
    page = await ada.get("/account")
    token = forms(page, "/account/profile")[0].fields["form_token"]
    answer = await ada.post("/sign-in", data={"form_token": token}, headers=OWN)
    assert answer.status_code == 403


async def test_hostile_text_is_shown_as_text(stage: Stage) -> None:
    async with stage.client(**{"user-agent": SCRIPT}) as client:
        await sign_up(client, name=SCRIPT)
        page = await client.get("/account")
        await submit(client, page, "/account/profile", about=f"</textarea>{SCRIPT}")
        [person] = stage.fakes.ledger.people.values()
        stage.fakes.ledger.record(person.id, activity_pb2.ACTIVITY_KIND_PROFILE_UPDATED, SCRIPT)
        shown = (await client.get("/account")).text
    assert person.display_name == SCRIPT
    assert "<script>" not in shown
    assert shown.count("<script") == 1  # the page's own
    assert "<img src=x" not in shown
    assert shown.count("&lt;script&gt;") >= 4


async def test_hostile_input_is_given_back_as_text(client: httpx.AsyncClient) -> None:
    answer = await sign_up(client, name=SCRIPT, email=SCRIPT)
    assert answer.status_code == 422
    assert "<script" not in answer.text
    assert forms(answer, "/sign-up")[0].fields["email"] == SCRIPT


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "/sign-in/",
        "/account/",
        "/https://evil.example",
        "/sign-in?next=https://evil.example",
        "/account?next=//evil.example",
    ],
)
async def test_nobody_is_led_to_another_site(stage: Stage, path: str) -> None:
    async with stage.client(host="evil.example") as client:
        for method in ("GET", "POST"):
            answer = await client.request(method, PUBLIC_URL + path)
            assert re.fullmatch(r"(/[a-z-]+)?", answer.headers.get("location", ""))
            assert "evil.example" not in answer.text  # without a dot, a token may have it


async def test_the_host_that_a_request_names_changes_nothing(stage: Stage) -> None:
    async with stage.client(host="evil.example") as client:
        page = await client.get("/sign-up")
        assert "evil.example" not in page.text
        answer = await client.post(
            "/sign-up",
            data=forms(page, "/sign-up")[0].fields,
            headers={"origin": "http://evil.example"},
        )
        assert answer.status_code == 403


async def test_a_large_body_is_refused_before_it_is_read(ada: httpx.AsyncClient) -> None:
    for path in ("/account/profile", "/api/v1/account/profile"):
        answer = await ada.request(
            "PUT" if path.startswith("/api") else "POST",
            path,
            content=b"x" * 40_000,
            headers={**OWN, "content-type": "application/json"},
        )
        assert answer.status_code == 413


async def test_a_form_of_another_kind_is_refused(ada: httpx.AsyncClient) -> None:
    answer = await ada.post("/sign-in", files={"a": b"b"}, headers=OWN)
    assert answer.status_code == 415
    answer = await ada.post("/sign-in", json={"a": "b"}, headers=OWN)
    assert answer.status_code == 415


async def test_no_password_is_ever_in_a_page(client: httpx.AsyncClient) -> None:
    for answer in (
        await sign_up(client, email="ada", password="a secret that is typed"),
        await sign_in(client, email="", password="a secret that is typed"),
        await sign_in(client, password="a secret that is typed"),
    ):
        assert answer.is_client_error
        assert "a secret that is typed" not in answer.text
