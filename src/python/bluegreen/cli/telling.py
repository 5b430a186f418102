"""Tells people that a command failed before it had a server that it could work on."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from bluegreen.cli.context import Context
from bluegreen.errors import PortError, SettingsError
from bluegreen.notifying import Notifying
from bluegreen.ports import Outcome
from bluegreen.secret import Redactor
from bluegreen.site import owner


@contextmanager
def told_if_it_fails(
    context: Context, operation: str, secrets: Mapping[str, str]
) -> Iterator[None]:
    """Tell of a build, a registry or a server that cannot be used; of what follows others tell.

    Args:
        context: What the command is given.
        operation: What to call it, such as `deploy`.
        secrets: Those of a command that delivers.

    Raises:
        PortError: as it came; whether people could be told makes no difference.
    """
    began = time.monotonic()
    try:
        yield
    except PortError as error:
        if not context.options.dry_run:
            failure = Redactor(list(secrets.values()))(str(error))
            seconds = round(time.monotonic() - began, 1)
            outcome = Outcome(context.name, operation, "", (), owner(), seconds, failure)
            with suppress(PortError, SettingsError):
                Notifying(context.targets(secrets)).notify(outcome)
        raise
