"""Command lines on a server as they would be run: told, and drawn into a picture of its Docker."""

import json
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

import yaml

from bluegreen.engine.lines import COMPOSE_FILE, Lines
from bluegreen.engine.variables import image_variable
from bluegreen.lane import Lane
from bluegreen.rehearsal.docker import Picture, Tell
from bluegreen.rehearsal.files import RehearsedFiles
from bluegreen.release import Heads
from bluegreen.settings import Tasks
from bluegreen.ssh.connection import Done, Runs
from bluegreen.store import Store

_TASK_FOLLOWS = "--quiet-pull"


class RehearsedCommands:
    """Runs nothing but what only looks.

    Args:
        real: The server, for that.
        files: Its files as they would be.
        picture: Its Docker.
        lines: What is run there.
        tasks: What is run before and after a lane.
        tell: Is told what would be run.
    """

    def __init__(
        self,
        *,
        real: Runs,
        files: RehearsedFiles,
        picture: Picture,
        lines: Lines,
        tasks: Tasks,
        tell: Tell,
    ) -> None:
        self._real = real
        self._files = files
        self._picture = picture
        self._lines = lines
        self._tasks = tasks
        self._tell = tell
        self._heads = Store(files).load().database

    def run(self, command: Sequence[str], *, timeout: float, stdin: str = "") -> Done:
        """Tell a command; what it would print, as far as anybody reads it."""
        self._tell(shlex.join(command))
        if command[0] == "df":
            return self._real.run(command, timeout=timeout, stdin=stdin)
        compose = list(command)[list(command).index("compose") :]
        match [word for word in compose[1:] if not word.startswith(("--ansi", "--progress"))]:
            case ["--project-directory", home, "up", *_]:
                self._up(PurePosixPath(home).relative_to(self._lines.folder))
            case ["--project-name", project, "stop", *_]:
                self._picture.stop(project)
            case ["--project-name", project, "down", *_]:
                self._picture.clear(project)
            case ["--project-directory", home, *words] if _TASK_FOLLOWS in words:
                task = words[words.index(_TASK_FOLLOWS) + 1 :]
                return Done(0, self._printed(PurePosixPath(home).name, task), "")
        return Done(0, "", "")

    def _up(self, home: PurePosixPath) -> None:
        file = yaml.safe_load(self._files.read(f"{home}/{COMPOSE_FILE}") or "{}")
        told = (self._files.read(f"{home}/.env") or "").splitlines()
        values = {
            name: value.strip("'") for name, _, value in (each.partition("=") for each in told)
        }
        services = {
            name: (values.get(image_variable(name), ""), dict(service.get("labels") or {}))
            for name, service in file.get("services", {}).items()
            if not service.get("profiles")
        }
        lanes = {f"lanes/{lane}": self._lines.lane_project(lane) for lane in Lane}
        self._picture.run(lanes.get(str(home), self._lines.servers_project), services)

    def _printed(self, version: str, task: Sequence[str]) -> str:
        """What a task prints: where the schema stands, which those of before have changed."""
        release = Store(self._files).release(version)
        known = release.heads if release else self._heads
        if _is_among(task, self._tasks.expand):
            self._heads = self._heads.joined(Heads(expand=known.expand))
        if _is_among(task, self._tasks.contract):
            self._heads = self._heads.joined(known)
        return json.dumps(self._heads.model_dump())


def _is_among(task: Sequence[str], lines: Sequence[str]) -> bool:
    return list(task) in [[word.format() for word in shlex.split(line)] for line in lines]
