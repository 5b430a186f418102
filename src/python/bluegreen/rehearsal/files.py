"""The files of a server as they would be: what is written is kept here, and told."""

# ruff: noqa: ARG002, D102 - the port says what each method takes and does.

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self

from bluegreen.lock import FILE as LOCK
from bluegreen.ports import Server
from bluegreen.store import AUDIT


class RehearsedFiles:
    """The files of a server, and what would be written over them.

    The lock is nobody's, and the log of what is done takes no line: nothing is done.

    Args:
        server: Which is only read.
        folder: The deployer's own there.
        tell: Is told what would be written.
    """

    def __init__(self, server: Server, folder: str, tell: Callable[[str], None]) -> None:
        self._server = server
        self._folder = folder
        self._tell = tell
        self._changed: dict[str, str | None] = {LOCK: None}

    def within(self, _seconds: float) -> Self:
        return self

    def now(self) -> datetime:
        return self._server.now()

    def read(self, path: str) -> str | None:
        return self._changed[path] if path in self._changed else self._server.read(path)

    def write(self, path: str, content: str) -> None:
        self._tell(f"(write {self._folder}/{path})")
        self._changed[path] = content

    def write_while(self, path: str, content: str, file: str, word: str) -> bool:
        holds = word in (self.read(file) or "")
        if holds:
            self.write(path, content)
        return holds

    def swap(self, path: str, before: str | None, after: str | None) -> bool:
        if self.read(path) != before:
            return False
        self._changed[path] = after
        return True

    def append(self, path: str, line: str) -> None:
        if path != AUDIT:
            self._tell(f"(add a line to {self._folder}/{path})")

    def tail(self, path: str, lines: int | None) -> str:
        return self._server.tail(path, lines)

    def names(self, folder: str) -> Sequence[str]:
        return self._server.names(folder)

    def remove(self, path: str) -> None:
        self._tell(f"rm -rf {self._folder}/{path}")
