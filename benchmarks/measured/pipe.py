"""A measured process speaks with who measures it in lines of JSON, by standard input and output."""

from __future__ import annotations

import json
import os
import select
import sys

READY = "ready"
"""Said once: by a server that can be called, by a client that got its first reply."""


class Pipe:
    """The process's standard input and output; what else writes to the latter is an error's."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def say(self, value: object) -> None:
        """Write one line."""
        self._answers.write(f"{json.dumps(value)}\n")
        self._answers.flush()

    def heard(self) -> tuple[str, list[float]] | None:
        """The next order and its arguments; None when no more will come. Waits."""
        line = sys.stdin.readline()
        if not line:
            return None
        name, *arguments = json.loads(line)
        return name, arguments

    def ended(self) -> bool:
        """Whether standard input is closed; for servers, which are told nothing else by it."""
        return bool(select.select([0], [], [], 0)[0])

    def wait_for_end(self) -> None:
        """Wait until standard input is closed."""
        while os.read(0, 1):
            pass
