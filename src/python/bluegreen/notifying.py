"""Tells people how an operation ended, wherever they listen: the notifier, by apprise."""

import threading
from collections.abc import Iterator, Sequence
from time import monotonic

from apprise import Apprise, NotifyFormat, NotifyType

from bluegreen.errors import PortError, SettingsError
from bluegreen.ports import Outcome

_TIMEOUT = 30.0  # seconds for all targets together
_MINUTE = 60
_SHORT = 12  # characters of a commit, as in a version


class Notifying:
    """Tells all targets at the same time, and waits no longer than it is told to.

    Args:
        urls: Theirs, in the order of the settings. They hold passwords, and no message repeats one.
        timeout: Seconds that all have together.

    Raises:
        SettingsError: URLs that mean nothing to apprise; with all of them, by their paths.
    """

    def __init__(self, urls: Sequence[str], timeout: float = _TIMEOUT) -> None:
        self._targets = {f"notify[{place}]": Apprise() for place in range(len(urls))}
        self._timeout = timeout
        targets = zip(self._targets.items(), urls, strict=True)
        wrong = [path for (path, target), url in targets if not target.add(url)]
        if wrong:
            problems = [f"{path}: is no URL of a target that apprise knows" for path in wrong]
            raise SettingsError("what the settings name", problems)

    def notify(self, outcome: Outcome) -> None:
        """Tell of an end, good or bad.

        Raises:
            PortError: somebody could not be told; the others were.
        """
        told: set[str] = set()
        tellers = [
            threading.Thread(
                target=self._tell, args=(path, outcome, told), name=f"tell {path}", daemon=True
            )
            for path in self._targets
        ]
        end = monotonic() + self._timeout
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join(max(0.0, end - monotonic()))
        missed = sorted(self._targets.keys() - told)
        if missed:
            raise PortError(
                f"{', '.join(missed)} could not be told within {self._timeout:g} s; try the URL "
                "with the program apprise"
            )

    def _tell(self, path: str, outcome: Outcome, told: set[str]) -> None:
        kind = NotifyType.SUCCESS if outcome.failure is None else NotifyType.FAILURE
        try:
            heard = self._targets[path].notify(
                body=body(outcome),
                title=title(outcome),
                notify_type=kind,
                body_format=NotifyFormat.TEXT,
                timeout=self._timeout,
            )
        except Exception:  # noqa: BLE001 - of any plugin; a traceback would show the URL
            return
        if heard:
            told.add(path)


def title(outcome: Outcome) -> str:
    """The end in a line."""
    end = "succeeded" if outcome.failure is None else "FAILED"
    return f"{outcome.destination}: {outcome.operation} {end}"


def body(outcome: Outcome) -> str:
    """What there is to know of it."""
    lines = []
    if outcome.version:
        changed = ", ".join(outcome.changed) or "no image"
        lines += [f"Version: {outcome.version}", f"Changed: {changed}", *_commits(outcome)]
    lines.append(f"By {outcome.owner}, in {_time(outcome.seconds)}")
    if outcome.failure is not None:
        lines += ["", outcome.failure]
    return "\n".join(lines)


def _commits(outcome: Outcome) -> Iterator[str]:
    if outcome.commits is not None:
        old, new = (commit[:_SHORT] for commit in outcome.commits)
        yield f"Commits: {old}..{new}"
        yield from (f"  {subject}" for subject in outcome.subjects)


def _time(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s"
