"""The command line of the deployer."""

import logging
import signal
from collections.abc import Sequence
from types import FrameType

from bluegreen import trace
from bluegreen.cli.console import Console
from bluegreen.cli.context import Context
from bluegreen.cli.exits import Exit, exit_of
from bluegreen.cli.outside import Outside
from bluegreen.cli.parser import parser
from bluegreen.cli.trail import Trail
from bluegreen.errors import BlueGreenError, detail_of, why
from bluegreen.settings import Settings


def main(arguments: Sequence[str] | None = None, outside: Outside | None = None) -> int:
    """Run one command; its exit code, one of `Exit`.

    Args:
        arguments: The command line; that of this process by default.
        outside: What it reaches beyond this process; what there is by default.
    """
    options = parser().parse_args(arguments)
    console = Console(as_json=options.json)
    if options.verbose:
        trace.listen(console.command)
    # What befalls a connection comes as an error; paramiko would write it to stderr as well.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    # Whoever ends a pipeline asks as Ctrl-C does, which what runs in the background does not hear.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, _hung_up)
    trail = Trail()
    try:
        settings = Settings.load(options.settings)
        name, destination = settings.destination(options.destination)
        checkout = options.settings.absolute().parent
        options.run(
            Context(
                settings=settings,
                checkout=checkout,
                name=name,
                destination=destination,
                console=console,
                json=options.json,
                options=options,
                outside=outside or Outside(),
                trail=trail,
            )
        )
    except BlueGreenError as error:
        console.failure(str(error), getattr(error, "detail", ""))
        return exit_of(error)
    except KeyboardInterrupt:
        console.failure(f"interrupted; {trail}", "")
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last one to tell it
        advice = "`bluegreen status` says what is unfinished; please report it with the lines above"
        console.failure(f"{why(error)}; {advice}", detail_of(error))
        return Exit.BUG
    return Exit.DONE


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _hung_up(number: int, _frame: FrameType | None) -> None:
    # A terminal that is closed may say so twice, which would cut short what the first one began.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
