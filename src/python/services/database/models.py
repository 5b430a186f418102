"""The schema as this release of the service wants it.

The migrations make it; a test holds the two together. Every rule that data must keep is a
constraint here, so that no writer can break it. Times are UTC and come from PostgreSQL's clock, the
only one that all processes share.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

EMAIL_MOST = 254
DISPLAY_NAME_MOST = 80
ABOUT_MOST = 500
PASSWORD_HASH_MOST = 512
USER_AGENT_MOST = 200
DETAIL_MOST = 200
DIGEST_BYTES = 32

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What all tables share: the names of their constraints follow from their columns."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text()}  # noqa: RUF012  # SQLAlchemy's own form


class ActivityKind(StrEnum):
    """What can happen on an account."""

    ACCOUNT_CREATED = "account_created"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SESSION_REVOKED = "session_revoked"
    PROFILE_UPDATED = "profile_updated"


class SessionEnd(StrEnum):
    """Who ended a session before it expired."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(f"'{value}'" for value in values)})"


def _made_at_a_time(column: str) -> CheckConstraint:
    """A rule for ids that callers make: UUIDv7, so that new rows lie together in an index.

    PostgreSQL answers NULL, which a rule lets pass, for what is none of RFC 9562's versions.
    """
    return CheckConstraint(
        f"uuid_extract_version({column}) IS NOT DISTINCT FROM 7", f"{column}_version"
    )


class Account(Base):
    """A person's account.

    The stores write its e-mail address in lower case; the rule here holds for ASCII's letters, the
    only ones whose case the collation "C" knows.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        _made_at_a_time("id"),
        CheckConstraint(f"char_length(email) BETWEEN 3 AND {EMAIL_MOST}", "email_length"),
        CheckConstraint("email = lower(email)", "email_lower_case"),
        CheckConstraint(
            f"char_length(display_name) BETWEEN 1 AND {DISPLAY_NAME_MOST}", "display_name_length"
        ),
        CheckConstraint(f"char_length(about) <= {ABOUT_MOST}", "about_length"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # "C" keeps the unique index right when the operating system's collations change.
    email: Mapped[str] = mapped_column(Text(collation="C"), unique=True)
    display_name: Mapped[str]
    about: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Credential(Base):
    """What proves that someone owns an account."""

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint(
            rf"password_hash LIKE '$%' AND char_length(password_hash) <= {PASSWORD_HASH_MOST}",
            "password_hash_phc",
        ),
    )

    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    password_hash: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Session(Base):
    """A signed-in browser. Live until it expires or is ended."""

    __tablename__ = "sessions"
    __table_args__ = (
        _made_at_a_time("id"),
        CheckConstraint(f"octet_length(secret_hash) = {DIGEST_BYTES}", "secret_hash_size"),
        CheckConstraint(f"char_length(user_agent) <= {USER_AGENT_MOST}", "user_agent_length"),
        CheckConstraint("expires_at > created_at", "expires_after_creation"),
        CheckConstraint(_one_of("end_reason", SessionEnd), "end_reason"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", "ended_with_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_agent: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Not indexed, so that noting a use rewrites no index.
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class Activity(Base):
    """Something that happened on an account; written once, never changed."""

    __tablename__ = "activities"
    __table_args__ = (
        _made_at_a_time("id"),
        CheckConstraint(_one_of("kind", ActivityKind), "kind"),
        CheckConstraint(f"char_length(detail) <= {DETAIL_MOST}", "detail_length"),
        Index(None, "account_id", "occurred_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    detail: Mapped[str]


class Effect(Base):
    """What a request did that may be delivered again, and what it was answered."""

    __tablename__ = "effects"
    __table_args__ = (
        _made_at_a_time("key"),
        CheckConstraint(f"octet_length(fingerprint) = {DIGEST_BYTES}", "fingerprint_size"),
    )

    key: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    reply: Mapped[bytes] = mapped_column(LargeBinary)
    happened_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class AttemptWindow(Base):
    """How often something was tried since its window began."""

    __tablename__ = "attempt_windows"
    __table_args__ = (
        CheckConstraint(f"octet_length(key) = {DIGEST_BYTES}", "key_size"),
        CheckConstraint("attempts > 0", "attempts_positive"),
    )

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    attempts: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    ends_at: Mapped[datetime] = mapped_column(index=True)
