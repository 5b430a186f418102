import httpx
import pytest
import structlog.testing
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from grpc import StatusCode
from uuid_utils.compat import UUID

from services.account.testing.browser import forms, sign_in, sign_up, submit
from services.account.testing.faults import Refusal
from services.account.testing.site import Stage

PASSWORD = "analytical engine"


async def test_the_start_page_offers_the_ways_in(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert 'href="/sign-up"' in page.text
    assert 'href="/sign-in"' in page.text


async def test_the_start_page_leads_on_who_is_signed_in(ada: httpx.AsyncClient) -> None:
    page = await ada.get("/")
    assert "Go to your account" in page.text
    assert 'href="/sign-in"' not in page.text


async def test_signing_up_opens_the_account_and_welcomes_once(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    answer = await sign_up(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    [person] = stage.fakes.ledger.people.values()
    assert (person.display_name, person.email) == ("Ada Lovelace", "ada@example.com")
    assert UUID(person.id).version == 7
    assert "Welcome to Tandem" in (await client.get("/account")).text
    assert "Welcome to Tandem" not in (await client.get("/account")).text


async def test_a_form_sent_twice_opens_one_account(stage: Stage, client: httpx.AsyncClient) -> None:
    page = await client.get("/sign-up")
    typed = {"display_name": "Ada", "email": "ada@example.com", "password": PASSWORD}
    for _ in range(2):
        answer = await submit(client, page, "/sign-up", **typed)
        assert answer.headers["location"] == "/account"
    assert len(stage.fakes.ledger.people) == 1


async def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    answer = await sign_up(client, name="Ada", email="ada", password="short-1")
    assert answer.status_code == 422
    assert "<title>Error: Sign up" in answer.text
    assert 'id="email-error"' in answer.text
    assert 'aria-describedby="password-hint password-error" aria-invalid="true"' in answer.text
    assert '<a href="#email">Enter an e-mail address in full' in answer.text
    [form] = forms(answer, "/sign-up")
    assert (form.fields["display_name"], form.fields["email"]) == ("Ada", "ada")
    assert form.fields["password"] == ""
    assert "short-1" not in answer.text
    assert stage.fakes.ledger.people == {}


async def test_the_corrected_form_opens_the_account(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    refused = await sign_up(client, email="ada")
    answer = await submit(client, refused, "/sign-up", email="ada@example.com", password=PASSWORD)
    assert answer.status_code == 303
    assert len(stage.fakes.ledger.people) == 1


async def test_what_identity_finds_wrong_is_said_beside_the_field(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    violation = BadRequest.FieldViolation(field="email", description="That domain is none.")
    stage.fakes.faults.planted["SignUp"] = Refusal(
        StatusCode.INVALID_ARGUMENT, (BadRequest(field_violations=[violation]),)
    )
    answer = await sign_up(client)
    assert answer.status_code == 422
    assert '<a href="#email">That domain is none.</a>' in answer.text


async def test_an_address_that_has_an_account_is_said_beside_the_field(
    stage: Stage, ada: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    assert (await ada.get("/account")).status_code == 200
    page = await client.get("/sign-up")
    answer = await submit(
        client, page, "/sign-up", display_name="M", email="ADA@example.com", password=PASSWORD
    )
    assert answer.status_code == 409
    assert 'id="email-error"' in answer.text
    [before], [after] = forms(page, "/sign-up"), forms(answer, "/sign-up")
    assert before.fields["account_id"] != after.fields["account_id"]
    assert len(stage.fakes.ledger.people) == 1


async def test_a_form_sent_again_after_back_opens_one_more_account_for_another_address(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    page = await client.get("/sign-up")
    typed = {"display_name": "Ada", "password": PASSWORD}
    await submit(client, page, "/sign-up", email="ada@example.com", **typed)
    again = await submit(client, page, "/sign-up", email="augusta@example.com", **typed)
    assert again.status_code == 409
    assert "This form has opened an account already." in again.text
    assert 'id="email-error"' not in again.text
    [form] = forms(again, "/sign-up")
    assert form.fields["email"] == "augusta@example.com"
    assert (await submit(client, again, "/sign-up", password=PASSWORD)).status_code == 303
    emails = [person.email for person in stage.fakes.ledger.people.values()]
    assert emails == ["ada@example.com", "augusta@example.com"]


async def test_after_a_lost_answer_the_same_form_finds_the_account(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    page = await client.get("/sign-up")
    typed = {"display_name": "Ada", "email": "ada@example.com", "password": PASSWORD}
    await submit(client, page, "/sign-up", **typed)  # opens it, but the answer shall be lost
    client.cookies.delete("tandem_session")
    stage.fakes.faults.planted["SignUp"] = Refusal(StatusCode.DEADLINE_EXCEEDED)
    lost = await submit(client, page, "/sign-up", **typed)
    assert lost.status_code == 503
    assert lost.headers["retry-after"] == "5"
    assert "Try again in 5 seconds" in lost.text
    stage.fakes.faults.planted.clear()
    again = await submit(client, lost, "/sign-up", password=PASSWORD)
    assert again.status_code == 303
    assert len(stage.fakes.ledger.people) == 1


async def test_signing_in_works_with_the_right_password_only(
    ada: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    assert (await ada.get("/account")).status_code == 200
    wrong = await sign_in(client, password="difference engine")
    unknown = await sign_in(client, email="nobody@example.com")
    for refused, email in ((wrong, "ada@example.com"), (unknown, "nobody@example.com")):
        assert refused.status_code == 401
        assert "The e-mail address or the password is not right." in refused.text
        [form] = forms(refused, "/sign-in")
        assert (form.fields["email"], form.fields["password"]) == (email, "")
        assert "set-cookie" not in refused.headers
    answer = await sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert (await client.get("/account")).status_code == 200


async def test_of_two_first_pages_opened_at_once_either_opens_the_account_in_the_end(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    first = await client.get("/sign-up")
    client.cookies.clear()  # as if both had been asked for before either was answered
    await client.get("/sign-in")
    typed = {"display_name": "Ada", "email": "ada@example.com"}
    stale = await submit(client, first, "/sign-up", **typed, password=PASSWORD)
    assert stale.status_code == 403
    assert "This form is out of date" in stale.text
    assert PASSWORD not in stale.text
    [before], [after] = forms(first, "/sign-up"), forms(stale, "/sign-up")
    assert {name: after.fields[name] for name in typed} == typed
    assert after.fields["account_id"] != before.fields["account_id"]
    assert stage.fakes.ledger.people == {}
    assert (await submit(client, stale, "/sign-up", password=PASSWORD)).status_code == 303


async def test_a_stale_sign_in_is_shown_again_with_what_was_typed(
    ada: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    assert (await ada.get("/account")).status_code == 200
    page = await client.get("/sign-in")
    client.cookies.clear()
    typed = {"email": "ada@example.com", "password": PASSWORD}
    stale = await submit(client, page, "/sign-in", **typed)
    assert stale.status_code == 403
    assert PASSWORD not in stale.text
    assert forms(stale, "/sign-in")[0].fields["email"] == "ada@example.com"
    assert (await submit(client, stale, "/sign-in", password=PASSWORD)).status_code == 303


async def test_signing_in_over_a_session_ends_that_session(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    page = await client.get("/sign-in")
    await sign_up(client, name="Eve", email="eve@example.com")
    await sign_up_elsewhere(stage)
    typed = {"email": "ada@example.com", "password": PASSWORD}
    answer = await submit(client, page, "/sign-in", **typed)
    assert answer.status_code == 303
    assert "<h1>Ada Lovelace</h1>" in (await client.get("/account")).text
    [eve, *adas] = stage.fakes.ledger.browsers.values()
    assert [eve.live, *(session.live for session in adas)] == [False, True, True]


async def test_a_session_before_that_cannot_be_ended_keeps_nobody_from_signing_in(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    page = await client.get("/sign-in")
    await sign_up(client)
    stage.fakes.faults.planted["SignOut"] = Refusal(StatusCode.UNAVAILABLE)
    typed = {"email": "ada@example.com", "password": PASSWORD}
    with structlog.testing.capture_logs() as logs:
        answer = await submit(client, page, "/sign-in", **typed)
    assert answer.status_code == 303
    assert (await client.get("/account")).status_code == 200
    assert "session before not ended" in [entry["event"] for entry in logs]


async def sign_up_elsewhere(stage: Stage) -> None:
    async with stage.client() as other:
        await sign_up(other)


async def test_too_many_attempts_are_told_when_to_come_back(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    details = RetryInfo(retry_delay=Duration(seconds=90))
    stage.fakes.faults.planted["SignIn"] = Refusal(StatusCode.RESOURCE_EXHAUSTED, (details,))
    answer = await sign_in(client)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "90"
    assert "Try again in 2 minutes." in answer.text
    assert forms(answer, "/sign-in")[0].fields["email"] == "ada@example.com"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
async def test_who_is_signed_in_is_led_to_the_account(ada: httpx.AsyncClient, path: str) -> None:
    answer = await ada.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")


async def test_attempts_are_counted_against_the_address_that_nginx_saw(stage: Stage) -> None:
    async with stage.client(**{"x-real-ip": "203.0.113.9"}) as client:
        await sign_in(client)
    assert stage.fakes.service.clients == ["203.0.113.9"]


async def test_an_account_id_that_was_not_rendered_is_refused(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    page = await client.get("/sign-up")
    for forged in ("", "no id", "01920000-0000-7000-8000-000000000000"):
        answer = await submit(client, page, "/sign-up", account_id=forged)
        assert answer.status_code == 403
    assert stage.fakes.ledger.people == {}
