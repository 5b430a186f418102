"""Signing keys: private to their owner, rotated without a restart, never lost to a bad file."""

import os
import stat
from pathlib import Path

import pytest
import structlog.testing
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chassis import tokens
from services.identity import key_files
from services.identity.errors import KeysError
from services.identity.key_ring import REREAD_INTERVAL, SETTLING_TIME, KeyRing


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def add_key(directory: Path, name: str, published_at: float) -> str:
    path = key_files.create(directory).rename(directory / f"{name}.pem")
    os.utime(path, (published_at, published_at))
    return path.stem


def test_created_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = key_files.create(tmp_path / "keys")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_later_keys_have_greater_ids(tmp_path: Path) -> None:
    created = [key_files.create(tmp_path) for _ in range(5)]
    assert key_files.paths(tmp_path) == created


def test_private_key_does_not_show_in_its_text_form(tmp_path: Path) -> None:
    key = key_files.read(key_files.create(tmp_path))
    assert "private_key" not in repr(key)
    assert key.kid in repr(key)


def test_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeysError, match="cannot be written"):
        key_files.create(tmp_path / "file" / "keys")


def test_newest_settled_key_signs(tmp_path: Path) -> None:
    add_key(tmp_path, "a", published_at=0)
    add_key(tmp_path, "b", published_at=100)
    clock = Clock(100 + SETTLING_TIME - 1)
    ring = KeyRing(tmp_path, clock)
    assert ring.signing_key().kid == "a"
    assert set(ring.public_keys()) == {"a", "b"}
    clock.now = 100 + SETTLING_TIME
    assert ring.signing_key().kid == "b"


def test_first_key_signs_at_once(tmp_path: Path) -> None:
    add_key(tmp_path, "a", published_at=100)
    assert KeyRing(tmp_path, Clock(100)).signing_key().kid == "a"


def test_new_key_is_noticed_within_the_interval(tmp_path: Path) -> None:
    add_key(tmp_path, "a", published_at=0)
    clock = Clock(100)
    ring = KeyRing(tmp_path, clock)
    add_key(tmp_path, "b", published_at=100)
    clock.now += REREAD_INTERVAL - 0.1
    assert set(ring.public_keys()) == {"a"}
    clock.now += 0.1
    assert set(tokens.parse_jwks(ring.jwks())) == {"a", "b"}


async def test_bad_file_leaves_the_keys_in_use_and_shows_in_health(tmp_path: Path) -> None:
    add_key(tmp_path, "a", published_at=0)
    clock = Clock(100)
    ring = KeyRing(tmp_path, clock)
    bad = tmp_path / "b.pem"
    bad.write_text("not a key")
    clock.now += REREAD_INTERVAL
    with structlog.testing.capture_logs() as logs:
        assert ring.signing_key().kid == "a"
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"]
    with pytest.raises(KeysError, match=r"b\.pem"):
        await ring.probe()
    bad.unlink()
    clock.now += REREAD_INTERVAL
    await ring.probe()
    assert set(ring.public_keys()) == {"a"}


def test_vanished_keys_stay_in_use(tmp_path: Path) -> None:
    path = key_files.create(tmp_path)
    clock = Clock(path.stat().st_mtime)
    ring = KeyRing(tmp_path, clock)
    path.unlink()
    clock.now += REREAD_INTERVAL
    assert ring.signing_key().kid == path.stem


def test_key_of_another_kind_is_an_error(tmp_path: Path) -> None:
    pem = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "a.pem").write_bytes(pem)
    with pytest.raises(KeysError, match="no Ed25519 private key"):
        KeyRing(tmp_path)


def test_empty_directory_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match=f"keys create {tmp_path}"):
        KeyRing(tmp_path)


def test_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="cannot be read"):
        KeyRing(tmp_path / "nothing")


def test_key_that_others_may_read_is_used_with_a_warning(tmp_path: Path) -> None:
    path = key_files.create(tmp_path)
    path.chmod(0o644)
    with structlog.testing.capture_logs() as logs:
        assert KeyRing(tmp_path).signing_key().kid == path.stem
    assert [entry["event"] for entry in logs] == ["signing key readable by others"]
