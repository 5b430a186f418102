"""Tells people that a command failed where no delivery has told of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bluegreen.cli.context import Context
from bluegreen.errors import PortError, SettingsError, TemporaryError, why
from bluegreen.journal import Journal
from bluegreen.people import Once, tell
from bluegreen.ports import Outcome
from bluegreen.site import unkept


def secrets_or_told(context: Context, operation: str) -> dict[str, str]:
    """The secrets of a command that delivers; people hear of those that are not to be had.

    Raises:
        SettingsError: with all that are not.
    """
    try:
        return context.secrets(delivering=True)
    except SettingsError:
        journal = unkept(context.record, {})
        with told_if_it_fails(context, operation, context.reachable_people(), journal):
            raise


@contextmanager
def told_if_it_fails(
    context: Context, operation: str, people: Once | None, journal: Journal
) -> Iterator[None]:
    """Tell of whatever keeps a command from its end, a refusal too, if nobody else has told of it.

    For who has merged a change each of it is a delivery that failed. Ctrl-C is none.

    Args:
        context: What the command is given.
        operation: What to call it, such as `deploy`.
        people: Who are told, if anybody is.
        journal: Where it is written down, if the server takes that.

    Raises:
        Exception: as it came; whether people could be told makes no difference.
    """
    began = time.monotonic()
    try:
        yield
    except Exception as error:
        if people is not None and not (people.heard or context.options.dry_run):
            failure = journal.run.redact(why(error))
            seconds = round(time.monotonic() - began, 1)
            owner = journal.run.owner
            outcome = Outcome(context.name, operation, "", (), owner, seconds, failure)
            with suppress(PortError, KeyboardInterrupt):
                if isinstance(error, TemporaryError):  # a server that is away is not waited for
                    people.notify(outcome)
                else:
                    tell(people, outcome, journal)
        raise
