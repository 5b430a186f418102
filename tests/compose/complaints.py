"""What complains in the logs of containers, each in the form that its program writes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

_COMPLAINS = frozenset({"error", "critical", "fatal"})
_POSTGRES = re.compile(r" (ERROR|FATAL|PANIC): |was not properly shut down")
# 57P01: the server ends a connection since it stops itself, which whoever is connected is told.
_EXPECTED = "FATAL:  terminating connection due to administrator command"
_NGINX = re.compile(r"\[(error|crit|alert|emerg)\]")
_SHELL = re.compile(r"^Traceback|^\S+\.sh: |\b(error|failed|fatal)\b", re.IGNORECASE)


def of(service: str, log: str) -> list[str]:
    """The lines of a container's log that complain.

    Args:
        service: What the container is in the Compose file.
        log: All that it wrote.
    """
    return list(_READERS.get(service, _ours)(log.splitlines()))


def _ours(lines: list[str]) -> Iterator[str]:
    """Of a service, a task of one, or Kafka: objects, or words for who started it by hand."""
    for line in lines:
        if not line.startswith("{"):
            if _SHELL.search(line):
                yield line
        elif json.loads(line)["level"] in _COMPLAINS:
            yield line


def _postgres(lines: list[str]) -> Iterator[str]:
    return (line for line in lines if _POSTGRES.search(line) and _EXPECTED not in line)


def _nginx(lines: list[str]) -> Iterator[str]:
    return (line for line in lines if _NGINX.search(line))


_READERS: Mapping[str, Callable[[list[str]], Iterator[str]]] = {
    "nginx": _nginx,
    "postgres": _postgres,
}
