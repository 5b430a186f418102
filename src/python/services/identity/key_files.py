"""Signing keys as files: `<kid>.pem`, an Ed25519 private key each (PKCS #8, not encrypted)."""

import os
import secrets
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.identity.errors import KeysError

SUFFIX = ".pem"
_OWNER_ONLY = 0o600

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and where it came from.

    Attributes:
        kid: The key id: the file's name without its suffix. Later keys have greater ids.
        published_at: When the file was last changed, in seconds since the epoch.
    """

    kid: str
    private_key: Ed25519PrivateKey = field(repr=False)
    published_at: float


def create(directory: Path) -> Path:
    """Make a new key; its file appears at once, whole and for good, readable by its owner only.

    The directory is made when it is not there.

    Raises:
        KeysError: the directory cannot be written.
    """
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    kid = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}"
    path, unfinished = directory / f"{kid}{SUFFIX}", directory / f".{kid}.new"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished.touch(mode=_OWNER_ONLY, exist_ok=False)
        with unfinished.open("wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())  # a loss of power would leave a file without its key
        unfinished.rename(path)
    except OSError as error:
        raise KeysError(directory, f"cannot be written: {error.strerror}") from error
    return path


def paths(directory: Path) -> list[Path]:
    """The files of keys in a directory, oldest key first.

    Raises:
        KeysError: the directory cannot be read.
    """
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)
    except OSError as error:
        raise KeysError(directory, f"cannot be read: {error.strerror}") from error


def read(path: Path) -> SigningKey:
    """Read a key; one that others may read as well is used, with a warning in the log.

    Raises:
        KeysError: the file cannot be read, or holds no Ed25519 private key.
    """
    try:
        status, pem = path.stat(), path.read_bytes()
    except OSError as error:
        raise KeysError(path, f"cannot be read: {error.strerror}") from error
    if stat.S_IMODE(status.st_mode) & ~_OWNER_ONLY:
        _log.warning("signing key readable by others", path=str(path), do="chmod 600")
    return SigningKey(path.stem, _parse(path, pem), status.st_mtime)


def _parse(path: Path, pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):  # not PEM, or encrypted
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysError(path, "holds no Ed25519 private key in unencrypted PEM; remove the file")
    return key
