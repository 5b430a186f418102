"""What the account service speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class Profile:
    """What the owner of an account may edit."""

    display_name: str
    about: str


@dataclass(frozen=True)
class Account:
    """A person's account."""

    id: str
    email: str
    profile: Profile
    created_at: datetime


@dataclass(frozen=True)
class Session:
    """A browser that is signed in."""

    id: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


class ActivityKind(StrEnum):
    """What can happen on an account."""

    ACCOUNT_CREATED = "account-created"
    SIGNED_IN = "signed-in"
    SIGNED_OUT = "signed-out"
    SESSION_REVOKED = "session-revoked"
    PROFILE_UPDATED = "profile-updated"
    OTHER = "other"


@dataclass(frozen=True)
class Activity:
    """Something that happened on an account."""

    id: str
    kind: ActivityKind
    occurred_at: datetime
    detail: str


@dataclass(frozen=True)
class ActivityPage:
    """Some activities, newest first; `next_token` asks for older ones, empty if there are none."""

    activities: Sequence[Activity]
    next_token: str


@dataclass(frozen=True)
class Access:
    """A short-lived proof of who is signed in."""

    text: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class Grant:
    """What a browser holds once it is signed in."""

    account_id: str
    session_id: str
    session_secret: str = field(repr=False)
    session_expires_at: datetime
    access: Access


@dataclass(frozen=True)
class Client:
    """Who sent a request, as far as the network and the browser say."""

    user_agent: str
    address: str
