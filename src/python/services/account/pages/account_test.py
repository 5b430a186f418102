import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from grpc import StatusCode
from tandem.database.v1 import activity_pb2

from services.account.testing.browser import forms, sign_in, sign_up, submit
from services.account.testing.faults import Refusal
from services.account.testing.site import Stage, staged

EXPIRED = timedelta(minutes=-10)


async def test_a_stranger_is_led_to_the_sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "set-cookie" not in answer.headers


async def test_the_account_shows_profile_sessions_and_activity(ada: httpx.AsyncClient) -> None:
    page = (await ada.get("/account")).text
    assert "<h1>Ada Lovelace</h1>" in page
    assert "ada@example.com" in page
    assert "Firefox on Linux" in page
    assert "This browser" in page
    assert "End this session" not in page
    assert page.index("Signed in</p>") < page.index("Account created</p>")


@pytest.mark.parametrize(("path", "lists"), [("/", 1), ("/account", 2)])
async def test_lists_without_marks_are_still_told_as_lists(
    ada: httpx.AsyncClient, path: str, lists: int
) -> None:
    # Safari reads a list whose style is none as loose text, unless its role is said.
    styled = re.findall(r"<[uo]l class=[^>]*>", (await ada.get(path)).text)
    assert len(styled) == lists
    assert all('role="list"' in tag for tag in styled)


async def test_an_edited_profile_is_kept_and_said_once(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    page = await ada.get("/account")
    answer = await submit(
        ada, page, "/account/profile", display_name=" Ada  King ", about="\nNotes\r\n<b>on</b> it"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    [person] = stage.fakes.ledger.people.values()
    assert (person.display_name, person.about) == ("Ada King", "Notes\n<b>on</b> it")
    shown = await ada.get("/account")
    assert "Your profile has been saved." in shown.text
    assert "Profile changed" in shown.text
    assert forms(shown, "/account/profile")[0].fields["about"] == "Notes\n<b>on</b> it"
    assert "Your profile has been saved." not in (await ada.get("/account")).text


async def test_a_wrong_profile_changes_nothing_and_stays_in_the_form(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    page = await ada.get("/account")
    answer = await submit(ada, page, "/account/profile", display_name=" ", about="x" * 501)
    assert answer.status_code == 422
    [form] = forms(answer, "/account/profile")
    assert form.fields["about"] == "x" * 501
    assert "This text has 501 characters" in answer.text
    assert "<h1>Ada Lovelace</h1>" in answer.text
    [person] = stage.fakes.ledger.people.values()
    assert person.display_name == "Ada Lovelace"


async def test_a_profile_that_could_not_be_saved_stays_in_the_form(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    page = await ada.get("/account")
    stage.fakes.faults.planted["UpdateProfile"] = Refusal(StatusCode.UNAVAILABLE)
    answer = await submit(ada, page, "/account/profile", display_name="Ada King")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert forms(answer, "/account/profile")[0].fields["display_name"] == "Ada King"


async def test_ending_another_session_signs_that_browser_out_at_once(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    async with stage.client(**{"user-agent": "Safari/605 (iPhone)"}) as phone:
        await sign_in(phone)
        assert (await phone.get("/account")).status_code == 200
        page = await ada.get("/account")
        answer = await submit(ada, page, "/account/sessions/end")
        assert answer.headers["location"] == "/account"
        shown = (await ada.get("/account")).text
        assert "that browser is signed out" in shown
        assert re.search(r">Session ended</p>.*?>Safari on iPhone</p>", shown, re.DOTALL)

        refused = await phone.get("/account")  # although its access token has not expired
        assert (refused.status_code, refused.headers["location"]) == (303, "/sign-in")
        assert "tandem_session" not in phone.cookies
        assert "tandem_access" not in phone.cookies
        assert "Your session has ended." in (await phone.get("/sign-in")).text


async def test_an_ended_session_changes_nothing_any_more(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    page = await ada.get("/account")
    [session] = stage.fakes.ledger.browsers.values()
    session.live = False
    answer = await submit(ada, page, "/account/profile", display_name="Mallory")
    assert answer.headers["location"] == "/sign-in"
    [person] = stage.fakes.ledger.people.values()
    assert person.display_name == "Ada Lovelace"


async def test_a_session_that_had_ended_already_is_no_error(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    async with stage.client() as phone:
        await sign_in(phone)
    page = await ada.get("/account")
    answer = await submit(ada, page, "/account/sessions/end", session_id="nonsense")
    assert answer.status_code == 303
    assert "That session had ended already." in (await ada.get("/account")).text


async def test_another_persons_session_cannot_be_ended(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    async with stage.client() as other, stage.client() as second:
        await sign_up(other, email="other@example.com")
        [victim] = [
            each for each in stage.fakes.ledger.browsers.values() if each.user_agent[:4] != "Mozi"
        ]
        await sign_in(second)
        page = await ada.get("/account")
        await submit(ada, page, "/account/sessions/end", session_id=victim.id)
        assert victim.live


async def test_ending_the_own_session_signs_out(stage: Stage, ada: httpx.AsyncClient) -> None:
    async with stage.client() as second:
        await sign_in(second)
    own = next(iter(stage.fakes.ledger.browsers))
    page = await ada.get("/account")
    answer = await submit(ada, page, "/account/sessions/end", session_id=own)
    assert answer.headers["location"] == "/sign-in"
    assert "tandem_session" not in ada.cookies


async def test_signing_out_ends_the_session(stage: Stage, ada: httpx.AsyncClient) -> None:
    page = await ada.get("/account")
    answer = await submit(ada, page, "/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "You are signed out." in (await ada.get("/sign-in")).text
    assert (await ada.get("/account")).headers["location"] == "/sign-in"
    [session] = stage.fakes.ledger.browsers.values()
    assert not session.live


async def test_signing_out_without_identity_says_so_and_does_not_pretend(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    page = await ada.get("/account")
    stage.fakes.faults.planted["SignOut"] = Refusal(StatusCode.UNAVAILABLE)
    answer = await submit(ada, page, "/sign-out")
    assert answer.status_code == 503
    assert "tandem_session" in ada.cookies


async def test_an_expired_access_token_is_renewed_unseen(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    stage.fakes.service.access_lifetime = EXPIRED
    await sign_up(client)
    stage.fakes.service.access_lifetime = timedelta(minutes=1)
    page = await client.get("/account")
    assert page.status_code == 200
    assert "tandem_access=" in page.headers["set-cookie"]
    assert "set-cookie" not in (await client.get("/")).headers


async def test_a_token_of_a_key_that_was_removed_is_renewed_unseen(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    stage.fakes.service.kid = "other"
    page = await ada.get("/account")
    assert page.status_code == 200
    assert "tandem_access=" in page.headers["set-cookie"]


async def test_a_renewal_that_arrives_after_another_sign_in_shows_nobody_elses_account(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    await sign_up(client)
    late = client.cookies["tandem_access"]
    stage.fakes.faults.planted["SignOut"] = Refusal(StatusCode.UNAVAILABLE)
    typed = {"display_name": "Eve", "email": "eve@example.com", "password": "another engine"}
    assert (await client.post("/api/v1/accounts", json=typed)).status_code == 201
    client.cookies.delete("tandem_access")
    client.cookies.set("tandem_access", late, domain="127.0.0.1", path="/")
    shown = (await client.get("/account")).text
    assert "<h1>Eve</h1>" in shown
    assert "Lovelace" not in shown


@pytest.mark.parametrize("forged", ["", "garbage", "eyJhbGciOiJub25lIn0.e30.", "x" * 5000])
async def test_a_forged_access_token_counts_for_nothing(
    ada: httpx.AsyncClient, forged: str
) -> None:
    ada.cookies.delete("tandem_access")
    ada.cookies.set("tandem_access", forged, domain="127.0.0.1", path="/")
    assert (await ada.get("/account")).status_code == 200  # renewed by the session's secret
    ada.cookies.delete("tandem_session")
    assert (await ada.get("/account")).status_code == 303


@pytest.mark.parametrize("secret", ["junk", "x" * 42, "x" * 44, "x" * 42 + "!", "x" * 4000])
async def test_a_session_secret_that_identity_cannot_have_issued_is_not_asked_about(
    stage: Stage, client: httpx.AsyncClient, secret: str
) -> None:
    client.cookies.set("tandem_session", secret, domain="127.0.0.1", path="/")
    for method in ("RenewAccess", "SignOut"):
        stage.fakes.faults.planted[method] = Refusal(StatusCode.UNAVAILABLE)
    profile = {"display_name": "Ada", "about": ""}
    assert (await client.put("/api/v1/account/profile", json=profile)).status_code == 401
    client.cookies.set("tandem_session", secret, domain="127.0.0.1", path="/")
    assert (await client.delete("/api/v1/sessions/current")).status_code == 204
    client.cookies.set("tandem_session", secret, domain="127.0.0.1", path="/")
    answer = await client.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "tandem_session" not in client.cookies


async def test_older_activity_is_a_page_on(stage: Stage, ada: httpx.AsyncClient) -> None:
    [person] = stage.fakes.ledger.people.values()
    for number in range(15):
        stage.fakes.ledger.record(
            person.id, activity_pb2.ACTIVITY_KIND_PROFILE_UPDATED, f"number {number}"
        )
    newest = await ada.get("/account")
    assert "number 14" in newest.text
    assert "number 4" not in newest.text
    assert 'href="/account?activity=10#activity"' in newest.text
    older = await ada.get("/account?activity=10")
    assert "number 4" in older.text
    assert "number 14" not in older.text
    assert "Older" not in older.text
    assert "Newest" in older.text


@pytest.mark.parametrize("token", ["nonsense", "x" * 600])
async def test_a_page_of_the_activity_that_is_not_there_is_not_found(
    ada: httpx.AsyncClient, token: str
) -> None:
    assert (await ada.get("/account", params={"activity": token})).status_code == 404


async def test_an_activity_of_a_later_release_is_shown_all_the_same(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    [person] = stage.fakes.ledger.people.values()
    stage.fakes.ledger.record(person.id, activity_pb2.ACTIVITY_KIND_UNSPECIFIED, "new")
    assert "Something else happened" in (await ada.get("/account")).text


async def test_ages_are_told_by_the_clock() -> None:
    async with (
        staged(clock=lambda: datetime.now(UTC) + timedelta(hours=3)) as stage,
        stage.client() as client,
    ):
        await sign_up(client)
        assert "3 hours ago" in (await client.get("/account")).text
