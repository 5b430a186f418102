"""What a look at something shows: it is well, it is not, or it could be better; and what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bluegreen.errors import BlueGreenError


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """What one look has shown.

    Attributes:
        name: What was looked at.
        verdict: How it is.
        said: What was seen.
        advice: What to do; empty where it is well, or where what was seen says so itself.
    """

    name: str
    verdict: Verdict
    said: str
    advice: str = ""


def ok(name: str, said: str) -> Finding:
    """It is well."""
    return Finding(name, Verdict.OK, said)


def warning(name: str, said: str, advice: str) -> Finding:
    """A deploy works, and something else does not."""
    return Finding(name, Verdict.WARNING, said, advice)


def problem(name: str, said: str, advice: str = "") -> Finding:
    """A deploy does not work."""
    return Finding(name, Verdict.PROBLEM, said, advice)


def looked(name: str, look: Callable[[], Finding | Iterable[Finding]]) -> list[Finding]:
    """What a look shows; what it raises is a problem."""
    try:
        found = look()
        return [found] if isinstance(found, Finding) else list(found)
    except BlueGreenError as error:
        return [problem(name, str(error))]


def problems(findings: Iterable[Finding]) -> list[Finding]:
    """Those that are in the way of a deploy."""
    return [each for each in findings if each.verdict is Verdict.PROBLEM]
