"""What a server remembers between two deployers: one small file, written at once and whole."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from bluegreen.documents import Document
from bluegreen.errors import DocumentError
from bluegreen.lane import Lane
from bluegreen.release import Heads, Release
from bluegreen.step import Action, Kind

FORMAT = 1
"""Grows when an older deployer would misread the file."""


class Status(StrEnum):
    """How far a lane's release has come."""

    STARTING = "starting"
    STARTED = "started"
    PROVEN = "proven"
    SERVING = "serving"
    DRAINED = "drained"
    STOPPED = "stopped"


class Tenant(Document):
    """The release that is in a lane."""

    release: Release
    status: Status


class Operation(Document):
    """What is being done, or was when the deployer was killed.

    Attributes:
        id: Names it in the log.
        kind: What it is for.
        release: What it brings.
        lane: Where to.
        old: The lane that had the traffic when it began; None before the first release.
        previous: The version to roll back to, as it was when it began.
        kept: Whether what it brings was stopped in that lane, and is started again.
        reached: The furthest step that was begun, going forward.
        going_back: Whether it is being undone.
        stuck: Whether the old lane could not take the traffic back, so that the new one has it.
        began_at: By the server's clock.
    """

    id: str
    kind: Kind
    release: Release
    lane: Lane
    old: Lane | None
    previous: str | None = None
    kept: bool = False
    reached: Action
    going_back: bool = False
    stuck: bool = False
    began_at: AwareDatetime


class State(Document):
    """The whole memory.

    Attributes:
        live: The lane that has the traffic; None before the first release.
        lanes: What is in the lanes.
        previous: The version that a rollback without a version goes to.
        database: Where the schema stands, as far as known; its `contract` is the point that no
            rollback gets behind.
        switched_at: When the traffic last went to another lane.
        operation: What is unfinished.
    """

    format: Literal[1] = 1
    live: Lane | None = None
    lanes: Mapping[Lane, Tenant] = Field(default_factory=dict)
    previous: str | None = None
    database: Heads = Heads()
    switched_at: AwareDatetime | None = None
    operation: Operation | None = None

    @model_validator(mode="after")
    def _live_lane_has_a_release(self) -> Self:
        if self.live is not None and self.live not in self.lanes:
            raise ValueError(f"{self.live} has the traffic and no release is in it")
        return self

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Read it from JSON.

        Raises:
            DocumentError: with every problem found; or it is of a newer format.
        """
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        written = content.get("format") if isinstance(content, dict) else None
        if isinstance(written, int) and written > FORMAT:
            problem = f"has format {written}, and this deployer knows {FORMAT}; use a newer one"
            raise DocumentError(name, [problem])
        return super().parse(text, name)

    @property
    def serving(self) -> Release | None:
        """The release that has the traffic."""
        return self.lanes[self.live].release if self.live else None
