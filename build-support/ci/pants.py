"""Runs the Pants of one checkout."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ci.errors import CheckError
from ci.git import OF_A_REPOSITORY

_SECONDS = 2 * 3600.0
_PRIVATE = (
    *("GITHUB_TOKEN", "GIT_CONFIG_", "PEX_", "PANTSD_", "PANTS_CONCURRENT", "__PANTS_"),
    *OF_A_REPOSITORY,
)
"""What begins so is of this process alone: a token to fetch with, what runs it, what hooks know."""
_CHECKOUT = "TANDEM_TEST_CHECKOUT"
"""Names the checkout to suites that copy it, which would be skipped else."""


class Pants(Protocol):
    """What is asked of Pants."""

    def run(self, *arguments: str) -> int:
        """Run it, with all that it prints; its exit code."""

    def lines(self, *arguments: str) -> list[str]:
        """What it prints.

        Raises:
            CheckError: it failed.
        """

    def stop(self) -> None:
        """End what it left running."""


class CheckoutPants:
    """The `./pants` of a checkout.

    Args:
        checkout: The checkout.
    """

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout

    def run(self, *arguments: str) -> int:
        """Run it, with all that it prints; its exit code.

        Raises:
            CheckError: it took too long, or there is none.
        """
        return self._done(arguments, capture=False).returncode

    def lines(self, *arguments: str) -> list[str]:
        """What it prints.

        Raises:
            CheckError: it failed.
        """
        done = self._done(arguments, capture=True)
        if done.returncode:
            # Held back until here: of a deleted file it warns at length. An option that has it say
            # less would start its daemon anew.
            print(done.stderr, file=sys.stderr)
            raise CheckError(
                f"./pants {' '.join(arguments)} ended with {done.returncode}, in the tree that is "
                "looked at: mend what it says above first"
            )
        return done.stdout.splitlines()

    def stop(self) -> None:
        """End its daemon, which would serve a folder that is no more."""
        for file in (self._checkout / ".pids").glob("*/pantsd/pid"):
            with suppress(OSError, ValueError):
                os.kill(int(file.read_text()), signal.SIGTERM)

    def _done(
        self, arguments: tuple[str, ...], *, capture: bool
    ) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603
                [str(self._checkout / "pants"), *arguments],
                cwd=self._checkout,
                env={**environment(os.environ), _CHECKOUT: str(self._checkout)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if capture else None,
                stderr=subprocess.PIPE if capture else None,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CheckError(f"./pants {arguments[0]} took longer than {_SECONDS:g} s") from None
        except OSError as error:
            raise CheckError(
                f"there is no ./pants in the tree that is looked at: {error}"
            ) from error


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What of an environment a checked tree may see."""
    return {name: value for name, value in given.items() if not name.startswith(_PRIVATE)}
