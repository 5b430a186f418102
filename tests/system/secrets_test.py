"""What is private stays out of every log."""

from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

import httpx
import pytest

from tests.support.system import System
from tests.system.api import Client
from tests.system.people import Person

pytestmark = pytest.mark.usefixtures("calm")


def private(person: Person, *clients: Client) -> set[str]:
    """What is known to this person and these browsers alone."""
    # Of the access token's cookie, the token itself as well.
    values = {value for client in clients for value in client.cookies.values() if value}
    cookies = values | {value.partition("~")[0] for value in values}
    return {person.email, person.email.partition("@")[0], person.password} | cookies


def leaks(logs: Path, secrets: set[str]) -> list[str]:
    """Every line of a log that holds a secret in any spelling."""
    spellings = {form(secret) for secret in secrets for form in (str, quote, quote_plus)}
    return [
        f"{path.name}: {line}"
        for path in sorted(logs.iterdir())
        for line in path.read_text(errors="replace").splitlines()
        if any(spelling in line for spelling in spellings)
    ]


def test_no_password_token_session_secret_or_address_is_in_any_log(tandem: System) -> None:
    person = Person("Ada Lovelace")
    with Client(tandem.url) as client, Client(tandem.url) as stranger:
        assert client.sign_up(person).status_code == httpx.codes.CREATED
        assert client.save_profile("Ada King", about="").status_code == httpx.codes.OK
        assert stranger.sign_in(person).status_code == httpx.codes.CREATED
        known = private(person, client, stranger)
        # What is refused is written about more than what is not.
        again = Person("Mallory", email=person.email)
        assert stranger.sign_up(again).status_code == httpx.codes.CONFLICT
        wrong = Person("Mallory", email=person.email)
        assert stranger.sign_in(wrong).status_code == httpx.codes.UNAUTHORIZED
        assert stranger.get("/", params={"email": person.email}).status_code == httpx.codes.OK
        assert stranger.post("/sign-in", data={"password": person.password}).is_client_error
        known |= {again.password, wrong.password}
    assert len(known) >= 8
    assert leaks(tandem.logs, known) == []


def test_no_password_of_the_database_is_in_any_log(tandem: System) -> None:
    addresses = tandem.settings["database"]["TANDEM_DATABASE_URL"], tandem.postgres.admin_url
    passwords = {urlsplit(address).password or "" for address in addresses}
    assert all(len(password) > 8 for password in passwords)
    assert leaks(tandem.logs, passwords | {unquote(password) for password in passwords}) == []
