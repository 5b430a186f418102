"""The command lines that are run on a server. Pure: nothing is run here.

Those that change something run one at a time, also those of a deployer that was killed: its last
one goes on without it, and ends in its own time. So do tasks that only look: where the schema
stands is known once nothing is at work on it.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bluegreen.lane import Lane
from bluegreen.release import Release

COMPOSE_FILE = "compose.yaml"
LANE_FILE = "lane.yml"
SERVERS_FILE = "servers.yml"
SERVERS_HOME = "servers"
"""The folder of what belongs to no lane."""

BUSY = 75
"""What a command ends with that may work later (sysexits.h: EX_TEMPFAIL)."""

_COMPOSE = ("docker", "compose", "--ansi=never", "--progress=plain")


@dataclass(frozen=True)
class Line:
    """A command line.

    Attributes:
        words: The program and its arguments.
        name: What to call it when it fails.
    """

    words: Sequence[str]
    name: str

    def __str__(self) -> str:
        """As a shell reads it."""
        return shlex.join(self.words)


@dataclass(frozen=True)
class Lines:
    """The command lines of one destination.

    Attributes:
        folder: The deployer's own on the server.
        servers_project: The Compose project that belongs to no lane.
    """

    folder: str
    servers_project: str

    def lane_project(self, lane: Lane) -> str:
        """The name of a lane's project."""
        return f"{self.servers_project}-{lane}"

    def up(self, home: str, timeout: float) -> Line:
        """Start what the folder's files say, and wait until all is healthy.

        Args:
            home: The folder of compose.yaml and .env, below the deployer's own.
            timeout: Seconds that it may take.
        """
        seconds = f"{max(1.0, timeout - 1):.0f}"
        options = ["--detach", "--no-build", "--pull=never", "--remove-orphans", "--wait"]
        return self._compose(
            ["--project-directory", f"{self.folder}/{home}"],
            ["up", *options, "--wait-timeout", seconds],
            timeout,
        )

    def stop(self, project: str, timeout: float) -> Line:
        """Stop all containers of a project, each in its own time."""
        return self._compose(["--project-name", project], ["stop"], timeout)

    def down(self, project: str, timeout: float) -> Line:
        """Remove all containers of a project; volumes stay."""
        return self._compose(["--project-name", project], ["down", "--remove-orphans"], timeout)

    def logs(self, project: str, services: Sequence[str], lines: int) -> Line:
        """Print the last lines of what services of a project wrote, of all if none is named."""
        options = ["logs", "--no-color", "--timestamps", f"--tail={lines}", *services]
        return Line([*_COMPOSE, "--project-name", project, *options], "docker compose logs")

    def task(
        self,
        release: Release,
        line: str,
        timeout: float,
        *,
        lane: Lane = Lane.BLUE,
        values: Mapping[str, str] | None = None,
    ) -> Line:
        """Run a task of a release to its end.

        Args:
            release: Whose files and images; they are on the server.
            line: The service of its lane's file, and a command of its own if need be. `{name}` in
                it is replaced by a value.
            timeout: Seconds that it may take.
            lane: Which it is for, if that makes a difference.
            values: What is put in.
        """
        home = f"{self.folder}/releases/{release.version}"
        words = [word.format_map(values or {}) for word in shlex.split(line)]
        return self._compose(
            [
                *("--project-directory", home, "--file", f"{home}/{LANE_FILE}"),
                *("--project-name", f"{self.servers_project}-task", "--profile", "task"),
            ],
            ["run", "--rm", "--no-deps", "--no-TTY", "--quiet-pull", *words],
            timeout,
            ["env", f"TANDEM_LANE={lane}"],
            f"the task `{shlex.join(words)}`",
        )

    def _compose(
        self,
        project: Sequence[str],
        arguments: Sequence[str],
        timeout: float,
        told: Sequence[str] = (),
        name: str = "",
    ) -> Line:
        # It gives up before its own end, so that it is heard what it waited for.
        waits = f"{max(0.0, timeout - 1):.0f}"
        alone = ["flock", "-E", str(BUSY), "-w", waits, f"{self.folder}/.commands"]
        words = [*alone, *told, *_COMPOSE, *project, *arguments]
        return Line(words, name or f"docker compose {arguments[0]}")
