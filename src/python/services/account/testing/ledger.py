"""What the fakes remember."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from tandem.database.v1 import activity_pb2
from uuid_utils.compat import uuid7

SESSION_LIFETIME = timedelta(days=30)


@dataclass
class Person:
    """An account with its credential."""

    id: str
    email: str
    password: str
    display_name: str
    about: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    activity: list[activity_pb2.Activity] = field(default_factory=list)


@dataclass
class SignedInBrowser:
    """A session."""

    id: str
    account_id: str
    secret: str
    user_agent: str
    created_at: datetime
    live: bool = True


class Ledger:
    """Accounts, sessions and activity, in memory."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.browsers: dict[str, SignedInBrowser] = {}
        self._bells: set[asyncio.Event] = set()

    def by_email(self, email: str) -> Person | None:
        """Whose address this is."""
        wanted = email.casefold()
        return next((one for one in self.people.values() if one.email.casefold() == wanted), None)

    def add(self, person: Person) -> None:
        """Open an account."""
        self.people[person.id] = person
        self.record(person.id, activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED, "")

    def open_session(self, account_id: str, user_agent: str) -> SignedInBrowser:
        """Sign a browser in."""
        session = SignedInBrowser(
            str(uuid7()), account_id, secrets.token_urlsafe(32), user_agent, datetime.now(UTC)
        )
        self.browsers[session.id] = session
        self.record(account_id, activity_pb2.ACTIVITY_KIND_SIGNED_IN, user_agent)
        return session

    def end_session(self, session: SignedInBrowser, kind: activity_pb2.ActivityKind) -> None:
        """End a session, if it is live."""
        if session.live:
            session.live = False
            self.record(session.account_id, kind, session.user_agent)

    def live_sessions(self, account_id: str) -> list[SignedInBrowser]:
        """An account's sessions, the latest first."""
        sessions = [one for one in self.browsers.values() if one.live]
        return [one for one in reversed(sessions) if one.account_id == account_id]

    def by_secret(self, secret: str) -> SignedInBrowser | None:
        """The live session with this secret."""
        sessions = (one for one in self.browsers.values() if one.live)
        return next((one for one in sessions if one.secret == secret), None)

    def record(self, account_id: str, kind: activity_pb2.ActivityKind, detail: str) -> None:
        """Write down what happened, newest first."""
        entry = activity_pb2.Activity(
            id=str(uuid7()), kind=kind, occurred_at=timestamp(datetime.now(UTC)), detail=detail
        )
        self.people[account_id].activity.insert(0, entry)
        for bell in self._bells:
            bell.set()

    @property
    def watches(self) -> int:
        """How many watch."""
        return len(self._bells)

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """What is set whenever something happened."""
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.remove(bell)


def timestamp(moment: datetime) -> Timestamp:
    """A moment as protobuf says it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
