"""Why a deployer does not do what it was asked.

BlueGreenError
+-- SettingsError        deploy.toml, or a secret that it names, is wrong; all problems at once
+-- DocumentError        a file of the server or of a release is not understood
+-- RefusedError         the plan is not made: nothing was touched
+-- LockedError          somebody else deploys
+-- LockLostError        the lock was taken away while the deployer worked
+-- PortError            the server, Docker, nginx or the network did not do something
|   +-- TemporaryError   the same may work a moment later
|   |   +-- LateError    a command on the server took too long
|   +-- RecoveredError   a lane that was given up is well again
+-- StepError            a step failed for good; carries what became of the rest
"""

from collections.abc import Sequence
from traceback import format_exception


class BlueGreenError(Exception):
    """Anything that this room raises by itself; the message says what to do next."""


class SettingsError(BlueGreenError):
    """The settings, or secrets that they name, are wrong.

    Attributes:
        problems: Every one that was found, each as `path: what is wrong`.
    """

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{source} is wrong:", *(f"  {each}" for each in problems)]))


class DocumentError(BlueGreenError):
    """A file is not one that this deployer understands.

    Attributes:
        name: Which file.
        problems: Every problem that was found in it.
    """

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{name} is not understood:", *(f"  {p}" for p in problems)]))


class RefusedError(BlueGreenError):
    """What was asked for is not safe now, or makes no sense; nothing was touched."""


class LockedError(BlueGreenError):
    """Somebody else deploys to this destination."""


class LockLostError(BlueGreenError):
    """The lock was taken away while the deployer worked: another one may be at work."""

    def __init__(self) -> None:
        super().__init__(
            "the lock was taken away; another deployer may be at work, so nothing more was "
            "touched; see who holds the lock, then run the same command again"
        )


class PortError(BlueGreenError):
    """The server, Docker, nginx or the network did not do something.

    Attributes:
        detail: What helps to see why: the last probe, states of containers, tails of logs.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        self.detail = detail
        super().__init__(message)


class TemporaryError(PortError):
    """The same may work a moment later: a connection broke, a lock was in the way."""


class LateError(TemporaryError):
    """A command on the server took too long; what has been done of it is not known.

    Attributes:
        wrote: What it wrote until then; no detail, for only who ran it knows whether to show it.
    """

    def __init__(self, message: str, detail: str = "", *, wrote: str = "") -> None:
        self.wrote = wrote
        super().__init__(message, detail)


class RecoveredError(PortError):
    """A lane that was given up, for it did not answer, is well again: it is gone back to first."""


class StepError(BlueGreenError):
    """A step failed for good.

    Attributes:
        step: Its name.
        reason: Why.
        went_back: Whether everything is as before the operation.
        detail: What helps to see why, for people.
    """

    def __init__(
        self, step: str, reason: str, *, went_back: bool, advice: str, detail: str = ""
    ) -> None:
        self.step = step
        self.reason = reason
        self.went_back = went_back
        self.detail = detail
        super().__init__(f"{step} failed: {reason}; {advice}")


def why(error: BaseException) -> str:
    """What went wrong, for people; of what nobody has foreseen its kind, too."""
    match error:
        case BlueGreenError():
            return str(error)
        case KeyboardInterrupt():
            return "it was interrupted"
    return f"a bug of the deployer, {type(error).__name__}: {error}"


def detail_of(error: BaseException) -> str:
    """What helps to see why; empty if nothing more is known than `why` says."""
    match error:
        case PortError():
            return error.detail
        case BlueGreenError() | KeyboardInterrupt():
            return ""
    return "".join(format_exception(error))
