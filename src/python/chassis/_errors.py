"""The error tree of the chassis; see the package's docstring."""

from collections.abc import Sequence


class ChassisError(Exception):
    """What a service stands on failed it."""


class SettingsError(ChassisError):
    """The environment does not describe a service that can start.

    Attributes:
        problems: One line for each wrong setting: the variable's name and what is wrong with it.
            Never a value, since it may be a secret.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class StartError(ChassisError):
    """Something that the service needs is not there; the message says what, and what to do."""
