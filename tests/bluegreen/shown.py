"""What the deployer shows, without what is another each time: seconds, versions, addresses."""

import re
from subprocess import CompletedProcess

_STEP = re.compile(r" *\d+/\d+ +(?P<name>\S.*?) {2,}")
_FINDING = re.compile(r"(?:ok|problem) +(?P<name>\S.*?) {2,}")
_LANE = re.compile(r"\b(?:blue|green)\b")


def everything(done: CompletedProcess[str]) -> str:
    """All that it wrote, as it came."""
    return f"{done.stdout}\n{done.stderr}"


def steps(text: str) -> list[str]:
    """The steps that were taken, in either lane."""
    return [_LANE.sub("LANE", name) for name in _names(_STEP, text)]


def findings(text: str) -> list[str]:
    """What was looked at."""
    return _names(_FINDING, text)


def labels(text: str) -> list[str]:
    """What each line begins with."""
    return [line.split()[0] for line in text.splitlines()]


def _names(pattern: re.Pattern[str], text: str) -> list[str]:
    found = map(pattern.match, text.splitlines())
    return [each["name"] for each in found if each]
