"""What the commands share: how they end, what they print, where their summary goes."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from types import FrameType

from ci.errors import CheckError

GITHUB_SUMMARY = "GITHUB_STEP_SUMMARY"

EXPLAINED = """\
exit codes:
  0   it merges, and what was checked is well
  1   it merges; a check or a test failed, or contracts break their users
  2   the command line is wrong, or git or Pants cannot be used
  3   it conflicts; the files are named
  130 it was interrupted
"""


class Exit(IntEnum):
    """The codes."""

    PASSED = 0
    FAILED = 1
    UNUSABLE = 2
    CONFLICTS = 3
    INTERRUPTED = 130


def parser_of(name: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """A command's parser, whose `--help` shows both texts as they are."""
    return argparse.ArgumentParser(
        name,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def say(line: str) -> None:
    """Print a line of progress, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def guarded(run: Callable[[argparse.Namespace], Exit], arguments: argparse.Namespace) -> Exit:
    """Run a command; what is in its way is said, and becomes the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return run(arguments)
    except CheckError as error:
        print(f"error: {error}", file=sys.stderr)
        return Exit.UNUSABLE
    except KeyboardInterrupt:
        print("interrupted; nothing of it is left", file=sys.stderr)
        return Exit.INTERRUPTED


def legible(text: str) -> str:
    """A text as it can be written: names of files need not be UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def publish(markdown: str, file: Path | None) -> None:
    """Write a summary where it was asked for, and where GitHub shows it.

    Raises:
        CheckError: it cannot be written.
    """
    shown, text = os.environ.get(GITHUB_SUMMARY), f"{legible(markdown)}\n"
    try:
        if file is not None:
            file.write_text(text, encoding="utf-8")
        if shown:
            with Path(shown).open("a", encoding="utf-8") as summary:
                summary.write(text)
    except OSError as error:
        raise CheckError(f"the summary cannot be written: {error}") from error


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
