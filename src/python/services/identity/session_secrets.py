"""Session secrets: what a browser holds, and the only trace of it that is stored."""

import hashlib
import secrets

_BYTES = 32


def make() -> str:
    """Make a secret: 32 random bytes in base64url, 43 characters."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """Take the SHA-256 of a secret. With 256 random bits in it, it needs neither salt nor cost."""
    return hashlib.sha256(secret.encode()).digest()
