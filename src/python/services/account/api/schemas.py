"""What the JSON API answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.account.fields import SignUp
from services.account.models import ActivityKind

_UUID_VERSION = 7


def _uuid7(value: UUID) -> UUID:
    if value.version != _UUID_VERSION:
        raise ValueError("Must be a UUID of version 7.")
    return value


class SignUpRequest(SignUp):
    """Opens an account; safe to send again with the same `account_id` and password."""

    account_id: Annotated[UUID, AfterValidator(_uuid7)] | None = Field(
        None, description="A UUIDv7 made by the caller; one is made when it is missing."
    )


class _FromModel(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SignedIn(_FromModel):
    """Who is signed in now; the proof of it is in cookies."""

    account_id: str
    session_id: str
    session_expires_at: datetime


class Profile(_FromModel):
    """What the owner of an account may edit."""

    display_name: str
    about: str


class Account(_FromModel):
    """The account of who is signed in."""

    id: str
    email: str
    profile: Profile
    created_at: datetime


class Session(_FromModel):
    """A browser that is signed in."""

    id: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    current: bool = Field(description="Whether it is the session that asked.")


class Sessions(_FromModel):
    """All browsers that are signed in."""

    sessions: Sequence[Session]


class Activity(_FromModel):
    """Something that happened on the account."""

    id: str
    kind: ActivityKind
    occurred_at: datetime
    detail: str


class ActivityPage(_FromModel):
    """Some of what happened, newest first."""

    activities: Sequence[Activity]
    next_token: str = Field(description="The `page_token` of the older ones; empty if none are.")
