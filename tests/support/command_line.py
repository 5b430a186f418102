"""The command line of a program that Pants runs."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest

_CANNOT_RUN = 2
_INTERRUPTED = 130


def parser(target: str, description: str | None, examples: str) -> argparse.ArgumentParser:
    """One whose help says how the program is started.

    Args:
        target: What `./pants run` is given.
        description: The docstring of the program.
        examples: Complete commands, each with what it is for, and what they need.
    """
    return argparse.ArgumentParser(
        f"./pants run {target} --",
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def run(program: Callable[[], int]) -> NoReturn:
    """Run it, and end with its exit code: 2 if the machine lacks what it needs, 130 for Ctrl-C."""
    try:
        sys.exit(program())
    except pytest.skip.Exception as missing:
        print(missing, file=sys.stderr)
        sys.exit(_CANNOT_RUN)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
