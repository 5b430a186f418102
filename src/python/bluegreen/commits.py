"""What came between two commits, for people; as far as the checkout has them."""

from pathlib import Path

from bluegreen import commands
from bluegreen.errors import PortError

MOST = 10
"""Of so many commits the subject is told."""

_LONGEST = 100  # characters of a subject
_TIMEOUT = 5.0  # seconds


def subjects(checkout: Path, old: str, new: str) -> list[str]:
    """The subjects of the commits that `new` has and `old` has not, the newest first.

    No more than `MOST`, and a line that says so if there are more; none where one of both is not
    known.
    """
    log = ["log", "--format=%s", f"--max-count={MOST + 1}", f"{old}..{new}", "--"]
    try:
        said = commands.output(["git", "-C", str(checkout), *log], timeout=_TIMEOUT)
    except PortError:
        return []
    found = [_short(line) for line in said.splitlines()]
    return [*found[:MOST], "…"] if len(found) > MOST else found


def _short(subject: str) -> str:
    return subject if len(subject) <= _LONGEST else f"{subject[: _LONGEST - 1]}…"
