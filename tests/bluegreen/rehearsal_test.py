"""What a dry run prints is what is run."""

import json
import re
from collections.abc import Iterable
from subprocess import CompletedProcess

import pytest

from tests.docs.commands import mentioned
from tests.support import releases
from tests.support.delivery import Delivery
from tests.support.releases import Shelf

pytestmark = pytest.mark.timeout(1500)  # seconds; a server is set up in the first test

_TIMES = re.compile(r"(-w|--wait-timeout) \d+")
_NOTE = re.compile(r" \([^()]*\)$")
_BEGUN = re.compile(r" +\[\d+\] (?P<where>\S+@\S+|in (?P<container>\S+)): (?P<command>.*)")
_METRICS = "/metrics"


def test_a_dry_run_prints_what_a_deploy_and_a_rollback_run(site: Delivery, shelf: Shelf) -> None:
    folder = str(site.built(shelf.release(account=releases.harmless())))
    for command in (["deploy", "--release", folder], ["rollback"]):
        before = site.state
        planned = site.run(*command, "--dry-run", "--json")
        assert planned.returncode == 0, planned.stdout
        assert site.state == before
        done = site.run(*command, "--verbose")
        assert done.returncode == 0, done.stdout
        assert _ran(done) == _said(planned)


def test_the_settings_that_hold_are_told_as_the_page_says(site: Delivery) -> None:
    held = site.typed(mentioned("docs/deploying.md", "bluegreen config"))
    assert held.code == 0, held.said
    assert site.server.address in held.said


def _said(planned: CompletedProcess[str]) -> list[str]:
    steps = json.loads(planned.stdout)["steps"]
    lines = [_NOTE.sub("", line) for step in steps for line in step["commands"]]
    return _compared(each for each in lines if each.startswith(("flock ", "docker exec ")))


def _ran(done: CompletedProcess[str]) -> list[str]:
    begun = filter(None, map(_BEGUN.match, done.stderr.splitlines()))
    lines = []
    for each in begun:
        inside, command = each["container"], each["command"]
        if inside:
            lines.append(f"docker exec {inside} {command}")
        elif command.startswith("flock "):
            lines.append(command)
    return _compared(lines)


def _compared(lines: Iterable[str]) -> list[str]:
    """Without times; what is asked until there is nothing under way counts once."""
    kept: list[str] = []
    asked: set[str] = set()
    for line in lines:
        if _METRICS not in line:
            asked.clear()
        elif line in asked:
            continue
        asked.add(line)
        kept.append(_TIMES.sub(r"\1 N", line))
    return kept
