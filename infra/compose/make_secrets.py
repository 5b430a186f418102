"""Makes the secrets that the Compose files name, as far as they are not there.

Each is a file. Their folder is for its owner alone; the files can be read by the users of the
containers, who are nobody on this machine, and each container gets only those that it names.
"""

import argparse
import os
import stat
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from local.passwords import Passwords

_FOR_CONTAINERS = 0o444
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_HERE = Path("infra/compose")
_SERVICES = Path("infra/kafka/services.toml")
_POSTGRES = "postgres:5432"

_EXAMPLES = """\
examples:
  ./pants run infra/compose:secrets
  ./pants run infra/compose:secrets -- /srv/tandem/secrets    (TANDEM_SECRETS for Compose)

A secret that is there stays as it is. docs/compose.md says how each is changed: Kafka and
PostgreSQL keep most of them, too, and let nobody in whose file alone became another.
"""


class OpenFolderError(Exception):
    """Others than its owner can look into the folder.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(f"others can look into {folder}: chmod 0700 {folder}, then again")
        self.folder = folder


def make(folder: Path, applications: Sequence[str]) -> list[str]:
    """Make what is missing.

    Args:
        folder: Where the secrets are; it is made when it is not there.
        applications: Who gets a user of Kafka.

    Returns:
        The names of the files that were written.

    Raises:
        OpenFolderError: the folder is there, and not for its owner alone; nothing was written.
        OSError: the folder cannot be written.
    """
    if folder.exists() and folder.stat().st_mode & _OF_OTHERS:
        raise OpenFolderError(folder)
    before = _written(folder)
    passwords = Passwords(folder, mode=_FOR_CONTAINERS)
    for user in ("broker", *applications):
        passwords.path(f"kafka_{user}_password")
    passwords.derive("kafka_admin.properties", _properties(passwords.get("kafka_admin_password")))
    superuser = passwords.get("postgres_password")
    passwords.derive("tandem_database_admin_url", _url("postgres", superuser, "postgres"))
    for name, role in (("database", "tandem_app"), ("database_owner", "tandem_owner")):
        url = _url(role, passwords.get(f"postgres_{role}_password"), "tandem")
        passwords.derive(f"tandem_{name}_url", url)
    passwords.path("tandem_attempt_digest_key")
    passwords.path("tandem_scenario_password")
    passwords.path("postgres_tandem_reader_password")
    passwords.path("kafka_tandem_reader_password")
    passwords.path("grafana_admin_password")
    after = _written(folder)
    return sorted(name for name, when in after.items() if before.get(name) != when)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code: 0 done, 1 the folder is open or cannot be written."""
    parser = argparse.ArgumentParser(
        "./pants run infra/compose:secrets --",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(os.environ.get("TANDEM_SECRETS", _HERE / "secrets")),
        help="where they are (default: $TANDEM_SECRETS, or infra/compose/secrets)",
    )
    folder: Path = parser.parse_args(arguments).folder
    applications = tomllib.loads(_SERVICES.read_text())["applications"]
    try:
        written = make(folder, tuple(applications))
    except OpenFolderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{folder}: {error.strerror}; name a folder that you may write to\n")
        return 1
    for name in written:
        sys.stdout.write(f"made {name}\n")
    sys.stdout.write(f"all secrets are in {folder}\n")
    return 0


def _written(folder: Path) -> dict[str, tuple[int, int]]:
    if not folder.exists():
        return {}
    files = ((path.name, path.stat()) for path in folder.iterdir())
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in files}


def _properties(password: str) -> str:
    return (
        "security.protocol=SASL_PLAINTEXT\n"
        "sasl.mechanism=SCRAM-SHA-512\n"
        "sasl.username=admin\n"
        f"sasl.password={password}\n"
    )


def _url(role: str, password: str, database: str) -> str:
    return f"postgresql://{role}:{password}@{_POSTGRES}/{database}"


if __name__ == "__main__":
    sys.exit(main())
