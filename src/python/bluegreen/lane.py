"""The two places that a release can be in."""

from enum import StrEnum


class Lane(StrEnum):
    """Containers and topics of a release carry the name of its lane."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Lane":
        """The other one of the two."""
        return Lane.GREEN if self is Lane.BLUE else Lane.BLUE
