"""The checkout that a service is made in: its files, and what git knows of them."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

from scaffold.errors import CheckoutError
from scaffold.names import Taken
from scaffold.registrations import TOPOLOGY

SERVICES = "src/python/services"
EXPAND = f"{SERVICES}/database/migrations/expand"
_DATABASE_PROTOS = "src/protos/tandem/database/v1"
_REVISION = re.compile(r"e(\d{4})_(\w+)\.py")
_TIMEOUT = 60.0  # seconds


class Checkout:
    """A checkout of the repository.

    Attributes:
        root: Its top directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def at(cls, start: Path) -> "Checkout":
        """The checkout whose top this directory is.

        Raises:
            CheckoutError: it is the top of none.
        """
        for needed in ("pants.toml", TOPOLOGY, ".git"):
            if not (start / needed).exists():
                raise CheckoutError(start, f"there is no {needed}")
        return cls(start)

    def read(self, path: str) -> str | None:
        """The content of a file; None if there is none, or a repository of its own."""
        try:
            return (self.root / path).read_text()
        except (FileNotFoundError, IsADirectoryError):
            return None

    def holds(self, path: str) -> bool:
        """Whether anything is there but what Python cached, as it stays when git takes all away."""
        top = self.root / path
        below = (each for each in top.rglob("*") if "__pycache__" not in each.parts)
        return top.is_file() or any(not each.is_dir() for each in below)

    def files(self) -> list[str]:
        """All files that git has, or would add.

        Raises:
            CheckoutError: git does not answer.
        """
        return self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")

    def changed(self, paths: Iterable[str]) -> list[str]:
        """Those of some files that differ from the last commit.

        Raises:
            CheckoutError: git does not answer.
        """
        told = self._git("status", "--porcelain", "-z", "--no-renames", "--", *paths)
        return sorted(line[3:] for line in told)

    def services(self) -> list[str]:
        """The services that serve or call by Kafka."""
        return list(tomllib.loads((self.root / TOPOLOGY).read_text())["applications"])

    def revisions(self) -> dict[int, str]:
        """The expand migrations: what each is named after its number."""
        names = (path.name for path in (self.root / EXPAND).glob("e*.py"))
        found = (match for name in names if (match := _REVISION.fullmatch(name)))
        return {int(match[1]): match[2] for match in sorted(found, key=lambda each: each[1])}

    def taken(self) -> Taken:
        """The names that a new service must not meet."""
        rooms = (self.root / "src/python").iterdir()
        composed = "".join(path.read_text() for path in (self.root / "infra/compose").glob("*.yml"))
        models = self.read(f"{SERVICES}/database/models.py") or ""
        protos = "".join(
            path.read_text() for path in (self.root / _DATABASE_PROTOS).glob("*.proto")
        )
        return Taken(
            services=frozenset(self.services()),
            others=frozenset(
                {
                    *(room.name for room in rooms if room.is_dir()),
                    *re.findall(r"^  ([a-z-]+):", composed, re.MULTILINE),
                }
            ),
            tables=frozenset(re.findall(r'__tablename__ = "(\w+)"', models)),
            messages=frozenset(
                re.findall(r"^(?:message|service|enum) (\w+)", protos, re.MULTILINE)
            ),
        )

    def _git(self, *arguments: str) -> list[str]:
        command = ["git", "-C", str(self.root), *arguments]
        try:
            done = subprocess.run(  # noqa: S603  # fixed arguments
                command,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CheckoutError(self.root, f"git does not run ({error})") from error
        if done.returncode:
            raise CheckoutError(self.root, f"git says {done.stderr.strip()}")
        return [entry for entry in done.stdout.split("\0") if entry]
