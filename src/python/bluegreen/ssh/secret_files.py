"""The folder of secrets on a server. Values go by standard input, and nowhere else."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bluegreen.errors import PortError, TemporaryError
from bluegreen.ssh.connection import Connection

FOLDER = "secrets"

_SECONDS = 15.0
_CUT_SHORT = 46

_DIGESTS = (
    '[ -d "$1" ] || exit 0; cd "$1"; for each in *; do [ ! -f "$each" ] || sha256sum "$each"; done'
)

_WRITTEN = (
    '[ -d "$1" ] || exit 0; cd "$1"; '
    'for each in *; do [ ! -f "$each" ] || stat --format="%.6Y %n" "$each"; done'
)

# The users of containers are nobody there, so that they read what all may read; nobody else gets
# past the folder. What a write has left that was killed goes first: whoever writes has the lock of
# the deployer, so that none is under way.
_WRITE = f"""\
set -eu
umask 077
mkdir -p "$1"
rm -f "$1"/.new.*
new=$(mktemp "$1/.new.XXXXXX")
trap 'rm -f "$new"' EXIT
cat >"$new"
[ "$(wc -c <"$new")" -eq "$3" ] || exit {_CUT_SHORT}
chmod 0444 "$new"
sync "$new"
mv "$new" "$1/$2"
sync "$1"
"""


class SecretFiles:
    """The secrets of one server; see `bluegreen.setup.gathering.SecretFolder`.

    Args:
        connection: To the server.
        folder: The deployer's own there.
    """

    def __init__(self, connection: Connection, folder: str) -> None:
        self._connection = connection
        self._folder = f"{folder}/{FOLDER}"

    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each."""
        told = self._run(["sh", "-c", _DIGESTS, "sh", self._folder])
        pairs = (line.split("  ", 1) for line in told.splitlines())
        return {name: digest for digest, name in pairs}

    def written(self) -> Mapping[str, datetime]:
        """When each was put there, by the server's clock."""
        told = self._run(["sh", "-c", _WRITTEN, "sh", self._folder])
        pairs = (line.split(" ", 1) for line in told.splitlines())
        return {name: datetime.fromtimestamp(float(moment), UTC) for moment, name in pairs}

    def read(self, name: str) -> str:
        """One of them."""
        return self._run(["cat", f"{self._folder}/{name}"])

    def write(self, name: str, content: str) -> None:
        """Put one there, in the place of what was there, at once and for good.

        Whoever does has the lock of the deployer: two must not write at the same time.
        """
        size = str(len(content.encode()))
        self._run(["sh", "-c", _WRITE, "sh", self._folder, name, size], content)

    def _run(self, command: list[str], stdin: str = "") -> str:
        done = self._connection.run(command, timeout=_SECONDS, stdin=stdin)
        if done.code == _CUT_SHORT:
            raise TemporaryError("a secret did not reach the server whole")
        if done.code != 0:
            raise PortError(f"the server's secrets cannot be used: {done.errors.strip()}")
        return done.output
