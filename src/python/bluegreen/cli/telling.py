"""Tells people that a command failed before it had a server that it could work on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bluegreen.cli.context import Context
from bluegreen.errors import PortError, StepError, TemporaryError
from bluegreen.journal import Journal
from bluegreen.people import Once, tell
from bluegreen.ports import Outcome


@contextmanager
def told_if_it_fails(
    context: Context, operation: str, people: Once | None, journal: Journal
) -> Iterator[None]:
    """Tell of a build, a registry or a server that cannot be used, if nobody else has told of it.

    Args:
        context: What the command is given.
        operation: What to call it, such as `deploy`.
        people: Who are told, if anybody is.
        journal: Where it is written down, if the server takes that.

    Raises:
        PortError: as it came; whether people could be told makes no difference.
        StepError: as it came.
    """
    began = time.monotonic()
    try:
        yield
    except (PortError, StepError) as error:
        if people is not None and not (people.heard or context.options.dry_run):
            failure = journal.run.redact(str(error))
            seconds = round(time.monotonic() - began, 1)
            owner = journal.run.owner
            outcome = Outcome(context.name, operation, "", (), owner, seconds, failure)
            with suppress(PortError, KeyboardInterrupt):
                if isinstance(error, TemporaryError):  # a server that is away is not waited for
                    people.notify(outcome)
                else:
                    tell(people, outcome, journal)
        raise
