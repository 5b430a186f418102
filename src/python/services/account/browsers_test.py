import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.account.browsers import describe_browser

CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36"
X11 = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0)"
APPLE = "like Mac OS X) Version/17.5 Safari/605.1"


@pytest.mark.parametrize(
    ("user_agent", "description"),
    [
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/130.0", "Edge on Windows"),
        (f"{CHROME} OPR/115.0", "Opera on Windows"),
        (f"{X11} Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Macintosh; {APPLE}", "Safari on macOS"),
        (f"Mozilla/5.0 (iPhone; {APPLE} CriOS/130", "Chrome on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{X11} HeadlessChrome/130.0 Safari/537.36", "Chrome on Linux"),
        ("curl/8.5.0", "curl"),
        ("Something (Windows)", "A browser on Windows"),
        ("python-httpx/0.28", "python-httpx/0.28"),
        ("", "An unknown browser"),
    ],
)  # fmt: skip
def test_people_recognise_the_browser(user_agent: str, description: str) -> None:
    assert describe_browser(user_agent) == description


@settings(deadline=None)
@given(st.text())
def test_a_description_is_short_and_never_empty(user_agent: str) -> None:
    assert 1 <= len(describe_browser(user_agent)) <= 61
