"""Proof that a form was rendered for the browser that sends it.

A browser holds a random secret in an HttpOnly cookie. A form carries a keyed digest of what the
form is for; only a page of this site, rendered for this browser, can contain it. No key is shared
between processes, so a form of one lane is good in the other.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

_SECRET_BYTES = 32
_NONCE_BYTES = 16


def new_secret() -> str:
    """A secret for a browser."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def issue(browser_secret: str, *purpose: str) -> str:
    """A token for a form with this purpose.

    It differs at every call: a secret that repeats in compressed pages can be guessed from
    their size.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return urlsafe_b64encode(nonce + _digest(browser_secret, nonce, purpose)).decode("ascii")


def is_genuine(token: str, browser_secret: str, *purpose: str) -> bool:
    """Whether the token was issued for this browser and purpose."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        return False
    nonce, digest = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
    return bool(browser_secret) and hmac.compare_digest(
        digest, _digest(browser_secret, nonce, purpose)
    )


def _digest(browser_secret: str, nonce: bytes, purpose: tuple[str, ...]) -> bytes:
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in purpose)
    return hmac.digest(browser_secret.encode(), nonce + message, sha256)
