"""What a service is told of the brokers' security, and what it says of what is wrong."""

from pathlib import Path

import pytest

from chassis import Settings, SettingsError, load


@pytest.fixture(autouse=True)
def complete_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("TANDEM_HTTP_PORT", "8083")


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("hunter2\n")
    return file


def _sasl(monkeypatch: pytest.MonkeyPatch, password: Path) -> None:
    monkeypatch.setenv("TANDEM_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("TANDEM_KAFKA_USERNAME", "account")
    monkeypatch.setenv("TANDEM_KAFKA_PASSWORD_FILE", str(password))


def test_a_password_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, password: Path) -> None:
    _sasl(monkeypatch, password)
    monkeypatch.setenv("TANDEM_KAFKA_OPTIONS", '{"fetch.wait.max.ms": "2"}')
    settings = load(Settings)
    assert settings.kafka_settings() == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "account",
        "sasl.password": "hunter2",
        "fetch.wait.max.ms": "2",
    }
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


def test_a_secret_in_a_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_KAFKA_OPTIONS", '{"sasl.password": "hunter2"}')
    with pytest.raises(SettingsError) as caught:
        load(Settings)
    said = str(caught.value)
    assert said == (
        "TANDEM_KAFKA_OPTIONS: sasl.password is a secret and does not belong in a variable; "
        "name a file in TANDEM_KAFKA_PASSWORD_FILE"
    )


def test_files_that_cannot_be_read_are_named_all_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, password: Path
) -> None:
    _sasl(monkeypatch, password)
    password.write_text("\n")
    monkeypatch.setenv("TANDEM_KAFKA_CA_FILE", str(tmp_path / "nowhere.pem"))
    (tmp_path / "key").write_bytes(b"\xff")
    monkeypatch.setenv("TANDEM_KAFKA_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError) as caught:
        load(Settings)
    missing, broken = tmp_path / "nowhere.pem", tmp_path / "key"
    assert "\n".join(caught.value.problems) == (
        f"TANDEM_KAFKA_PASSWORD_FILE: the file {password} is empty\n"
        f"TANDEM_KAFKA_CA_FILE: the file {missing} cannot be read: No such file or directory\n"
        f"TANDEM_KAFKA_KEY_FILE: the file {broken} is not text in UTF-8"
    )


def test_what_does_not_fit_together_is_said(
    monkeypatch: pytest.MonkeyPatch, password: Path
) -> None:
    _sasl(monkeypatch, password)
    monkeypatch.delenv("TANDEM_KAFKA_USERNAME")
    with pytest.raises(SettingsError, match=r"^TANDEM_KAFKA_.*needs a username and a password"):
        load(Settings)


def test_an_unknown_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_KAFKA_SECURITY_PROTOCOL", "TLS")
    with pytest.raises(SettingsError, match=r"TANDEM_KAFKA_SECURITY_PROTOCOL: .*'SASL_SSL'"):
        load(Settings)
