"""Secrets that are made on this machine, in a folder that this user alone sees, for a moment."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bluegreen import commands
from bluegreen.errors import PortError
from bluegreen.secret import Redactor

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
_OURS = 0o600


def completed(
    command: Sequence[str],
    known: Mapping[str, str],
    checkout: Path,
    environment: Mapping[str, str],
    timeout: float,
) -> dict[str, str]:
    """Have a command make the secrets that are not there.

    Args:
        command: Its words; `{folder}` in them is where the known ones are, and the others come to.
        known: Those that are there.
        checkout: Where it runs.
        environment: All its variables.
        timeout: Seconds that it may take.

    Raises:
        PortError: it failed; the detail is what it wrote, without secrets.
    """
    wrote: list[str] = []
    with private_folder() as folder:
        for name, content in known.items():
            (folder / name).write_text(content, encoding="utf-8")
        words = [word.replace("{folder}", str(folder)) for word in command]
        try:
            commands.follow(
                words,
                timeout=timeout,
                folder=checkout,
                environment=environment,
                say=wrote.append,
            )
        except PortError as error:
            redact = Redactor([each.strip() for each in _contents(folder).values()])
            detail = "\n".join(redact(line) for line in wrote[-_LINES:])
            raise PortError(str(error), detail) from None
        return _contents(folder)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder, in memory where that is possible; its files are overwritten in the end."""
    can = _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK)
    folder = Path(tempfile.mkdtemp(prefix="bluegreen-", dir=_IN_MEMORY if can else None))
    try:
        yield folder
    finally:
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                _overwrite(file)
        shutil.rmtree(folder)


_LINES = 30


def _contents(folder: Path) -> dict[str, str]:
    files = (file for file in sorted(folder.iterdir()) if file.is_file())
    return {f.name: f.read_text(encoding="utf-8") for f in files if not f.name.startswith(".")}


def _overwrite(file: Path) -> None:
    file.chmod(_OURS)
    with file.open("r+b") as content:
        content.write(bytes(file.stat().st_size))
        content.flush()
        os.fsync(content.fileno())
