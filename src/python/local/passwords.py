"""Passwords that are made once and kept as files."""

import os
import secrets
from pathlib import Path

_BYTES = 24
_OWNER_ONLY = 0o600


class Passwords:
    """A directory, for its owner alone, with a file for each password.

    Args:
        directory: Where they are; it is made with the first of them.
        mode: Who may read the files, where the directory is not in the way.
    """

    def __init__(self, directory: Path, mode: int = _OWNER_ONLY) -> None:
        self._directory = directory
        self._mode = mode

    def path(self, name: str) -> Path:
        """The file that holds the password of this name; it is made when it is not there."""
        path = self._directory / name
        if not path.exists():
            self._write(path, secrets.token_urlsafe(_BYTES))
        return path

    def get(self, name: str) -> str:
        """The password of this name."""
        return self.path(name).read_text().strip()

    def derive(self, name: str, text: str) -> Path:
        """The file that holds a text with passwords in it; made anew when that changed."""
        path = self._directory / name
        if not path.exists() or path.read_text() != text:
            self._write(path, text)
        return path

    def _write(self, path: Path, text: str) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._directory / f".{path.name}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            os.fchmod(file.fileno(), self._mode)
        fresh.rename(path)
