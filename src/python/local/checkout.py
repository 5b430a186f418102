"""The checkout that is run, and where its data lies."""

import errno
import os
from pathlib import Path

from local.errors import CheckoutError, StateError
from local.record import Record

_SERVICES = Path("src", "python", "services")
_STATE = ".local"


class Checkout:
    """A copy of the repository; all its data is below `.local`, which git ignores.

    Attributes:
        root: The top directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def find(cls, start: Path) -> "Checkout":
        """Find the checkout that holds this directory.

        Raises:
            CheckoutError: there is none.
        """
        start = start.resolve()
        for directory in (start, *start.parents):
            if (directory / _SERVICES).is_dir():
                return cls(directory)
        raise CheckoutError(start)

    @property
    def state(self) -> Path:
        """The directory of all data of this checkout."""
        return self.root / _STATE

    @property
    def sources(self) -> Path:
        """The root of Python's source files."""
        return self.root / "src" / "python"

    @property
    def protos(self) -> Path:
        """The root of the contracts."""
        return self.root / "src" / "protos"

    @property
    def codegen(self) -> Path:
        """The root of the modules that are generated from the contracts."""
        return self.state / "codegen"

    @property
    def nginx(self) -> Path:
        """Where nginx's configuration comes from."""
        return self.root / "infra" / "nginx"

    @property
    def topics(self) -> Path:
        """What each application serves and calls; topics follow from it."""
        return self.root / "infra" / "kafka" / "services.toml"

    @property
    def stamps(self) -> Path:
        """Where it is noted what need not be done again."""
        return self.state / "stamps"

    @property
    def source_roots(self) -> tuple[Path, ...]:
        """Where modules of the repository are imported from."""
        return (self.sources, self.codegen)

    def record(self) -> Record:
        """What runs of this checkout, written down."""
        return Record(self.state / "run.json")

    def make_state(self) -> None:
        """Make the directory of data, for nobody else to read.

        Raises:
            StateError: something is in its place, or this user may not write there.
        """
        try:
            self.state.mkdir(mode=0o700, exist_ok=True)
            ignore = self.state / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except FileExistsError as error:
            raise StateError(self.state, "it is no directory") from error
        except OSError as error:
            raise StateError(self.state, error.strerror or "") from error
        if not os.access(self.state, os.W_OK | os.X_OK):
            raise StateError(self.state, os.strerror(errno.EACCES))
