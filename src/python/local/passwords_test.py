import stat
from pathlib import Path

from local.passwords import Passwords


def test_password_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path / "secrets")
    password = passwords.get("app")
    assert len(password) == 32
    assert Passwords(tmp_path / "secrets").get("app") == password
    assert passwords.get("owner") != password
    assert stat.S_IMODE(passwords.path("app").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
