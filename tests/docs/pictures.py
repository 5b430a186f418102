"""Take the pictures of the README anew: ``./pants run tests/docs:pictures``.

What a terminal shows of ``./pants run :local``, and the page of somebody who signed up there; by a
real Chromium (TANDEM_TEST_CHROMIUM), into docs/pictures of the checkout. Takes half a minute.
"""

import html
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests.support import chromium, command_line
from tests.system.people import Person

_FOLDER = Path("docs/pictures")
_COMMAND = ("./pants", "run", ":local")
_ADDRESS = re.compile(r"^ *site +(\S+)", re.MULTILINE)
_START_SECONDS = 600.0  # with cold caches
_STOP_SECONDS = 60.0
_TERMINAL = """<style>
  body {{ margin: 0; background: #16181d }}
  pre {{ margin: 0; padding: 20px 28px; width: 560px; color: #d7dae0; font: 14px/1.5 monospace }}
  b {{ color: #8fd694; font-weight: normal }}
</style><pre><b>$ {command}</b>\n{shown}</pre>"""


class PictureError(Exception):
    """The system did not come up."""


def main() -> int:
    """Take them; return 1 if the system does not come up."""
    os.chdir(os.environ.get("BUILD_ROOT", "."))
    _FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with chromium.launched() as browser, running() as shown:
            take_terminal(browser, shown)
            take_account(browser, _ADDRESS.findall(shown)[0])
    except PictureError as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def running() -> Iterator[str]:
    """Run the system until the end of the block; gives what a terminal shows once it is ready.

    Raises:
        PictureError: it ended, or was not ready in time.
    """
    # This program runs in Pants itself, which serves one at a time unless it is told otherwise.
    environment = {**os.environ, "PANTS_CONCURRENT": "true"}
    with subprocess.Popen(  # noqa: S603  # a fixed command
        _COMMAND, stdout=subprocess.PIPE, text=True, env=environment
    ) as runner:
        try:
            yield _shown(runner)
        finally:
            runner.send_signal(signal.SIGINT)
            runner.wait(_STOP_SECONDS)


def take_terminal(browser: Browser, shown: str) -> None:
    """Picture a terminal that shows a command and what it printed."""
    page = browser.new_page(device_scale_factor=2)
    text = {"command": " ".join(_COMMAND), "shown": html.escape(shown)}
    page.set_content(_TERMINAL.format_map(text))
    page.locator("pre").screenshot(path=_FOLDER / "terminal.png")
    page.close()


def take_account(browser: Browser, url: str) -> None:
    """Picture the page of somebody who has just signed up."""
    with chromium.visiting(browser, url) as visitor:
        # This checkout may know an Ada already.
        Person("Ada Lovelace", email=f"ada.{secrets.token_hex(2)}@example.com").sign_up(visitor)
        visitor.page.screenshot(path=_FOLDER / "account.png")


def _shown(runner: subprocess.Popen[str]) -> str:
    assert runner.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + _START_SECONDS
    for line in runner.stdout:
        lines.append(line)
        if "developers" in line:
            return "".join(lines).strip()
        if time.monotonic() > deadline:
            break
    raise PictureError(f"{' '.join(_COMMAND)} is not ready:\n{''.join(lines)}")


if __name__ == "__main__":
    command_line.run(main)
