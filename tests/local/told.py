"""A report that keeps what it is told, and supervisors that tell it."""

from typing import Protocol

from local.errors import PartFailedError
from local.program import Program
from local.supervisor import Supervisor


class Told:
    """Keeps each thing.

    Attributes:
        steps: Each part's name and state, in order.
        failures: What failed.
        reloads: The names of parts that were started again.
        said: All else.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []
        self.failures: list[PartFailedError] = []
        self.reloads: list[str] = []
        self.said: list[str] = []

    def step(self, name: str, state: str, seconds: float) -> None:
        assert seconds >= 0
        self.steps.append((name, state))

    def failed(self, error: PartFailedError) -> None:
        self.failures.append(error)

    def reloaded(self, name: str, seconds: float, because: str) -> None:
        assert seconds >= 0
        assert because
        self.reloads.append(name)

    def say(self, text: str) -> None:
        self.said.append(text)


class Make(Protocol):
    """Makes a supervisor of these programs; the fixture `make` is one."""

    def __call__(self, *programs: Program) -> Supervisor: ...
