"""A real headless Chromium, and visitors in it who write down what the browser complains of.

The executable is the one that `TANDEM_TEST_CHROMIUM` names; no browser is ever downloaded.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.support import accessibility, requirements

EXECUTABLE = "TANDEM_TEST_CHROMIUM"
SCREENSHOTS = "TANDEM_TEST_SCREENSHOTS"

START_TIMEOUT = 30_000.0  # milliseconds, as Playwright counts
STEP_TIMEOUT = 10_000.0

_SCREEN: ViewportSize = {"width": 1100, "height": 800}

_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)

# Chromium says so of a page that answers 4xx on purpose; `_note_response` judges the rest.
_REFUSED_PAGE = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@contextmanager
def launched() -> Iterator[Browser]:
    """Run the browser; skips the test where there is none."""
    executable = _executable()
    expect.set_options(timeout=STEP_TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=_ARGUMENTS, timeout=START_TIMEOUT
        )
        try:
            yield browser
        finally:
            browser.close()


def _executable() -> str:
    named = os.environ.get(EXECUTABLE)
    if not named:
        requirements.missing(f"no browser: set {EXECUTABLE} to the path of a Chromium")
    if not Path(named).is_file():
        requirements.missing(f"no browser: {EXECUTABLE} is {named}, and there is no such file")
    return named


@dataclass
class Visitor:
    """Somebody with cookies of their own, in one tab.

    Attributes:
        page: The tab.
        complaints: What the browser found wrong so far: console errors and warnings, violations
            of the content security policy, errors of scripts, resources that failed.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)

    def look(self, name: str) -> None:
        """Look for what would shut somebody out: by night, on a narrow screen, and as it is.

        What is found becomes a complaint. A picture of the whole page is kept under this name if
        `TANDEM_TEST_SCREENSHOTS` names a directory.
        """
        self.page.emulate_media(color_scheme="dark")
        self._look(f"{name}-dark")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(accessibility.NARROW)
        self._look(f"{name}-narrow")
        self.page.set_viewport_size(_SCREEN)
        self._look(name)

    def _look(self, name: str) -> None:
        found = accessibility.problems_of(self.page)
        self.complaints.extend(f"{name}, {self.page.url}: {problem}" for problem in found)
        self._screenshot(name)

    def _screenshot(self, name: str) -> None:
        directory = os.environ.get(SCREENSHOTS)
        if directory:
            self.page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)

    def _note_console(self, message: ConsoleMessage) -> None:
        refused = _REFUSED_PAGE.match(message.text) and message.location["url"] == self.page.url
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(f"console {message.type} at {self.page.url}: {message.text}")

    def _note_response(self, response: Response) -> None:
        if not response.request.is_navigation_request() and not response.ok:
            self.complaints.append(f"{response.status} for {response.url}")

    def _note_failure(self, request: Request) -> None:
        # So Chromium calls it when a page closes its stream of events, or is left while it loads.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url} failed: {request.failure}")

    def watch(self) -> None:
        """Begin to write down complaints."""
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("response", self._note_response)
        self.page.on("requestfailed", self._note_failure)


@contextmanager
def visiting(
    browser: Browser, url: str, *, java_script: bool = True, any_certificate: bool = False
) -> Iterator[Visitor]:
    """Open a tab with empty cookies and cache; relative addresses start at `url`."""
    context = browser.new_context(
        base_url=url,
        ignore_https_errors=any_certificate,
        java_script_enabled=java_script,
        locale="en-GB",
        viewport=_SCREEN,
    )
    context.set_default_timeout(STEP_TIMEOUT)
    try:
        visitor = Visitor(context.new_page())
        visitor.watch()
        yield visitor
    finally:
        context.close()
