"""Has people told of an end: written down, and once."""

from bluegreen.journal import Journal
from bluegreen.ports import Notifier, Outcome


class Once:
    """Passes what people are to be told on, and remembers that they were.

    Attributes:
        heard: Whether anything was passed on, whatever became of it.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self.heard = False

    def notify(self, outcome: Outcome) -> None:
        """Tell them; see `Notifier`."""
        self.heard = True
        self._notifier.notify(outcome)


def tell(notifier: Notifier | None, outcome: Outcome, journal: Journal) -> None:
    """Tell people, if anybody is to be told, and write down that they were, or not.

    Raises:
        PortError: somebody could not be told.
    """
    if notifier is not None:
        with journal.stage("notify"):
            notifier.notify(outcome)
