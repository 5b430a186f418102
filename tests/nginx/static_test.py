"""Static files: for ever under a name with a fingerprint, and under no other."""

from pathlib import Path

import httpx
import pytest

from chassis.assets import Assets

TYPES = {"site.css": "text/css", "icon.svg": "image/svg+xml", "ride.svg": "image/svg+xml"}
ASSETS = Assets.of("services.account")


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_file_is_kept_for_ever_under_the_name_that_pages_use(
    client: httpx.Client, name: str
) -> None:
    answer = client.get(ASSETS.url(name))
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].partition(";")[0] == TYPES[name]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_browser_that_has_the_file_gets_no_second_copy(client: httpx.Client) -> None:
    first = client.get(ASSETS.url("site.css"))
    again = client.get(
        ASSETS.url("site.css"), headers={"if-modified-since": first.headers["last-modified"]}
    )
    assert (again.status_code, again.content) == (httpx.codes.NOT_MODIFIED, b"")


@pytest.mark.parametrize(
    ("name", "media_type"), [("site.css", "text/css"), ("live.js", "text/javascript")]
)
def test_style_sheets_and_scripts_are_compressed(
    client: httpx.Client, name: str, media_type: str
) -> None:
    answer = client.get(ASSETS.url(name), headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/plain.css",  # is there, but its name has no fingerprint
        "/static/site.000000000000.css",
        "/static/../plain.css",
        "/static/..%2f..%2fetc%2fpasswd",
        "/static/.hidden.000000000000.css",
    ],
)
def test_anything_else_is_not_there_and_that_is_not_kept(
    client: httpx.Client, static_root: Path, path: str
) -> None:
    assert (static_root / "plain.css").exists()
    url = client.base_url.copy_with(raw_path=path.encode())
    answer = client.get(url)
    if path == "/static/../plain.css":  # is no path below /static/, so it is account's
        assert answer.status_code == httpx.codes.OK
        return
    assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST}
    assert "max-age" not in answer.headers.get("cache-control", "")
