"""A measured process speaks with who measures it in lines of JSON, by standard input and output."""

from __future__ import annotations

import json
import os
import select
import sys

READY = "ready"
"""Said once: by a server that can be called, by a client that got its first reply."""


def say(value: object) -> None:
    """Write one line."""
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


def heard() -> tuple[str, list[float]] | None:
    """The next order and its arguments; None when no more will come. Waits."""
    line = sys.stdin.readline()
    if not line:
        return None
    name, *arguments = json.loads(line)
    return name, arguments


def ended() -> bool:
    """Whether standard input is closed; for servers, which are told nothing else by it."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def wait_for_end() -> None:
    """Wait until standard input is closed."""
    while os.read(sys.stdin.fileno(), 1):
        pass
