"""Passwords that are made once for a checkout, and kept for nobody else to read."""

import os
import secrets
from pathlib import Path

_BYTES = 24


class Passwords:
    """A directory with a file for each password."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, name: str) -> Path:
        """The file that holds the password of this name; it is made when it is not there."""
        path = self._directory / name
        if not path.exists():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._directory / f".{name}.new"
            fresh.unlink(missing_ok=True)
            with os.fdopen(
                os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
            ) as file:
                file.write(secrets.token_urlsafe(_BYTES))
            fresh.rename(path)
        return path

    def get(self, name: str) -> str:
        """The password of this name."""
        return self.path(name).read_text().strip()
