"""A program that uses the JSON API through nginx, with cookies and an address of its own."""

import itertools
import sys

import httpx

from tests.system.people import Person

TIMEOUT = 15.0  # seconds; more than the system's own deadlines

_numbers = itertools.count()


class Client(httpx.Client):
    """An HTTP client that knows the operations of the account."""

    def __init__(self, url: str) -> None:
        address = own_address()
        super().__init__(
            base_url=url,
            # What a balancer that is trusted says; containers are not reached by address.
            headers={"X-Forwarded-For": address} if address else {},
            timeout=TIMEOUT,
            transport=httpx.HTTPTransport(local_address=address),
        )

    def sign_up(self, person: Person) -> httpx.Response:
        """Open the person's account; sent again, it is the same account."""
        body = {
            "account_id": person.id,
            "email": person.email,
            "password": person.password,
            "display_name": person.name,
        }
        return self.post("/api/v1/accounts", json=body)

    def sign_in(self, person: Person) -> httpx.Response:
        """Sign the person in."""
        body = {"email": person.email, "password": person.password}
        return self.post("/api/v1/sessions", json=body)

    def save_profile(self, display_name: str, about: str) -> httpx.Response:
        """Replace the profile of who is signed in."""
        body = {"display_name": display_name, "about": about}
        return self.put("/api/v1/account/profile", json=body)


def own_address() -> str | None:
    """Another loopback address for each client, since attempts are limited by address.

    Linux lets a program use all of 127.0.0.0/8; elsewhere clients share 127.0.0.1.
    """
    number = next(_numbers)
    return f"127.0.{number // 250 + 1}.{number % 250 + 1}" if sys.platform == "linux" else None
