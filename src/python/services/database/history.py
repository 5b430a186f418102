"""The migrations of this release, as Alembic reads them from the package."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from alembic.script import Script, ScriptDirectory

from services.database import migrations
from services.database.errors import SchemaError
from services.database.phases import Phase

VERSION_TABLE = "alembic_version"
"""Where the database says what ran: one row a branch."""


class History:
    """Both branches, each in the order in which it runs.

    Args:
        directory: What holds the folders `expand` and `contract`; this release's own by default.

    Raises:
        SchemaError: a branch is missing or is not one line, or a revision is in the wrong folder.
    """

    def __init__(self, directory: Path | None = None) -> None:
        home = directory or Path(migrations.__path__[0])
        self.script = ScriptDirectory(home, version_locations=[home / each for each in Phase])
        self.revisions: Mapping[Phase, Sequence[str]] = {
            phase: [each.revision for each in self._line(phase)] for phase in Phase
        }

    def title(self, revision: str) -> str:
        """What a revision does: the first line of its docstring."""
        doc = self.script.get_revision(revision).doc
        return doc.splitlines()[0].rstrip(".")

    def _line(self, phase: Phase) -> list[Script]:
        scripts = [each for each in self.script.walk_revisions() if _folder(each) == phase]
        scripts.sort(key=lambda each: each.revision)
        if not scripts:
            raise SchemaError(f"no {phase} revision in {self.script.dir}")
        for before, after in zip([None, *scripts], scripts, strict=False):
            _check(phase, before, after)
        return scripts


def _check(phase: Phase, before: Script | None, after: Script) -> None:
    if Phase.of(after.revision) is not phase:
        raise SchemaError(f"{after.revision} lies in the folder of {phase} revisions")
    expected = before.revision if before else None
    if after.down_revision != expected or after.dependencies:
        raise SchemaError(
            f"{after.revision} must follow {expected} and nothing else, so that {phase} is one line"
        )


def _folder(script: Script) -> str:
    return Path(script.path).parent.name
