"""A repository with a small service, and merge-check as it is run there, with Pants played."""

from pathlib import Path

from ci.command import Exit, guarded
from ci.merge_check import parser, run
from ci.testing.fake_pants import FakePants

PROTO = "src/protos/tandem/mail/v1/mail.proto"
SERVICE = {
    PROTO: 'syntax = "proto3";\n',
    "src/mail.py": f"from tandem.mail.v1 import mail_pb2\n{PROTO}\n",
    "src/mail_test.py": "src/mail.py\n",
    "src/mail_image.py": "src/mail.py\n",
    "src/other.py": "",
    "src/other_test.py": "src/other.py\n",
}

PAGE = "docs/mail.md"
COMMANDS = """\
Run this:

```console
$ mail send
sent
```

Then set

```ini
port = 25
```

1. and this:

    ```sh
    mail read
    ```
"""


class Checks:
    """Runs merge-check in a repository, and keeps what it asked Pants for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder.parent / "summary.md"
        self.failing: tuple[str, ...] = ()
        self.skipping: tuple[str, ...] = ()
        self.engine = False
        self.pants: FakePants | None = None

    def __call__(self, *arguments: str) -> Exit:
        """Run it with these arguments, and have its summary written."""
        given = parser().parse_args([*arguments, "--summary", str(self.summary)])
        return guarded(
            lambda asked: run(asked, self._make, self.folder, lambda: self.engine), given
        )

    def _make(self, checkout: Path) -> FakePants:
        self.pants = FakePants(checkout, self.failing, self.skipping)
        return self.pants

    @property
    def tested(self) -> list[str]:
        """What Pants was given to run goals of."""
        return self.pants.tested if self.pants else []

    @property
    def commands(self) -> list[tuple[str, ...]]:
        """What Pants was asked for besides."""
        return [each[1:] for each in self.pants.ran] if self.pants else []
