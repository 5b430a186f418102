"""What all containers of an engine hold of the memory.

    with memory.watched(engine.docker_host) as watched:
        ...
    watched.most

As `docker stats` counts: without the pages of files that the kernel may drop.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
from docker.errors import APIError

_MEBI = 1024 * 1024
_INTERVAL = 1.0
_TIMEOUT = 10


class Watched:
    """What is held from second to second, of an engine.

    Attributes:
        most: The most that was held at once so far, in MiB.
    """

    def __init__(self, docker_host: str) -> None:
        self._client = docker.DockerClient(base_url=docker_host, timeout=_TIMEOUT)
        self.most = 0.0

    def now(self) -> float:
        """What all containers hold now, in MiB."""
        running = self._client.api.containers(quiet=True)
        held = sum(self._held(each["Id"]) for each in running) / _MEBI
        self.most = max(self.most, held)
        return held

    def _held(self, container: str) -> int:
        try:
            told = self._client.api.stats(container, stream=False, one_shot=True)
        except APIError:  # it ended meanwhile
            return 0
        return counted(told["memory_stats"])

    def watch(self, over: threading.Event) -> None:
        """Look each second until it is over."""
        while not over.wait(_INTERVAL):
            self.now()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def counted(stats: Mapping[str, Any]) -> int:
    """What a container holds, of the engine's statistics of it: bytes; none of one that ended."""
    files: Mapping[str, int] = stats.get("stats", {})
    droppable = files.get("total_inactive_file", files.get("inactive_file", 0))
    return int(stats.get("usage", 0)) - droppable


@contextmanager
def watched(docker_host: str) -> Iterator[Watched]:
    """Look each second at what is held, until the end of the block."""
    looking, over = Watched(docker_host), threading.Event()
    thread = threading.Thread(target=looking.watch, args=(over,))
    thread.start()
    try:
        yield looking
    finally:
        over.set()
        thread.join()
        looking.close()
