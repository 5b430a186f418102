"""A look at a server by its shell, before it is known what there is; and its folder."""

from bluegreen.errors import PortError
from bluegreen.setup.host import Host, lines
from bluegreen.ssh.connection import Connection

_SECONDS = 30.0
_NOT_FOUND = 127

# Each program is tried as the deployer uses it: those of BusyBox know less.
_LOOK = r"""
tell() { printf '%s\t%s\n' "$1" "$2"; }
works() {
    name=$1
    shift
    "$@" >/dev/null 2>&1 </dev/null || tell lacks "$name"
}
scratch=$(mktemp -d) || scratch=/tmp
trap 'rm -rf "$scratch"' EXIT
tell user "$(id -un)"
tell kernel "$(uname -s)"
works timeout timeout --kill-after=1 5 true
works flock flock -E 75 -w 1 "$scratch/lock" true
works mktemp mktemp "$scratch/.new.XXXXXX"
works sync sync "$scratch"
works sha256sum sha256sum /dev/null
works df df --output=avail --block-size=1 /
works date sh -c 'date +%s.%N | grep -Eq "^[0-9]+[.][0-9]+$"'
works stat stat -c '%a %U' /
for name in cat chmod cut dirname env ls mkdir mv rm tail wc; do
    works "$name" command -v "$name"
done
asked='{{.ServerVersion}} {{.MemoryLimit}} {{.LiveRestoreEnabled}}'
if info=$(docker info --format "$asked" 2>"$scratch/said"); then
    tell docker "$info"
else
    tell no-docker "$(tr '\n\t' '  ' <"$scratch/said" | cut -c1-500)"
fi
tell compose "$(docker compose version --short 2>/dev/null)"
if [ -d "$1" ]; then tell folder "$(stat -c '%a %U' "$1")"; fi
if [ -d "$1/secrets" ]; then tell secrets "$(stat -c %a "$1/secrets")"; fi
up=$1
while [ ! -e "$up" ]; do up=$(dirname "$up"); done
if [ -d "$up" ] && [ -w "$up" ]; then tell can-make yes; fi
"""

_MAKE = """\
set -eu
umask 077
mkdir -p "$1/secrets"
chmod 0700 "$1" "$1/secrets"
"""


class ServerHost:
    """One server.

    Args:
        connection: To it.
        folder: The deployer's own there.
    """

    def __init__(self, connection: Connection, folder: str) -> None:
        self._connection = connection
        self._folder = folder

    def look(self) -> Host:
        """What there is.

        Raises:
            PortError: it cannot be asked.
        """
        done = self._connection.run(["sh", "-c", _LOOK, "sh", self._folder], timeout=_SECONDS)
        if done.code == _NOT_FOUND:
            raise PortError(f"the server's shell says {done.errors.strip()}: install coreutils")
        if done.code != 0:
            raise PortError(f"nobody knows what the server has: {done.errors.strip()}")
        told = list(lines(done.output))
        one = dict(told)
        engine, memory, restore = (one.get("docker") or "  ").split(" ")
        mode, _, owner = one.get("folder", "").partition(" ")
        return Host(
            user=one["user"],
            kernel=one["kernel"],
            lacks=tuple(value for name, value in told if name == "lacks"),
            engine=engine,
            compose=one["compose"],
            said={"docker": one.get("no-docker", "").strip()},
            limits_memory=memory == "true",
            live_restore=restore == "true",
            folder=self._folder,
            mode=mode,
            secrets_mode=one.get("secrets", ""),
            owner=owner,
            can_make="can-make" in one,
        )

    def make_folder(self) -> None:
        """Make the folder and that of secrets, for this user alone.

        Raises:
            PortError: it cannot be made.
        """
        done = self._connection.run(["sh", "-c", _MAKE, "sh", self._folder], timeout=_SECONDS)
        if done.code != 0:
            raise PortError(f"{self._folder} cannot be made: {done.errors.strip()}")
