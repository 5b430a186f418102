"""The scenario as a command."""

import argparse
import sys
from urllib.parse import urlsplit

from chassis import SettingsError, load
from services.account.scenario.browser import Browser
from services.account.scenario.errors import ScenarioError
from services.account.scenario.settings import Settings
from services.account.scenario.visit import Visit

FAILED = 1
WRONG_SETTINGS = 2

_HELP = """\
Signs in, changes the name of the profile, looks at the page, its activity, its live stream and its
static files, and signs out. The account is opened by the first run, and stays.
"""
_EXAMPLES = """\
environment:
  TANDEM_SCENARIO_PASSWORD  of the account; or the file tandem_scenario_password in the folder
                            TANDEM_SECRETS_DIR
  TANDEM_SCENARIO_EMAIL     of the account (scenario@tandem.example)
  TANDEM_PUBLIC_URL         how people reach the site (URL)

exit codes:
  0   all of it works
  1   something does not: what was asked and what came is printed, and nothing more is tried
  2   wrong settings or arguments

examples:
  python -m services.account scenario http://nginx:8081      the lane that has no traffic yet
  python -m services.account scenario https://www.example.com --timeout 5
"""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "scenario",
        help="prove a running site by what a person does with it",
        description=_HELP,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("url", type=_url, help="where the site answers, as http://nginx:8081")
    command.add_argument(
        "--timeout",
        type=_seconds,
        default=15.0,
        metavar="SECONDS",
        help="how long an answer may take (default: %(default)g)",
    )


def prove(url: str, timeout: float) -> int:
    """Run it; the exit code.

    Args:
        url: Scheme, host and port.
        timeout: Seconds for each answer.
    """
    try:
        settings = load(Settings)
    except SettingsError as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        sys.stderr.write(f"the settings are wrong:\n{problems}\n")
        return WRONG_SETTINGS
    password = settings.scenario_password.get_secret_value()
    browser = Browser(url, settings.public_url or url, timeout)
    try:
        Visit(browser, settings.scenario_email, password, _say).make()
    except ScenarioError:
        return FAILED
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _url(text: str) -> str:
    parts = urlsplit(text)
    beyond = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or beyond:
        raise argparse.ArgumentTypeError("must be scheme, host and port, as http://nginx:8081")
    return f"{parts.scheme}://{parts.netloc}"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("must be seconds, more than 0 and at most 3600")
    return seconds
