"""Exit codes: the runner's own, and what those of the processes say."""

import signal

STOPPED = 0
"""The runner was told to stop, and did."""

FAILED = 1
"""The system could not be started."""

HURRIED = 130
"""The runner was told twice; processes were killed."""


def describe(code: int | None) -> str:
    """Say how a process ended; negative codes are signals, None is no end at all."""
    if code is None:
        return "does not run"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was ended by {name}"
