import pytest

from chassis.web.site import Site


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://tandem.example", "https://tandem.example"),
        ("https://tandem.example/", "https://tandem.example"),
        ("https://Tandem.Example:443", "https://tandem.example"),
        ("https://tandem.example:8443", "https://tandem.example:8443"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_over_tls_only_the_site_itself_is_its_origin(url: str, origin: str) -> None:
    assert Site.at(url) == Site(origin, secure=True, origins=frozenset({origin}))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_loopback_any_of_its_names_will_do(host: str) -> None:
    site = Site.at(f"http://{host}:8080")
    assert not site.secure
    assert site.url == f"http://{host}:8080"
    assert site.origins == {
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://tandem.example",
        "http://192.0.2.1:8080",
        "ftp://tandem.example",
        "tandem.example",
        "",
        "https://tandem.example/path",
        "https://user@tandem.example",
        "https://tandem.example?query",
        "https://tandem.example:port",
        "https://bücher.example",  # browsers send another spelling as their origin
    ],
)
def test_an_address_that_is_not_safe_or_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|Port"):
        Site.at(url)
