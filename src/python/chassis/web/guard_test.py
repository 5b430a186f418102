import pytest

from chassis.web.errors import CrossSiteError, UnreadableBodyError
from chassis.web.guard import check_json, check_source
from chassis.web.site import Site

SITE = Site.at("https://tandem.example")
OWN = "https://tandem.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OWN, "sec-fetch-site": "same-origin"},
        {"origin": OWN},
        {"sec-fetch-site": "none"},
        {},  # a program that is not a browser
    ],
)
def test_a_request_of_the_sites_own_pages_passes(headers: dict[str, str]) -> None:
    check_source(SITE, "POST", headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://tandem.example"},
        {"origin": "https://tandem.example:8443"},
        {"origin": "https://tandem.example.evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": OWN, "sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "WHATEVER"])
def test_a_request_of_another_sites_page_does_not(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(CrossSiteError):
        check_source(SITE, method, headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_from_anywhere_passes(method: str) -> None:
    check_source(SITE, method, {"sec-fetch-site": "cross-site"})


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_a_foreign_form_could_send_is_refused(media_type: str) -> None:
    with pytest.raises(UnreadableBodyError) as refused:
        check_json("POST", {"content-type": media_type})
    assert refused.value.status == 415


def test_json_passes_and_a_request_without_body_needs_none() -> None:
    check_json("PUT", {"content-type": "application/json; charset=utf-8"})
    check_json("DELETE", {})
