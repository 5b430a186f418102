"""A scratch copy of the checkout, for tests that need to break it, with Pants in it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support import requirements

CHECKOUT = "TANDEM_TEST_CHECKOUT"

_TIMEOUT_SECONDS = 500
_PASSED_ON = (
    *("HOME", "PATH", "PYENV_ROOT", "XDG_CACHE_HOME"),
    *("TANDEM_PANTS_CACHE", "TANDEM_PYTHON313", "TANDEM_PYTHON39"),
)


class Checkout:
    """A copy of the repository's files, as they are in the work tree.

    Attributes:
        root: Its top directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def environment(self) -> dict[str, str]:
        """What commands in the copy are told: nothing of the Pants that may run this process."""
        return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}

    def pants(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Pants in the copy; its standard error is among what it printed."""
        return subprocess.run(  # noqa: S603  # our own launcher
            [str(self.root / "pants"), *arguments],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )

    @contextmanager
    def file(self, path: str, text: str) -> Iterator[str]:
        """Put a file there, or another text into one, for as long as the context lasts."""
        file = self.root / path
        earlier = file.read_text() if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        try:
            yield path
        finally:
            if earlier is None:
                file.unlink()
            else:
                file.write_text(earlier)

    def stop_pants(self) -> None:
        """End the daemon that Pants left running for the copy."""
        for record in self.root.glob(".pids/**/pid"):
            pid = int(record.read_text())
            with suppress(ProcessLookupError, FileNotFoundError):
                # The number of one that ended may be another program's by now.
                if str(self.root).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGTERM)


@contextmanager
def copied(directory: Path) -> Iterator[Checkout]:
    """Copy the checkout into `directory`; skips the test where no checkout is named."""
    original = os.environ.get(CHECKOUT)
    if not original:
        requirements.missing(f"no checkout to copy: set {CHECKOUT} to its top directory")
    listing = subprocess.run(  # noqa: S603
        [
            "/usr/bin/env",
            "git",
            "-C",
            original,
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    for name in filter(None, listing.split("\0")):
        source, target = Path(original, name), directory / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    checkout = Checkout(directory)
    try:
        yield checkout
    finally:
        checkout.stop_pants()
