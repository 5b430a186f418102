"""The environment of identity: every wrong variable named, no secret shown."""

from pathlib import Path

import pytest

import chassis
from services.identity.settings import Settings

SECRET = "not to be seen by anybody, never"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("TANDEM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("TANDEM_HTTP_PORT", "8083")
    monkeypatch.setenv("TANDEM_SIGNING_KEYS", str(tmp_path))
    monkeypatch.setenv("TANDEM_ATTEMPT_DIGEST_KEY", SECRET)
    return monkeypatch


def test_little_has_to_be_said(environment: pytest.MonkeyPatch) -> None:
    del environment
    settings = chassis.load(Settings)
    hasher = settings.password_hasher()
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (3, 65536, 4)
    assert settings.access_token_lifetime == 60
    limits = settings.sign_in_limits()
    assert (limits.per_pair, limits.per_client, limits.per_email) == (10, 100, 100)


def test_all_wrong_variables_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TANDEM_SIGNING_KEYS", "/nowhere")
    environment.setenv("TANDEM_ACCESS_TOKEN_LIFETIME", "a minute")
    environment.setenv("TANDEM_PASSWORD_HASH_THREADS", "0")
    with pytest.raises(chassis.SettingsError) as caught:
        chassis.load(Settings)
    names = [problem.split(":")[0] for problem in caught.value.problems]
    assert sorted(names) == [
        "TANDEM_ACCESS_TOKEN_LIFETIME",
        "TANDEM_PASSWORD_HASH_THREADS",
        "TANDEM_SIGNING_KEYS",
    ]
    assert "keys create /nowhere" in str(caught.value)


@pytest.mark.parametrize("name", ["SESSION_LIFETIME", "SIGN_IN_WINDOW", "SIGN_UP_WINDOW"])
def test_a_time_that_nobody_lives_to_see_is_refused(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(f"TANDEM_{name}", "1e300")
    with pytest.raises(chassis.SettingsError, match=f"TANDEM_{name}"):
        chassis.load(Settings)


def test_memory_too_little_for_the_lanes_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TANDEM_PASSWORD_HASH_MEMORY_COST", "16")
    with pytest.raises(chassis.SettingsError, match="TANDEM_PASSWORD_HASH_MEMORY_COST"):
        chassis.load(Settings)


@pytest.mark.parametrize("key", [None, "", SECRET[:31]], ids=["none", "empty", "short"])
def test_digest_key_that_could_be_guessed_is_refused_and_not_repeated(
    environment: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        environment.delenv("TANDEM_ATTEMPT_DIGEST_KEY")
    else:
        environment.setenv("TANDEM_ATTEMPT_DIGEST_KEY", key)
    with pytest.raises(chassis.SettingsError, match="TANDEM_ATTEMPT_DIGEST_KEY") as caught:
        chassis.load(Settings)
    assert SECRET[:31] not in str(caught.value)


def test_digest_key_does_not_show_in_the_settings_text_form(
    environment: pytest.MonkeyPatch,
) -> None:
    del environment
    settings = chassis.load(Settings)
    assert settings.attempt_digest_key.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
