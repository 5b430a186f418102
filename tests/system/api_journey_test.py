"""The same account by its JSON API, through everything that runs."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

import httpx
import pytest
from openapi_spec_validator import validate

from tests.support.system import System
from tests.system.api import Client
from tests.system.people import Person

pytestmark = pytest.mark.usefixtures("calm")


@pytest.fixture
def clients(tandem: System) -> Iterator[tuple[Client, Client]]:
    """Two programs with cookies of their own."""
    with ExitStack() as stack:
        yield stack.enter_context(Client(tandem.url)), stack.enter_context(Client(tandem.url))


def kinds(client: Client) -> list[object]:
    return [entry["kind"] for entry in client.get("/api/v1/activity").json()["activities"]]


def test_a_program_signs_up_edits_the_profile_ends_another_session_and_signs_out(
    clients: tuple[Client, Client],
) -> None:
    person = Person("Ada Lovelace")
    first, second = clients
    opened = first.sign_up(person)
    assert opened.status_code == httpx.codes.CREATED
    account_id = opened.json()["account_id"]
    assert UUID(account_id).version == 7

    edited = first.save_profile("Ada King", about="Since 1843")
    assert edited.status_code == httpx.codes.OK
    seen = first.get("/api/v1/account").json()
    assert (seen["id"], seen["email"]) == (account_id, person.email)
    assert seen["profile"] == {"display_name": "Ada King", "about": "Since 1843"}

    other = second.sign_in(person)
    assert other.status_code == httpx.codes.CREATED
    sessions = {
        each["id"]: each["current"] for each in first.get("/api/v1/sessions").json()["sessions"]
    }
    assert sessions == {opened.json()["session_id"]: True, other.json()["session_id"]: False}
    ended = first.delete(f"/api/v1/sessions/{other.json()['session_id']}")
    assert ended.status_code == httpx.codes.NO_CONTENT
    assert second.get("/api/v1/sessions").status_code == httpx.codes.UNAUTHORIZED

    assert kinds(first) == [
        "session-revoked",
        "signed-in",
        "profile-updated",
        "signed-in",
        "account-created",
    ]
    assert first.delete("/api/v1/sessions/current").status_code == httpx.codes.NO_CONTENT
    assert first.get("/api/v1/account").status_code == httpx.codes.UNAUTHORIZED


def test_a_sign_up_that_is_sent_again_finds_the_account_it_opened(
    clients: tuple[Client, Client],
) -> None:
    person = Person("Barbara Liskov")
    account_ids = {client.sign_up(person).json()["account_id"] for client in clients}
    assert account_ids == {person.id}
    assert kinds(clients[0]).count("account-created") == 1


def test_an_address_that_has_an_account_opens_no_other(clients: tuple[Client, Client]) -> None:
    person = Person("Barbara Liskov")
    first, second = clients
    assert first.sign_up(person).status_code == httpx.codes.CREATED
    refused = second.sign_up(Person("Mallory", email=person.email.upper()))
    assert refused.status_code == httpx.codes.CONFLICT
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:tandem:problem:email-taken"
    assert second.get("/api/v1/account").status_code == httpx.codes.UNAUTHORIZED


def test_an_unacceptable_profile_is_refused_field_by_field_and_changes_nothing(
    clients: tuple[Client, Client],
) -> None:
    client = clients[0]
    client.sign_up(Person("Donald Knuth"))
    refused = client.save_profile("", about="x" * 501)
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert set(refused.json()["errors"]) == {"display_name", "about"}
    assert client.get("/api/v1/account").json()["profile"]["display_name"] == "Donald Knuth"


def test_the_openapi_document_is_valid_and_describes_every_operation(
    clients: tuple[Client, Client],
) -> None:
    document = clients[0].get("/api/openapi.json").json()
    validate(document)
    operations = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert operations == {
        ("POST", "/api/v1/accounts"),
        ("POST", "/api/v1/sessions"),
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions/current"),
        ("DELETE", "/api/v1/sessions/{session_id}"),
        ("GET", "/api/v1/account"),
        ("PUT", "/api/v1/account/profile"),
        ("GET", "/api/v1/activity"),
        ("GET", "/api/v1/activity/stream"),
    }
