"""Releases for a deployer to deliver: good ones, and bad ones of every kind.

    with releases.shelf() as shelf:
        tag = shelf.release(account=releases.slow(1.5))
        # tandem/account:TAG is slow, tandem/database:TAG and the others are those of `dev`

A change is files and lines of a Dockerfile over the image of the checkout; nothing is fetched. How
the account service behaves is changed by a module that the image starts in place of it, which
wraps the application and leaves `/healthz` and the commands other than `serve` alone. The schema
is changed by one more revision of the expand or the contract branch. A change makes another image,
of another fingerprint, every time it is made.
"""

import hashlib
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.applications import APPLICATIONS
from tests.support.docker import needed, run

IMAGES = (*APPLICATIONS, "kafka", "kafka-tools", "nginx", "postgres")
"""All images of a release, by the last part of their names."""

_REPOSITORY = "tandem/{name}:{tag}"
_BUILD_TIMEOUT = 120.0
_PACKAGES = "/app/lib/python3.13/site-packages"
_MIGRATIONS = f"{_PACKAGES}/services/database/migrations"
_ENTRY = '["/app/dumb-init", "--single-child", "--", "/app/bin/python", "-m", "{module}"]'

_WRAPPED = '''\
"""The account service, of a release that is not as it should be."""

import asyncio
import sys

from services.account import service
from services.account.__main__ import main

build, kept = service.build, []


def wrapped(*arguments, **named):
    application = build(*arguments, **named)

    async def answer(scope, receive, send):
        if scope["type"] == "http":
{spoilt}
        await application(scope, receive, send)

    return answer


service.build = wrapped
sys.exit(main())
'''

_ENDS = '''\
"""The account service, of a release that does not start."""

import sys

from services.account.__main__ import main

if sys.argv[1:] == ["serve"]:
    sys.exit({message!r})
sys.exit(main())
'''

_REVISION = '''\
"""{title}."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.execute({statement!r})
'''


@dataclass(frozen=True)
class Change:
    """What is put over an image.

    Attributes:
        files: Their content, by their paths there.
        lines: Of the Dockerfile, after the files.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Migration:
    """One more revision of the schema, for the image of the database service.

    Attributes:
        title: What it is for.
        statement: The SQL that it runs.
        phase: The branch that it is in: `expand` or `contract`.
    """

    title: str
    statement: str
    phase: str = "expand"


def harmless() -> Change:
    """Nothing but another setting, which nobody reads."""
    return Change(lines=(f"ENV TANDEM_TEST_VARIANT={secrets.token_hex(8)}",))


def ends_at_start(message: str = "the release of this test does not start") -> Change:
    """account writes a line, and ends with the exit code 1 whenever it is to serve."""
    return _account(_ENDS.format(message=message))


def fails() -> Change:
    """account is healthy, and answers 500 to everything else."""
    return _spoilt(
        'headers = [(b"content-type", b"text/plain")]',
        'await send({"type": "http.response.start", "status": 500, "headers": headers})',
        'return await send({"type": "http.response.body", "body": b"broken"})',
    )


def slow(seconds: float) -> Change:
    """account is healthy, and waits so many seconds before it looks at a request."""
    return _spoilt(f"await asyncio.sleep({seconds})")


def leaks(megabytes: int = 4) -> Change:
    """account keeps so much memory for each request, until it is killed: it may have 256 MB."""
    return _spoilt(f'kept.append(b"x" * {megabytes * 2**20})')


def adds_a_column() -> Migration:
    """The schema gets what the code before it does not miss."""
    return Migration("Add a note", "ALTER TABLE accounts ADD COLUMN note text")


def fails_to_expand() -> Migration:
    """A statement of the migration fails."""
    return Migration("Divide by nothing", "SELECT 1 / 0")


def needs_a_table(table: str = "accounts") -> Migration:
    """Like `adds_a_column`: who holds a lock on the table keeps it waiting past its timeout."""
    return Migration(f"Add a remark to {table}", f"ALTER TABLE {table} ADD COLUMN remark text")


def drops_a_column() -> Migration:
    """The code that serves reads the column."""
    return Migration("Drop the names", "ALTER TABLE accounts DROP COLUMN display_name")


def renames_a_column() -> Migration:
    """The code that serves reads the column."""
    return Migration(
        "Rename the names", "ALTER TABLE accounts RENAME COLUMN display_name TO called"
    )


def requires_a_column() -> Migration:
    """The code that serves makes rows without the column."""
    return Migration("Want a country", "ALTER TABLE accounts ADD COLUMN country text NOT NULL")


def requires_a_new_column_later() -> Migration:
    """Like `requires_a_column`, once rows that are there have a value."""
    fill = "ALTER TABLE accounts ADD country text; UPDATE accounts SET country = 'none'"
    return Migration("Want a country", f"{fill}; ALTER TABLE accounts ALTER country SET NOT NULL")


def contracts() -> Migration:
    """What comes off is nothing; that it came off is all that there is to it."""
    return Migration("Remove nothing", "SELECT 1", "contract")


class Shelf:
    """The images that were made, until they are removed.

    Attributes:
        copies: Further images of each release, and which of it they are copies of.
    """

    def __init__(self) -> None:
        self.copies: Mapping[str, str] = {}
        self._made: list[str] = []

    def release(self, **changes: Change | Migration) -> str:
        """Make the images of a release.

        Args:
            changes: What is changed, by the image; the others are those of the checkout.

        Returns:
            Its tag: the images are `tandem/NAME:TAG`.

        Raises:
            DockerError: an image cannot be built.
        """
        tag = f"test-{secrets.token_hex(4)}"
        for name in IMAGES:
            made = _REPOSITORY.format(name=name, tag=tag)
            base = _REPOSITORY.format(name=name, tag="dev")
            change = changes.get(name, changes.get(name.replace("-", "_")))
            if change is None:
                run(["docker", "tag", base, made])
            else:
                _build(base, made, change)
            self._made.append(made)
        for name, original in self.copies.items():
            made = _REPOSITORY.format(name=name, tag=tag)
            run(["docker", "tag", _REPOSITORY.format(name=original, tag=tag), made])
            self._made.append(made)
        return tag

    def clear(self) -> None:
        """Remove all of them."""
        if self._made:
            run(["docker", "rmi", "--force", *self._made], timeout=_BUILD_TIMEOUT)
            self._made = []


@contextmanager
def shelf() -> Iterator[Shelf]:
    """A place for releases, which is cleared at the end."""
    needed()
    made = Shelf()
    try:
        yield made
    finally:
        made.clear()


def newest(image: str, phase: str) -> str:
    """The newest revision of a branch that an image of the database service knows."""
    ask = (
        f"from services.database.history import History; print(History().revisions['{phase}'][-1])"
    )
    command = ["docker", "run", "--rm", "--network=none", "--entrypoint=/app/bin/python", image]
    return run([*command, "-c", ask]).stdout.strip()


def _build(base: str, made: str, change: Change | Migration) -> None:
    if isinstance(change, Migration):
        change = _revision(change, newest(base, change.phase))
    with tempfile.TemporaryDirectory(prefix="tandem-release-") as scratch:
        folder = Path(scratch)
        lines = [f"FROM {base}"]
        for number, (path, content) in enumerate(change.files.items()):
            (folder / str(number)).write_text(content)
            lines.append(f"COPY {number} {path}")
        text = "\n".join([*lines, *change.lines]) + "\n"
        (folder / "Dockerfile").write_text(text)
        of = hashlib.sha256("\0".join([made, text, *change.files.values()]).encode())
        label = f"--label=tandem.fingerprint={of.hexdigest()[:32]}"
        command = [
            "docker",
            "build",
            "--quiet",
            "--provenance=false",
            label,
            f"--tag={made}",
            scratch,
        ]
        run(command, {"DOCKER_BUILDKIT": "1"}, _BUILD_TIMEOUT)


def _revision(change: Migration, before: str) -> Change:
    revision = f"{before[0]}{int(before[1:]) + 1:04}"
    content = _REVISION.format(
        title=change.title, revision=revision, before=before, statement=change.statement
    )
    return Change({f"{_MIGRATIONS}/{change.phase}/{revision}_of_a_test.py": content})


def _spoilt(*lines: str) -> Change:
    return _account(_WRAPPED.format(spoilt="\n".join(f"            {line}" for line in lines)))


def _account(module: str) -> Change:
    entry = _ENTRY.format(module="not_as_it_should_be")
    # An image that gets another entry point loses the command of the one before.
    lines = (f"ENTRYPOINT {entry}", 'CMD ["serve"]')
    return Change({f"{_PACKAGES}/not_as_it_should_be.py": module}, lines)
