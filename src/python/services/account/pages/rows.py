"""What a page shows of an entry of the activity, whether it is loaded or comes live."""

from dataclasses import asdict, dataclass

from services.account import moments
from services.account.browsers import describe_browser
from services.account.models import Activity, ActivityKind
from services.account.pages.views import Clock

_TITLES = {
    ActivityKind.ACCOUNT_CREATED: "Account created",
    ActivityKind.SIGNED_IN: "Signed in",
    ActivityKind.SIGNED_OUT: "Signed out",
    ActivityKind.SESSION_REVOKED: "Session ended",
    ActivityKind.PROFILE_UPDATED: "Profile changed",
    ActivityKind.OTHER: "Something else happened",
}
_OF_BROWSERS = {ActivityKind.SIGNED_IN, ActivityKind.SIGNED_OUT, ActivityKind.SESSION_REVOKED}


@dataclass(frozen=True)
class Row:
    """An entry in words.

    Attributes:
        kind: For the style.
        occurred_at: ISO 8601.
        absolute: The same for people.
        relative: Likewise, as "just now".
        detail: What it was about; may be empty.
        whole: All that is known of that, if it is more.
    """

    id: str
    kind: str
    title: str
    occurred_at: str
    absolute: str
    relative: str
    detail: str
    whole: str


class Rows:
    """Makes rows.

    Args:
        clock: Says what "five minutes ago" is counted from.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def row(self, entry: Activity) -> Row:
        """The row of an entry."""
        of_browser = bool(entry.detail) and entry.kind in _OF_BROWSERS
        return Row(
            id=entry.id,
            kind=entry.kind,
            title=_TITLES[entry.kind],
            occurred_at=entry.occurred_at.isoformat(),
            absolute=moments.absolute(entry.occurred_at),
            relative=moments.relative(entry.occurred_at, self._clock()),
            detail=describe_browser(entry.detail) if of_browser else entry.detail,
            whole=entry.detail if of_browser else "",
        )

    def told(self, entry: Activity) -> dict[str, object]:
        """The row as the page's script gets it."""
        return asdict(self.row(entry))
