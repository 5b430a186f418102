"""Docker on a server as it would be: what would change it changes a picture of it, and is told.

The picture answers as much of the SDK as the deployer asks. What only looks is asked for real where
the picture has no answer of its own, and is not told: it runs nothing.
"""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import docker
from docker.errors import ImageNotFound
from docker.models.containers import Container

from bluegreen.engine import metrics
from bluegreen.engine.client import Asked
from bluegreen.engine.containers import PROJECT, SERVICE, found
from bluegreen.lane import Lane
from bluegreen.nginx.balancer import ASK, RELOAD

type Tell = Callable[[str], None]

_FIRST = Lane.GREEN
"""The lane that nginx names before it was told of one."""


@dataclass
class Seen:
    """A container in the picture, as the SDK shows one."""

    project: str
    service: str
    image: str
    running: bool
    labels: Mapping[str, str]
    picture: "Picture"

    @property
    def name(self) -> str:
        """What Compose calls it."""
        return f"{self.project}-{self.service}-1"

    @property
    def id(self) -> str:
        """What the engine calls it."""
        return self.name

    @property
    def status(self) -> str:
        """In a word of Docker's."""
        return "running" if self.running else "exited"

    @property
    def attrs(self) -> dict[str, Any]:
        """What the deployer reads of it; whatever runs is well."""
        state = {"Running": self.running, "Status": self.status, "ExitCode": 0}
        return {"Config": {"Image": self.image}, "State": state}

    def exec_run(self, command: Sequence[str]) -> tuple[int, bytes]:
        """Run a program in it."""
        note = " (until none is under way)" if list(command) == metrics.ASK else ""
        self.picture.tell(f"docker exec {self.name} {shlex.join(command)}{note}")
        return 0, self.picture.answer(command).encode()

    def kill(self, signal: str) -> None:
        """Send it a signal."""
        self.picture.tell(f"docker kill --signal {signal} {self.name}")

    def stop(self) -> None:
        """Stop it."""
        self.picture.tell(f"docker stop {self.name}")
        self.running = False

    def logs(self, **options: object) -> bytes:
        """Nothing has been logged since; the end of a log is only for people."""
        if "since" in options:
            self.picture.tell(f"docker logs --timestamps {self.name} (since the switch)")
        return b""

    def top(self) -> dict[str, Any]:
        """No worker of before is there."""
        self.picture.tell(f"docker top {self.name} (until no worker of before is there)")
        return {"Processes": []}


class Picture:
    """What is in the engine of a server, as far as the deployer cares.

    Args:
        real: The engine, which is only asked.
        routed: The lane that nginx sends people to; None if it does not run.
        tell: Is told what would be run.
    """

    def __init__(self, real: Asked, routed: Lane | None, tell: Tell) -> None:
        self.tell = tell
        self._real = real
        self._routed = routed or _FIRST
        self._projects: dict[str, list[Seen]] = {}
        self._pulled: set[str] = set()

    @contextmanager
    def asked(self, _timeout: float) -> Iterator[docker.DockerClient]:
        """What stands for a client of the engine."""
        client = SimpleNamespace(
            info=self._info,
            api=SimpleNamespace(pull=self._pull, inspect_distribution=self._ask_registry),
            containers=SimpleNamespace(list=self._list),
            images=SimpleNamespace(get=self._image, remove=self._remove_image),
            volumes=SimpleNamespace(create=self._create_volume),
        )
        yield cast(docker.DockerClient, client)

    def run(self, project: str, services: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        """Have these services of a project run, and no other: each has an image and labels."""
        self._projects[project] = [
            Seen(project, name, image, True, {**labels, SERVICE: name}, self)
            for name, (image, labels) in services.items()
        ]

    def stop(self, project: str) -> None:
        """Have nothing of a project run."""
        for each in self._of(project):
            each.running = False

    def clear(self, project: str) -> None:
        """Have no container of a project."""
        self._projects[project] = []

    def answer(self, command: Sequence[str]) -> str:
        """What a program in nginx, or one that asks a service, prints."""
        match list(command):
            case [program, lane] if program == RELOAD:
                self._routed = Lane(lane)
            case [program, "/nginx/configuration"] if program == ASK:
                return self._routed
            case [program, "/nginx/live"] if program == ASK:
                return json.dumps({"lane": self._routed, "status": "ok"})
        return ""

    def _of(self, project: str) -> list[Seen]:
        """The containers of a project: at first those that there are."""
        if project not in self._projects:
            with self._real.asked(_LOOK_SECONDS) as client:
                there = found(client, project, stopped=True)
                self._projects[project] = [self._seen(each) for each in there]
        return self._projects[project]

    def _seen(self, real: Container) -> Seen:
        labels, attrs = real.labels, real.attrs
        running = bool(attrs["State"]["Running"])
        image = str(attrs["Config"]["Image"])
        return Seen(labels[PROJECT], labels[SERVICE], image, running, labels, self)

    def _list(self, *, all: bool, filters: Mapping[str, Sequence[str]]) -> list[Seen]:  # noqa: A002
        wanted = dict(each.partition("=")[::2] for each in filters["label"])
        return [
            each
            for each in self._of(wanted[PROJECT])
            if (all or each.running) and each.service == wanted.get(SERVICE, each.service)
        ]

    def _info(self) -> dict[str, Any]:
        with self._real.asked(_LOOK_SECONDS) as client:
            told: dict[str, Any] = client.info()
        return told

    def _image(self, image: str) -> None:
        if image in self._pulled:
            return
        missing: ImageNotFound | None = None
        with self._real.asked(_LOOK_SECONDS) as client:
            try:
                client.images.get(image)
            except ImageNotFound as error:
                missing = error
        if missing is not None:  # as the SDK says it, and not as the context would
            raise missing

    def _pull(self, repository: str, *, tag: str, **_options: object) -> Sequence[object]:
        self.tell(f"docker pull {repository}@{tag}")
        self._pulled.add(f"{repository}@{tag}")
        return ()

    def _ask_registry(self, image: str, **_options: object) -> None:
        self.tell(f"(ask the registry for {image}, which nobody has)")

    def _remove_image(self, image: str) -> None:
        self.tell(f"docker image rm {image}")

    def _create_volume(self, name: str, **_options: object) -> None:
        self.tell(f"docker volume create {name} (if it is not there)")


_LOOK_SECONDS = 20.0
