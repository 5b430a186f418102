"""From the command line to a running service, and back."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import structlog

from chassis import _garbage, _logging
from chassis._errors import SettingsError, StartError
from chassis._process import Process
from chassis._settings import Settings, load

WRONG_SETTINGS = 2
"""Exit code when the environment is wrong: starting again changes nothing."""

FAILED = 1
"""Exit code when the service could not start, or ended by an error."""

_log = structlog.get_logger()

type Start[S: Settings] = Callable[[Process[S]], Awaitable[None]]


def run[S: Settings](name: str, settings_type: type[S], start: Start[S]) -> None:
    """Run a service until SIGTERM or SIGINT; a second signal does not wait for running calls.

    SIGUSR1 drains it: what lasts ends, and the service serves on.

    Args:
        name: The application's name.
        settings_type: Which settings are read from the environment.
        start: Builds the service's parts on the process.

    Raises:
        SystemExit: with a code other than 0 if the service could not start or failed.
    """
    try:
        settings = load(settings_type)
    except SettingsError as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        sys.stderr.write(f"{name} cannot start, its settings are wrong:\n{problems}\n")
        raise SystemExit(WRONG_SETTINGS) from None
    _logging.configure(name, settings)
    try:
        asyncio.run(_until_stopped(name, settings, start))
    except StartError as error:
        _log.error("cannot start", reason=str(error))
        raise SystemExit(FAILED) from None
    except Exception as error:
        _log.exception("failed")
        raise SystemExit(FAILED) from error


async def _until_stopped[S: Settings](name: str, settings: S, start: Start[S]) -> None:
    serving = asyncio.create_task(_serve(name, settings, start))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        _log.info("stopped")


async def _serve[S: Settings](name: str, settings: S, start: Start[S]) -> None:
    async with AsyncExitStack() as stack:
        process = Process(name, settings, stack)
        # Of a service that has nothing to drain, too: without a handler the signal would end it.
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, process.drain)
        await start(process)
        port = await process.open()
        _garbage.look_seldom()
        _log.info("ready", http_port=port)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            _log.info("stopping", grace_seconds=settings.shutdown_grace)
