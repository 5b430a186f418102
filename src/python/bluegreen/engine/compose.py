"""Compose on a server: projects that are started there, and tasks that end by themselves.

Commands that change something run one at a time, also those of a deployer that was killed: its last
one goes on without it, and ends in its own time.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

from bluegreen.errors import PortError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.release import Release
from bluegreen.ssh.connection import Connection, Done

LANE_FILE = "lane.yml"
SERVERS_FILE = "servers.yml"

_BUSY = 75
"""What a command ends with that may work later (sysexits.h: EX_TEMPFAIL)."""

_AWAY = re.compile(
    r"Cannot connect to the Docker daemon|error during connect|connection reset|context canceled"
    r"|unexpected EOF|transport is closing|no such network|i/o timeout",
    re.IGNORECASE,
)
_MOST_DETAIL = 6000
_MOST_REASON = 300
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What moves the cursor; Compose writes some whatever it is told of a terminal."""
_PROGRESS = re.compile(r"^ *(Container|Network|Volume) \S+ +[A-Z][a-z]+$\n?", re.MULTILINE)


class Compose:
    """Runs `docker compose` on one server.

    Args:
        connection: To the server.
        folder: The deployer's own folder there.
        project: Of the servers; that of a lane adds its name.

    Attributes:
        servers_project: The name of the project that belongs to no lane.
    """

    def __init__(self, connection: Connection, folder: str, project: str) -> None:
        self._connection = connection
        self._folder = folder
        self.servers_project = project

    def lane_project(self, lane: Lane) -> str:
        """The name of a lane's project."""
        return f"{self.servers_project}-{lane}"

    def up(self, home: str, timeout: float) -> None:
        """Start what the folder's files say, and wait until all is healthy.

        Args:
            home: The folder of compose.yaml and .env, below the deployer's own.
            timeout: Seconds that it may take.
        """
        seconds = f"{max(1.0, timeout - 1):.0f}"
        options = ["--detach", "--no-build", "--pull=never", "--remove-orphans", "--wait"]
        self._compose(
            ["--project-directory", f"{self._folder}/{home}"],
            ["up", *options, "--wait-timeout", seconds],
            timeout,
        )

    def stop(self, project: str, timeout: float) -> None:
        """Stop all containers of a project, each in its own time."""
        self._compose(["--project-name", project], ["stop"], timeout)

    def down(self, project: str, timeout: float) -> None:
        """Remove all containers of a project; volumes stay."""
        self._compose(["--project-name", project], ["down", "--remove-orphans"], timeout)

    def logs(self, project: str, services: Sequence[str], lines: int, timeout: float) -> str:
        """The last lines of what services of a project wrote, of all if none is named."""
        options = ["logs", "--no-color", "--timestamps", f"--tail={lines}", *services]
        done = self._compose(["--project-name", project], options, timeout)
        return _CONTROL.sub("", done.output)

    def task(
        self,
        release: Release,
        line: str,
        timeout: float,
        *,
        lane: Lane = Lane.BLUE,
        values: Mapping[str, str] | None = None,
    ) -> str:
        """Run a task of a release to its end; gives what it wrote to its standard output.

        Args:
            release: Whose files and images; they are on the server.
            line: The service of its lane's file, and a command of its own if need be. `{name}` in
                it is replaced by a value.
            timeout: Seconds that it may take.
            lane: Which it is for, if that makes a difference.
            values: What is put in.

        Raises:
            PortError: it failed; the detail is what it wrote.
            TemporaryError: it may work later, says its exit code of 75.
        """
        home = f"{self._folder}/releases/{release.version}"
        words = [word.format_map(values or {}) for word in shlex.split(line)]
        done = self._compose(
            [
                *("--project-directory", home, "--file", f"{home}/{LANE_FILE}"),
                *("--project-name", f"{self.servers_project}-task", "--profile", "task"),
            ],
            ["run", "--rm", "--no-deps", "--no-TTY", "--quiet-pull", *words],
            timeout,
            {"TANDEM_LANE": lane},
            f"the task `{shlex.join(words)}`",
        )
        return done.output

    def _compose(
        self,
        project: Sequence[str],
        arguments: Sequence[str],
        timeout: float,
        environment: Mapping[str, str] | None = None,
        named: str = "",
    ) -> Done:
        named = named or f"docker compose {arguments[0]}"
        alone = ["flock", "-E", str(_BUSY), "-w", f"{timeout:.0f}", f"{self._folder}/.commands"]
        given = ["env", *(f"{name}={value}" for name, value in (environment or {}).items())]
        compose = ["docker", "compose", "--ansi=never", "--progress=plain", *project, *arguments]
        done = self._connection.run([*alone, *given, *compose], timeout=timeout)
        if done.code == 0:
            return done
        wrote = _PROGRESS.sub("", _CONTROL.sub("", f"{done.output}{done.errors}"))
        wrote = wrote[-_MOST_DETAIL:].strip()
        said = f": {_reason(wrote)}" if wrote else ""
        if done.code == _BUSY or _AWAY.search(done.errors):
            raise TemporaryError(f"{named} cannot be done now{said}", wrote)
        raise PortError(f"{named} ended with {done.code}{said}", wrote)


def _reason(wrote: str) -> str:
    """The last line that a program wrote, with what is indented below it, as one."""
    last: list[str] = []
    for line in wrote.splitlines():
        last = [*last, line] if line.startswith(" ") else [line]
    return "; ".join(" ".join(line.split()) for line in last)[:_MOST_REASON]
