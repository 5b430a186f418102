"""The keys in use: one signs, all verify; a change of their directory is noticed by itself."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from chassis import tokens
from services.identity import key_files
from services.identity.errors import KeysError
from services.identity.key_files import SigningKey

REREAD_INTERVAL = 2.0
"""Seconds between two looks at the directory, at most one look each."""

SETTLING_TIME = 15.0
"""Seconds that a new key only verifies.

By then every process of identity has read it, and every `AccessTokenVerifier`, which fetches at
most every `tokens.REFETCH_INTERVAL` seconds, can get it: no token is refused for its new key.
"""

_log = structlog.get_logger()

type _Listing = Sequence[tuple[Path, int]]


class KeyRing:
    """The signing keys of a directory.

    Rotation needs no restart: create a key, wait until it signs (`SETTLING_TIME`) and the last
    token of the old key has expired (the access tokens' lifetime), remove the old file. While the
    directory cannot be read as a whole, the keys read last stay in use.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        """Read the keys.

        Args:
            directory: Where the keys are; see `key_files`.
            clock: Seconds since the epoch.

        Raises:
            KeysError: the directory or a file in it cannot be used, or there is no key.
        """
        self._directory = directory
        self._clock = clock
        self._looked_at = clock()
        self._listing = _list(directory)
        self._keys = _read(directory, self._listing)
        self._problem: KeysError | None = None

    def signing_key(self) -> SigningKey:
        """The newest key that has settled; before one has, the oldest."""
        self._look()
        settled_before = self._clock() - SETTLING_TIME
        settled = [key for key in self._keys if key.published_at <= settled_before]
        return settled[-1] if settled else self._keys[0]

    def public_keys(self) -> dict[str, Ed25519PublicKey]:
        """What verifies tokens, by key id."""
        self._look()
        return {key.kid: key.private_key.public_key() for key in self._keys}

    def jwks(self) -> str:
        """What verifies tokens, as the JSON text of a JSON Web Key Set."""
        return json.dumps({"keys": [_jwk(*item) for item in self.public_keys().items()]})

    async def probe(self) -> None:
        """Look at the directory.

        Raises:
            KeysError: it cannot be read at present; the keys in use are those read before.
        """
        self._look()
        if self._problem is not None:
            raise self._problem

    def _look(self) -> None:
        if abs(self._clock() - self._looked_at) < REREAD_INTERVAL:
            return
        self._looked_at = self._clock()
        try:
            self._reread()
        except KeysError as error:
            _log.error("signing keys not read", reason=str(error))
            self._problem = error
        else:
            self._problem = None

    def _reread(self) -> None:
        listing = _list(self._directory)
        if listing == self._listing:
            return
        self._keys = _read(self._directory, listing)
        self._listing = listing
        _log.info("signing keys read", kids=[key.kid for key in self._keys])


def _list(directory: Path) -> _Listing:
    try:
        return [(path, path.stat().st_mtime_ns) for path in key_files.paths(directory)]
    except OSError as error:
        raise KeysError(directory, f"changes while it is read: {error.strerror}") from error


def _read(directory: Path, listing: _Listing) -> list[SigningKey]:
    keys = [key_files.read(path) for path, _ in listing]
    if not keys:
        raise KeysError(
            directory,
            f"holds no signing key; make one: python -m services.identity keys create {directory}",
        )
    return keys


def _jwk(kid: str, key: Ed25519PublicKey) -> dict[str, object]:
    parameters = OKPAlgorithm.to_jwk(key, as_dict=True)
    return {**parameters, "kid": kid, "use": "sig", "alg": tokens.ALGORITHM}
