"""The commands that ask no server: the settings as they hold, and plans from a copy of a state."""

from datetime import UTC, datetime
from pathlib import Path

from bluegreen import show
from bluegreen.bundle import Bundle
from bluegreen.cli.context import Context
from bluegreen.errors import DocumentError
from bluegreen.plan import Contract, Deploy, Prune, Rollback, Wanted, plan
from bluegreen.settings import shown
from bluegreen.state import State


def config(context: Context) -> None:
    """The settings of the destination, without secrets."""
    settings = shown(context.settings, context.name)
    render = show.settings_for_machines if context.json else show.settings_for_people
    context.console.text(render(settings))


def planned(context: Context) -> None:
    """What would be done from a copy of a server's state."""
    file: Path | None = context.options.state
    state = State.parse(_read(file), str(file)) if file else State()
    wanted: Wanted = context.options.wanted(context)
    steps = plan(state, wanted, context.destination.timeouts)
    render = show.plan_for_machines if context.json else show.plan_for_people
    context.console.text(render(steps, context.settings.hooks))


def deploy(context: Context) -> Wanted:
    """Of a release in a folder."""
    return Deploy(Bundle.read(context.options.release).release)


def roll_back(context: Context) -> Wanted:
    """To a release in a folder, or of what is unfinished."""
    folder: Path | None = context.options.release
    return Rollback(Bundle.read(folder).release if folder else None)


def contract(context: Context) -> Wanted:
    """Of the schema, now."""
    return Contract(datetime.now(UTC), context.settings.rollback_window)


def prune(context: Context) -> Wanted:
    """Of some versions, that all have served."""
    versions = context.options.versions
    return Prune(versions, versions, context.settings.keep.releases)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise DocumentError(str(file), [f"cannot be read: {reason}"]) from None
