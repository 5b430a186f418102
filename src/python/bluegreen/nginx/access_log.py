"""How lanes answered, from nginx's access log: a JSON object a request.

A lane is judged by what it answered to the world: not by what nginx served itself, and not by what
came by the server `preview`, which is how a lane is tried before it has the traffic.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bluegreen.lane import Lane
from bluegreen.watch import Traffic

_FAILED = 500
_P99 = 0.99


@dataclass(frozen=True)
class Answer:
    """One request that a lane answered, or should have.

    Attributes:
        at: When it was logged.
        lane: Which lane it was sent to.
        failed: Whether that lane gave an error of the server's, or no answer; the client may have
            got that of the lane that stands in.
        seconds: Until the first byte of the answer; a stream takes as long as it likes after it.
    """

    at: datetime
    lane: Lane
    failed: bool
    seconds: float


def answers(lines: Iterable[str]) -> Iterator[Answer]:
    """What is in a log whose lines begin with the engine's timestamps; other lines are left out."""
    for at, entry in _entries(lines):
        try:
            found = _answer(at, entry)
        except (KeyError, TypeError, ValueError):
            continue
        if found is not None:
            yield found


def last_begun_before(moment: datetime, lines: Iterable[str]) -> datetime:
    """When the last of all answers ended that had begun by then; that moment if none did later."""
    last = moment
    for ended, entry in _entries(lines):
        try:
            began = ended - timedelta(seconds=float(str(entry["seconds"])))
        except (KeyError, TypeError, ValueError):
            continue
        if began <= moment:
            last = max(last, ended)
    return last


def traffic(found: Sequence[Answer]) -> Traffic:
    """All of them as a whole."""
    if not found:
        return Traffic()
    slowest = sorted(each.seconds for each in found)
    p99 = slowest[min(len(slowest) - 1, int(len(slowest) * _P99))]
    return Traffic(len(found), sum(each.failed for each in found), p99)


def _entries(lines: Iterable[str]) -> Iterator[tuple[datetime, dict[str, object]]]:
    """When what was logged, of lines that are JSON behind a time."""
    for line in lines:
        stamp, _, entry = line.partition(" ")
        try:
            found = datetime.fromisoformat(stamp), json.loads(entry)
        except ValueError:
            continue
        yield found


def _answer(at: datetime, entry: dict[str, object]) -> Answer | None:
    told = str(entry["header_seconds"])
    if not told or entry["server"] == "preview":
        return None
    # Of a request that was tried twice: "0.001, 0.020"; of one without an answer: "-".
    tried = [float(each) for each in _each(told) if each not in {"", "-"}]
    seconds = sum(tried) if tried else float(str(entry["seconds"]))
    status = int(str(entry["status"]))
    asked, statuses = _each(str(entry["upstream"])), _each(str(entry["upstream_status"]))
    # A connection that was closed meanwhile is opened anew, to the same address: no failure.
    if asked[0] != asked[-1]:
        status = max(status, int(statuses[0]))
    return Answer(at, Lane(str(entry["lane"])), status >= _FAILED, seconds)


def _each(told: str) -> list[str]:
    """What nginx says of each server that it asked."""
    return [each.strip() for each in re.split(r", | : ", told)]
