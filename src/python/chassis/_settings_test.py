"""Settings: read from variables and secret files, refused with every problem at once."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis import LogLevel, Settings, SettingsError, load


class _Shop(Settings):
    password: SecretStr


@pytest.fixture(autouse=True)
def complete_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("TANDEM_HTTP_PORT", "8083")


def test_variables_become_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_LOG_LEVEL", "warning")
    monkeypatch.setenv("TANDEM_KAFKA_OPTIONS", '{"fetch.wait.max.ms": "2"}')
    settings = load(Settings)
    assert settings.http_port == 8083
    assert settings.log_level is LogLevel.WARNING
    assert settings.kafka_options == {"fetch.wait.max.ms": "2"}


def test_every_problem_is_listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANDEM_KAFKA_BOOTSTRAP_SERVERS")
    monkeypatch.setenv("TANDEM_HTTP_PORT", "many")
    monkeypatch.setenv("TANDEM_KAFKA_OPTIONS", "{not json")
    monkeypatch.setenv("TANDEM_LANE", "Blue!")
    with pytest.raises(SettingsError) as caught:
        load(Settings)
    named = {problem.split(":")[0] for problem in caught.value.problems}
    assert named == {
        "TANDEM_KAFKA_BOOTSTRAP_SERVERS",
        "TANDEM_HTTP_PORT",
        "TANDEM_KAFKA_OPTIONS",
        "TANDEM_LANE",
    }


def test_no_problem_repeats_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_HTTP_PORT", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load(Settings)
    assert "hunter2" not in str(caught.value)


def test_a_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tandem_password").write_text("from the file\n")
    monkeypatch.setenv("TANDEM_SECRETS_DIR", str(tmp_path))
    assert load(_Shop).password.get_secret_value() == "from the file"


def test_an_empty_name_of_their_directory_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tandem_password").write_text("of the working folder\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_SECRETS_DIR", "")
    with pytest.raises(SettingsError, match="TANDEM_PASSWORD"):
        load(_Shop)


def test_a_missing_directory_of_secrets_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TANDEM_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"TANDEM_SECRETS_DIR: .*nowhere is not a directory"):
        load(_Shop)


def test_files_of_secrets_that_cannot_be_read_are_all_named_and_nothing_of_them_is_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tandem_lane").mkdir()
    (tmp_path / "tandem_password").write_bytes(b"hunter2\xff")
    (tmp_path / "of_another").write_bytes(b"\xff")
    monkeypatch.setenv("TANDEM_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsError) as caught:
        load(_Shop)
    assert caught.value.problems == (
        f"TANDEM_LANE: the file {tmp_path}/tandem_lane cannot be read: Is a directory",
        f"TANDEM_PASSWORD: the file {tmp_path}/tandem_password is not text in UTF-8",
    )


@pytest.mark.parametrize("seconds", ["inf", "-inf", "nan", "1e300"])
@pytest.mark.parametrize("name", ["TANDEM_START_TIMEOUT", "TANDEM_SHUTDOWN_GRACE"])
def test_a_time_that_nobody_can_wait_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, seconds: str
) -> None:
    monkeypatch.setenv(name, seconds)
    with pytest.raises(SettingsError, match=name):
        load(Settings)


@pytest.mark.parametrize("nowhere", ["", None])
def test_without_an_endpoint_spans_are_sent_nowhere(
    monkeypatch: pytest.MonkeyPatch, nowhere: str | None
) -> None:
    if nowhere is not None:  # as Compose writes a variable that nobody set
        monkeypatch.setenv("TANDEM_TRACES_ENDPOINT", nowhere)
    assert load(Settings).traces_endpoint is None


@pytest.mark.parametrize(
    "wrong", ["collector", "ftp://collector:4318", "http://:4318", "http://a:99999", "http://a?b=c"]
)
def test_an_endpoint_of_traces_is_a_url(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("TANDEM_TRACES_ENDPOINT", wrong)
    with pytest.raises(SettingsError, match="TANDEM_TRACES_ENDPOINT: should be a URL as"):
        load(Settings)


def test_an_endpoint_of_traces_holds_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_TRACES_ENDPOINT", "https://ada:hunter2@collector:4318")
    with pytest.raises(SettingsError, match="no password") as caught:
        load(Settings)
    assert "hunter2" not in str(caught.value)
