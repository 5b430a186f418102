"""The block of ports of a checkout: fixed, known before, remembered."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_BASE = 8080
_SIZE = 6
HIGHEST_BASE = 65_500


@dataclass(frozen=True)
class PortBlock:
    """The ports that follow from the first; a part's port is the same at every start."""

    base: int

    @property
    def nginx(self) -> int:
        """Pages."""
        return self.base

    @property
    def developer(self) -> int:
        """The developer page."""
        return self.base + 1

    @property
    def account(self) -> int:
        """The service behind nginx."""
        return self.base + 2

    @property
    def identity(self) -> int:
        """Health of identity."""
        return self.base + 3

    @property
    def database(self) -> int:
        """Health of database."""
        return self.base + 4

    @property
    def postgres(self) -> int:
        """PostgreSQL."""
        return self.base + 5

    def further(self, number: int) -> int:
        """Health of a service beside these, the first of which has number 0."""
        return self.base + _SIZE + number

    def named(self) -> dict[str, int]:
        """Each part's port, by the part's name."""
        return {
            "nginx": self.nginx,
            "developer": self.developer,
            "account": self.account,
            "identity": self.identity,
            "database": self.database,
            "postgres": self.postgres,
        }


class RememberedPort:
    """The first port that this checkout was started with the last time it was named."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> int:
        """Read it; the default when none was named, or what is there is no port."""
        try:
            base = int(self._path.read_text())
        except (OSError, ValueError):
            return DEFAULT_BASE
        return base if 0 < base <= HIGHEST_BASE else DEFAULT_BASE

    def save(self, base: int) -> None:
        """Remember it."""
        self._path.write_text(f"{base}\n")
