"""Add accounts, credentials, sessions, activities, effects and attempt windows."""

import sqlalchemy as sa
from alembic import op

revision = "e0001"
down_revision = None
branch_labels = ("expand",)
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables, and let the service's role do to each what it needs and no more."""
    _add_accounts()
    _add_credentials()
    _add_sessions()
    _add_activities()
    _add_effects()
    _add_attempt_windows()
    op.execute("GRANT SELECT ON alembic_version TO tandem_app")


def _add_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(collation="C"), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
        _made_at_a_time("accounts", "id"),
        _check("accounts", "email_length", "char_length(email) BETWEEN 3 AND 254"),
        _check("accounts", "email_lower_case", "email = lower(email)"),
        _check("accounts", "display_name_length", "char_length(display_name) BETWEEN 1 AND 80"),
        _check("accounts", "about_length", "char_length(about) <= 500"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE (display_name, about) ON accounts TO tandem_app")


def _add_credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_credentials"),
        _belongs_to_account("credentials"),
        _check(
            "credentials",
            "password_hash_phc",
            "password_hash LIKE '$%' AND char_length(password_hash) <= 512",
        ),
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (password_hash, changed_at) ON credentials TO tandem_app"
    )


def _add_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("last_seen_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("secret_hash", name="uq_sessions_secret_hash"),
        _belongs_to_account("sessions"),
        _made_at_a_time("sessions", "id"),
        _check("sessions", "secret_hash_size", "octet_length(secret_hash) = 32"),
        _check("sessions", "user_agent_length", "char_length(user_agent) <= 200"),
        _check("sessions", "expires_after_creation", "expires_at > created_at"),
        _check("sessions", "end_reason", "end_reason IN ('signed_out', 'revoked')"),
        _check("sessions", "ended_with_reason", "(ended_at IS NULL) = (end_reason IS NULL)"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.execute(
        "GRANT SELECT, INSERT, DELETE, UPDATE (last_seen_at, ended_at, end_reason) "
        "ON sessions TO tandem_app"
    )


def _add_activities() -> None:
    op.create_table(
        "activities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activities"),
        _belongs_to_account("activities"),
        _made_at_a_time("activities", "id"),
        _check(
            "activities",
            "kind",
            "kind IN ('account_created', 'signed_in', 'signed_out', 'session_revoked', "
            "'profile_updated')",
        ),
        _check("activities", "detail_length", "char_length(detail) <= 200"),
    )
    op.create_index(
        "ix_activities_account_id_occurred_at_id",
        "activities",
        ["account_id", "occurred_at", "id"],
    )
    op.execute("GRANT SELECT, INSERT ON activities TO tandem_app")


def _add_effects() -> None:
    op.create_table(
        "effects",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.Column("happened_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_effects"),
        _made_at_a_time("effects", "key"),
        _check("effects", "fingerprint_size", "octet_length(fingerprint) = 32"),
    )
    op.create_index("ix_effects_happened_at", "effects", ["happened_at"])
    op.execute("GRANT SELECT, INSERT, DELETE, UPDATE (reply) ON effects TO tandem_app")


def _add_attempt_windows() -> None:
    op.create_table(
        "attempt_windows",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_attempt_windows"),
        _check("attempt_windows", "key_size", "octet_length(key) = 32"),
        _check("attempt_windows", "attempts_positive", "attempts > 0"),
    )
    op.create_index("ix_attempt_windows_ends_at", "attempt_windows", ["ends_at"])
    op.execute(
        "GRANT SELECT, INSERT, DELETE, UPDATE (attempts, ends_at) ON attempt_windows TO tandem_app"
    )


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=f"ck_{table}_{name}")


def _made_at_a_time(table: str, column: str) -> sa.CheckConstraint:
    rule = f"uuid_extract_version({column}) IS NOT DISTINCT FROM 7"
    return _check(table, f"{column}_version", rule)


def _belongs_to_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"],
        ["accounts.id"],
        name=f"fk_{table}_account_id_accounts",
        ondelete="CASCADE",
    )
