"""What identity is told by its environment."""

from datetime import timedelta
from pathlib import Path

import argon2
from pydantic import Field, SecretStr, ValidationInfo, field_validator

import chassis
from services.identity.attempts import Limits

SHORTEST_DIGEST_KEY = 32
"""Characters; fewer could be guessed."""

_RFC_9106 = argon2.profiles.RFC_9106_LOW_MEMORY


class Settings(chassis.Settings):
    """The variables of identity, `TANDEM_` and the field's name in capitals each."""

    signing_keys: Path
    """The directory of signing keys; see `services.identity.key_ring`."""

    access_token_lifetime: float = Field(default=60.0, ge=1, le=3600)
    """Seconds that an access token is valid: how long others may take an ended session for live."""

    session_lifetime: float = Field(default=30 * 86400.0, ge=60, le=3650 * 86400)
    """Seconds from a sign-in to the end of its session."""

    password_hash_time_cost: int = Field(default=_RFC_9106.time_cost, ge=1)
    """argon2id's passes over its memory. The defaults are RFC 9106's for little memory."""

    password_hash_parallelism: int = Field(default=_RFC_9106.parallelism, ge=1)
    """argon2id's lanes, a thread each."""

    password_hash_memory_cost: int = Field(default=_RFC_9106.memory_cost, ge=8)
    """KiB of memory for each hash; at least 8 times the parallelism."""

    password_hash_threads: int = Field(default=2, ge=1, le=64)
    """Hashes that may be computed at once: so many times the memory cost may be in use."""

    attempt_digest_key: SecretStr
    """Keys the digests under which attempts are counted, the same for all processes of identity: so
    who reads the counts cannot even test guesses of an address."""

    sign_in_limit_per_pair: int = Field(default=10, ge=1)
    sign_in_limit_per_client: int = Field(default=100, ge=1)
    sign_in_limit_per_email: int = Field(default=100, ge=1)
    sign_in_window: float = Field(default=900.0, ge=1, le=86400)
    """Seconds in which so many attempts to sign in are allowed: by one client at one e-mail address
    (a pair), by one client at all addresses, and by all clients at one address."""

    sign_up_limit_per_pair: int = Field(default=10, ge=1)
    sign_up_limit_per_client: int = Field(default=30, ge=1)
    sign_up_limit_per_email: int = Field(default=100, ge=1)
    sign_up_window: float = Field(default=3600.0, ge=1, le=86400)
    """Seconds in which so many attempts to sign up are allowed, counted the same way."""

    @field_validator("signing_keys")
    @classmethod
    def _is_a_directory(cls, path: Path) -> Path:
        if not path.is_dir():
            raise ValueError(
                f"{path} is not a directory; make it, with a first key in it: "
                f"python -m services.identity keys create {path}"
            )
        return path

    @field_validator("attempt_digest_key")
    @classmethod
    def _is_hard_to_guess(cls, key: SecretStr) -> SecretStr:
        if len(key.get_secret_value()) < SHORTEST_DIGEST_KEY:
            raise ValueError(f"use at least {SHORTEST_DIGEST_KEY} random characters")
        return key

    @field_validator("password_hash_memory_cost")
    @classmethod
    def _suffices_for_all_lanes(cls, cost: int, info: ValidationInfo) -> int:
        least = 8 * info.data.get("password_hash_parallelism", 1)
        if cost < least:
            raise ValueError(f"it should be {least} at least, 8 times the parallelism")
        return cost

    def password_hasher(self) -> argon2.PasswordHasher:
        """What hashes passwords as these settings say."""
        return argon2.PasswordHasher(
            time_cost=self.password_hash_time_cost,
            memory_cost=self.password_hash_memory_cost,
            parallelism=self.password_hash_parallelism,
        )

    def sign_in_limits(self) -> Limits:
        """How often signing in may be tried."""
        return Limits(
            per_pair=self.sign_in_limit_per_pair,
            per_client=self.sign_in_limit_per_client,
            per_email=self.sign_in_limit_per_email,
            window=timedelta(seconds=self.sign_in_window),
        )

    def sign_up_limits(self) -> Limits:
        """How often signing up may be tried."""
        return Limits(
            per_pair=self.sign_up_limit_per_pair,
            per_client=self.sign_up_limit_per_client,
            per_email=self.sign_up_limit_per_email,
            window=timedelta(seconds=self.sign_up_window),
        )
