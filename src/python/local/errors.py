"""Why the system cannot be run here.

LocalError
+-- AlreadyRunningError    another runner owns this checkout
+-- BrokerStartError       librdkafka's embedded broker did not come up
+-- CheckoutError          there is no checkout to run
+-- MissingPackagesError   the runner was started by an interpreter that lacks packages
+-- PartFailedError        a process ended unasked, or did not get ready in time
+-- PortDeniedError        only root may listen where a part of the system would
+-- PortInUseError         another process listens where a part of the system would
+-- PrivilegeError         PostgreSQL refuses to run as root, and there is nobody else to be
+-- StateError             the checkout's data has no place
+-- TopologyError          infra/kafka/services.toml does not say who serves and calls what
"""

from collections.abc import Sequence
from pathlib import Path


class LocalError(Exception):
    """The system cannot be run as asked; the message says why, and what to do next."""


class AlreadyRunningError(LocalError):
    """Another runner owns this checkout.

    Attributes:
        pid: The other runner, None if it has not said who it is.
        url: Where its system answers, empty if it has not said.
    """

    def __init__(self, pid: int | None, url: str) -> None:
        self.pid = pid
        self.url = url
        who = f"by process {pid}" if pid is not None else "by another process"
        where = f", at {url}" if url else ""
        end = f": use it, or end it (Ctrl-C there, or kill {pid})" if pid is not None else ""
        super().__init__(f"this checkout is being run already {who}{where}{end}")


class BrokerStartError(LocalError):
    """librdkafka's embedded broker did not come up."""

    def __init__(self) -> None:
        super().__init__(
            "the embedded broker named no address; check that confluent-kafka is installed whole, "
            "or use another broker by --kafka HOST:PORT"
        )


class CheckoutError(LocalError):
    """There is no checkout to run.

    Attributes:
        path: Where it was looked for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} is not inside a checkout of Tandem (no src/python/services there or above); "
            "go to the checkout, and start `./pants run :local` there"
        )


class MissingPackagesError(LocalError):
    """The runner was started by an interpreter that lacks packages.

    Attributes:
        packages: What cannot be imported.
    """

    def __init__(self, packages: Sequence[str], interpreter: str) -> None:
        self.packages = tuple(packages)
        super().__init__(
            f"{interpreter} cannot import {', '.join(packages)}; start by `./pants run :local`, "
            "which installs what is needed"
        )


class PartFailedError(LocalError):
    """A process ended unasked, or did not get ready in time.

    Attributes:
        name: The program.
        what: What happened to it.
        tail: The last lines that it wrote.
        log: Where all of them are.
        remedy: How to start it again, while the rest runs; empty if that cannot be.
    """

    def __init__(
        self, name: str, what: str, tail: Sequence[str], log: Path, *, remedy: str = ""
    ) -> None:
        self.name = name
        self.what = what
        self.tail = tuple(tail)
        self.log = log
        self.remedy = remedy
        super().__init__(f"{name} {what}")


class PortDeniedError(LocalError):
    """Only root may listen where a part of the system would.

    Attributes:
        port: The port.
        part: Which part of the system would listen there.
    """

    def __init__(self, port: int, part: str, option: str) -> None:
        self.port = port
        self.part = part
        super().__init__(
            f"port {port}, which {part} needs, is not for this user: ports below 1024 need root; "
            f"start with {option} (this checkout remembers it)"
        )


class PortInUseError(LocalError):
    """Another process listens where a part of the system would.

    Attributes:
        port: The port.
        part: Which part of the system would listen there.
    """

    def __init__(self, port: int, part: str, owner: str, option: str) -> None:
        self.port = port
        self.part = part
        super().__init__(
            f"port {port}, which {part} needs, is used by {owner}; end that, or start with "
            f"{option} (this checkout remembers it)"
        )


class PrivilegeError(LocalError):
    """PostgreSQL refuses to run as root, and there is nobody else to be."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL refuses to run as root, and `setpriv` (package util-linux) is not there to "
            "run it as nobody; install that, start as another user, or name a server by "
            "--postgres URL, or TANDEM_LOCAL_POSTGRES where it has a password"
        )


class StateError(LocalError):
    """The checkout's data has no place.

    Attributes:
        path: Where it would be.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot hold what runs here ({reason}); it has to be a directory that you may "
            "write, with all that is in it: give it to you by chown, or move it away"
        )


class TopologyError(LocalError):
    """What each application serves and calls cannot be told from the file that is to say it.

    Attributes:
        file: The file.
        reason: What is wrong with it.
    """

    def __init__(self, file: Path, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(f"{file}: {reason} (docs/topics.md says what belongs there)")
