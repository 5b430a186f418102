from datetime import UTC, datetime, timedelta

import pytest

from chassis.web.cookies import Cookie, CookieJar, CookiePolicy


def jar(received: dict[str, str] | None = None, *, secure: bool = True) -> CookieJar:
    return CookieJar(CookiePolicy(secure), received or {})


@pytest.mark.parametrize("cookie", Cookie)
def test_every_cookie_is_bound_to_host_and_tls_and_kept_from_scripts(cookie: Cookie) -> None:
    changed = jar()
    changed.put(cookie, "value")
    [(name, header)] = changed.headers()
    assert name == b"set-cookie"
    text, *attributes = header.decode().split("; ")
    assert text == f"__Host-tandem_{cookie}=value"
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= set(attributes)
    assert not [each for each in attributes if each.startswith("Domain")]


def test_on_loopback_without_tls_cookies_still_work() -> None:
    changed = jar(secure=False)
    changed.put(Cookie.SESSION, "value")
    [(_name, header)] = changed.headers()
    assert header == b"tandem_session=value; Path=/; HttpOnly; SameSite=Lax"


def test_a_cookie_ends_when_it_is_told_to() -> None:
    changed = jar()
    expiry = datetime.now(UTC) + timedelta(seconds=60.5)
    changed.put(Cookie.ACCESS, "value", expiry)
    [(_name, header)] = changed.headers()
    [age] = [int(each[8:]) for each in header.decode().split("; ") if each.startswith("Max-Age=")]
    assert int((expiry - datetime.now(UTC)).total_seconds()) <= age <= 60


def test_what_was_put_is_read_back_at_once() -> None:
    changed = jar({"__Host-tandem_access": "old"})
    changed.put(Cookie.ACCESS, "new")
    assert changed.get(Cookie.ACCESS) == "new"
    changed.drop(Cookie.ACCESS)
    assert changed.get(Cookie.ACCESS) == ""


def test_a_cookie_that_is_not_there_is_not_dropped() -> None:
    unchanged = jar()
    unchanged.drop(Cookie.SESSION)
    assert unchanged.headers() == []


def test_a_cookie_without_the_prefix_does_not_count_over_tls() -> None:
    assert jar({"tandem_session": "planted"}).get(Cookie.SESSION) == ""


def test_a_cookie_of_absurd_length_does_not_count() -> None:
    assert jar({"__Host-tandem_session": "x" * 5000}).get(Cookie.SESSION) == ""
