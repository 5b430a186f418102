"""Reads expand migrations as the SQL that they will run, before they run anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from services.database.expansion import Finding, findings
from services.database.history import History
from services.database.phases import Phase

ASSURANCE = "assurance"
"""The name in a revision's module whose text says why what is found there harms nobody."""


@dataclass(frozen=True)
class Review:
    """What was found in a revision.

    Attributes:
        revision: Its id.
        findings: What the running release may not survive.
        assurance: Why it does all the same, as the revision says; empty if it does not.
    """

    revision: str
    findings: tuple[Finding, ...]
    assurance: str

    @property
    def is_safe(self) -> bool:
        """Whether it may run while the release before it serves."""
        return not self.findings or bool(self.assurance)

    @property
    def verdict(self) -> str:
        """The same, for people."""
        if not self.findings:
            return "the running release lives on with it"
        if self.assurance:
            return f"harms nobody, as it says: {self.assurance}"
        return "the running release may not live on with it"


def review(history: History, since: str = "") -> list[Review]:
    """Read the expand revisions after one, oldest first.

    Args:
        history: The migrations of the release to come.
        since: The newest revision that the running release knows; empty for none.

    Raises:
        SchemaError: `since` is no revision of ours.
    """
    if since:
        Phase.of(since)
    revisions = [each for each in history.revisions[Phase.EXPAND] if each > since]
    texts = {revision: _rendered(history, revision) for revision in revisions}
    found = dict(_found(texts))
    return [
        Review(revision, tuple(found[revision]), _assurance(history, revision))
        for revision in revisions
    ]


def _found(texts: dict[str, str | None]) -> Iterator[tuple[str, list[Finding]]]:
    """What each has; a table that an earlier one of them makes is nobody's yet."""
    before = ""
    for revision, sql in texts.items():
        if sql is None:
            what = Finding(
                "unread", revision, f"it asks the database; say why by {ASSURANCE} = ..."
            )
            yield revision, [what]
            continue
        yield revision, findings(sql, before)
        before += f"{sql};"


def _rendered(history: History, revision: str) -> str | None:
    """The SQL of a revision; None if it wants to know something from a database."""
    written = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": written, "literal_binds": True},
    )
    try:
        with context.begin_transaction(), Operations.context(context):
            history.script.get_revision(revision).module.upgrade()
    except (AttributeError, TypeError):  # there is no connection to ask
        return None
    return written.getvalue()


def _assurance(history: History, revision: str) -> str:
    module = history.script.get_revision(revision).module
    return str(getattr(module, ASSURANCE, "")).strip()
