"""What the end of a command means to whoever started it."""

from enum import IntEnum

from bluegreen.errors import (
    BlueGreenError,
    DocumentError,
    LockedError,
    LockLostError,
    RefusedError,
    SettingsError,
    StepError,
)

EXPLAINED = """\
exit codes:
  0   done
  1   it failed, and everything is as before
  2   the command line, the settings or a file are wrong; nothing was touched
  3   it is refused, and the message says what to do first; nothing was touched
  4   it failed, and is not undone: what serves goes on; the same command goes on from there
  5   somebody else deploys; nothing was touched
  6   the build failed, or the server, Docker, nginx or the registry cannot be used; or doctor found
      something wrong
  70  a bug of the deployer, told with where it is; `status` says what is unfinished
  130 it was interrupted, and nothing is to be undone: the message says what was touched
"""


class Exit(IntEnum):
    """The codes."""

    DONE = 0
    FAILED = 1
    WRONG = 2
    REFUSED = 3
    UNFINISHED = 4
    LOCKED = 5
    UNREACHABLE = 6
    BUG = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130


def exit_of(error: BlueGreenError) -> Exit:
    """The code for an error."""
    match error:
        case SettingsError() | DocumentError():
            return Exit.WRONG
        case RefusedError():
            return Exit.REFUSED
        case LockedError():
            return Exit.LOCKED
        case StepError(went_back=went_back):
            return Exit.FAILED if went_back else Exit.UNFINISHED
        case LockLostError():
            return Exit.UNFINISHED
        case _:
            return Exit.UNREACHABLE
