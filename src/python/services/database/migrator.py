"""Runs migrations: one migrator at a time, never waiting long for a lock that others need."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from services.database import sqlstate
from services.database.errors import (
    DatabaseError,
    MigrationBusyError,
    MigrationError,
    RevisionFailedError,
    UnreachableError,
)
from services.database.history import VERSION_TABLE, History
from services.database.phases import Phase, Positions, check_migrating, positions

CONNECT_TIMEOUT = 5
"""Seconds that PostgreSQL has to take the connection."""

_TURN = int.from_bytes(b"tandem")
_TURN_PAUSE = 0.2


@dataclass(frozen=True)
class Limits:
    """How long a migrator may stand in others' way, and wait for them. Times are in seconds.

    Attributes:
        lock_timeout: A statement gives up when it waits this long for a table that others use,
            for all that comes after it waits too: less than a call waits for a connection of
            the pool, so that calls are late and do not fail.
        statement_timeout: A statement may run this long.
        attempts: How often a revision is tried that met a lock.
        pause: How long after the first such try; doubled each time.
        turn_timeout: How long another migrator may keep this one waiting.
    """

    lock_timeout: float = 1.0
    statement_timeout: float = 900.0
    attempts: int = 6
    pause: float = 1.0
    turn_timeout: float = 60.0


class Migrator:
    """Brings one database up to this release.

    Args:
        url: The database, for the role that owns its tables.
        history: What is to run.
        limits: How patient to be.
        say: Takes a line for each step.
    """

    def __init__(
        self, url: URL, history: History, limits: Limits, say: Callable[[str], None]
    ) -> None:
        self._history = history
        self._limits = limits
        self._say = say
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": "tandem migrate",
                # As in the service: a literal time in a revision means the same everywhere.
                "options": "-c TimeZone=UTC",
            },
        )

    def positions(self) -> Positions:
        """Where both branches stand; changes nothing.

        Raises:
            UnreachableError: PostgreSQL does not take the connection.
            SchemaError: it is another product's database.
        """
        with self._connected() as connection:
            return self._positions(connection)

    def run(self, phase: Phase) -> None:
        """Run what is pending of one phase, each revision in a transaction of its own.

        Safe to repeat: what ran stays, and the rest runs the next time.

        Raises:
            SchemaError: this release must not run the phase on this database.
            MigrationError: a revision failed, or locks were in the way for too long.
            UnreachableError: PostgreSQL does not take the connection.
        """
        with self._connected() as connection, self._turn(connection):
            where = self._positions(connection)
            check_migrating(phase, where)
            pending = where[phase].pending
            if not pending:
                self._say(f"{phase}: nothing to do, the schema is at {where[phase].current}")
            for revision in pending:
                self._run_patiently(connection, revision)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = self._engine.connect()
        except OperationalError as error:
            place = f"{self._engine.url.host}:{self._engine.url.port or 5432}"
            raise UnreachableError(
                f"PostgreSQL at {place} does not take the connection: {sqlstate.reason(error)}; "
                "on a new one run first: python -m services.database prepare"
            ) from None
        with connection:
            try:
                yield connection
            except DBAPIError as error:
                raise _translated(error) from None

    @contextmanager
    def _turn(self, connection: Connection) -> Iterator[None]:
        """Hold the migrators' lock; PostgreSQL lets go of it when the connection ends."""
        deadline = time.monotonic() + self._limits.turn_timeout
        waiting = False
        # Asked for again and again: a statement that waits holds up CREATE INDEX CONCURRENTLY.
        while not _scalar(connection, f"SELECT pg_try_advisory_lock({_TURN})"):
            if time.monotonic() > deadline:
                raise MigrationBusyError(
                    f"another migrator has been at work for {self._limits.turn_timeout:g} s; "
                    "wait until it ends, then run this again"
                )
            if not waiting:
                self._say("waiting for another migrator to end")
                waiting = True
            time.sleep(_TURN_PAUSE)
        yield

    def _positions(self, connection: Connection) -> Positions:
        ran: list[str] = []
        if _scalar(connection, f"SELECT to_regclass('{VERSION_TABLE}')") is not None:
            ran = list(connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")))  # noqa: S608  # a constant
        connection.commit()
        return positions(self._history.revisions, ran)

    def _bound(self, connection: Connection) -> None:
        for name, seconds in (
            ("lock_timeout", self._limits.lock_timeout),
            ("statement_timeout", self._limits.statement_timeout),
        ):
            connection.execute(
                text("SELECT set_config(:name, :value, false)"),
                {"name": name, "value": f"{round(seconds * 1000)}ms"},
            )
        connection.commit()

    def _run_patiently(self, connection: Connection, revision: str) -> None:
        pause = self._limits.pause
        for attempt in range(1, self._limits.attempts + 1):
            self._say(f"{revision}: {self._history.title(revision)}")
            started = time.monotonic()
            try:
                # Each time anew: a revision outside of a transaction may have set its own.
                self._bound(connection)
                self._run_once(connection, revision)
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise
                if not sqlstate.is_lock_conflict(error):
                    raise RevisionFailedError(revision, sqlstate.reason(error)) from None
                self._say(
                    f"{revision}: gave way to others after {time.monotonic() - started:.2f} s "
                    f"(attempt {attempt} of {self._limits.attempts}): {sqlstate.reason(error)}"
                )
            else:
                self._say(f"{revision}: done in {time.monotonic() - started:.2f} s")
                return
            if attempt < self._limits.attempts:
                time.sleep(pause)
                pause *= 2
        raise MigrationBusyError(
            f"{revision} met a lock in each of {self._limits.attempts} attempts, and "
            "each time its transaction was rolled back; find who holds it in pg_stat_activity, "
            "then run this again"
        )

    def _run_once(self, connection: Connection, revision: str) -> None:
        script = self._history.script

        def steps(heads: tuple[str, ...], _context: MigrationContext) -> object:
            return script._upgrade_revs(revision, heads)  # type: ignore[arg-type]  # Alembic's documented form

        with EnvironmentContext(Config(), script, fn=steps, destination_rev=revision) as context:
            context.configure(connection=connection, transaction_per_migration=True)
            try:
                with context.begin_transaction():
                    context.run_migrations()
            finally:
                connection.rollback()


def _translated(error: DBAPIError) -> DatabaseError:
    reason = sqlstate.reason(error)
    if error.connection_invalidated:
        return UnreachableError(
            f"PostgreSQL went away and rolled back what was at work; run this again: {reason}"
        )
    return MigrationError(reason)


def _scalar(connection: Connection, statement: str) -> object:
    value: object = connection.scalar(text(statement))
    connection.commit()
    return value
