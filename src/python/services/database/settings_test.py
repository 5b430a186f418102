import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

import chassis
from services.database.settings import MigrateSettings, PrepareSettings, Settings, address

ADMIN = "postgresql://postgres:top@db:5432/postgres"
OWNER = "postgresql://tandem_owner:p%40ss@db:5432/tandem"


def test_an_address_is_read_and_hides_its_password() -> None:
    url = address(SecretStr(OWNER))
    assert (url.username, url.password, url.host, url.port) == ("tandem_owner", "p@ss", "db", 5432)
    assert url.drivername == "postgresql+psycopg"
    assert "p@ss" not in str(url) + repr(url)


@pytest.mark.parametrize(
    "text", ["", "tandem", "mysql://a:b@db/tandem", "postgresql://db/tandem", "postgresql://a@db"]
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form") as refused:
        address(SecretStr(text))
    assert "a:b" not in str(refused.value)


@pytest.mark.parametrize(
    "rest",
    [
        "p@s:w0rd@db:5432/tandem",
        "p@w0rd@db:5432/tandem",
        "p@s/w0rd@db:5432/tandem",
        "p@s/x?w0rd=1@db:5432/tandem",
        "w0rd/tandem",
    ],
    ids=["in the port", "in the host", "in the database", "in the query", "no @ at all"],
)
def test_a_password_that_is_not_encoded_is_refused_and_no_part_of_it_repeated(
    monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    monkeypatch.setenv("TANDEM_DATABASE_OWNER_URL", f"postgresql://tandem_owner:{rest}")
    with pytest.raises(chassis.SettingsError, match="percent-encode") as refused:
        chassis.load(MigrateSettings)
    assert "w0rd" not in str(refused.value)


@settings(deadline=None)
@given(st.text())
def test_whatever_text_comes_is_an_address_or_refused(text: str) -> None:
    try:
        url = address(SecretStr(text))
    except ValueError:
        return
    assert url.username
    assert url.database


def test_a_role_reads_only_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_DATABASE_OWNER_URL", ADMIN)
    with pytest.raises(chassis.SettingsError) as refused:
        chassis.load(MigrateSettings)
    (problem,) = refused.value.problems
    assert problem.startswith("TANDEM_DATABASE_OWNER_URL: names another role than tandem_owner")
    assert "top" not in problem


def test_prepare_needs_all_three_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADMIN_URL", "OWNER_URL", "URL"):
        monkeypatch.delenv(f"TANDEM_DATABASE_{name}", raising=False)
    with pytest.raises(chassis.SettingsError) as refused:
        chassis.load(PrepareSettings)
    assert len(refused.value.problems) == 3


@pytest.mark.parametrize("value", ["inf", "nan", "1e15"])
@pytest.mark.parametrize(
    "name",
    [
        "POOL_TIMEOUT",
        "CONNECT_TIMEOUT",
        "STATEMENT_TIMEOUT",
        "CLEANUP_INTERVAL",
        "SESSION_RETENTION",
    ],
)
def test_a_time_that_no_clock_or_database_can_take_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TANDEM_DATABASE_{name}", value)
    with pytest.raises(chassis.SettingsError, match=f"TANDEM_DATABASE_{name}: "):
        chassis.load(Settings)
