from ipaddress import ip_network

import pytest

from chassis import SettingsError, load
from services.account.settings import Settings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("TANDEM_HTTP_PORT", "0")


def test_the_public_url_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_PUBLIC_URL", "https://tandem.example/")
    settings = load(Settings)
    assert settings.public_url == "https://tandem.example"
    assert ip_network("127.0.0.0/8") in settings.trusted_proxies


def test_trusted_proxies_are_networks_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_PUBLIC_URL", "https://tandem.example")
    monkeypatch.setenv("TANDEM_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::/32")
    assert load(Settings).trusted_proxies == (
        ip_network("10.0.0.0/8"),
        ip_network("2001:db8::/32"),
    )


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_PUBLIC_URL", "http://tandem.example")
    monkeypatch.setenv("TANDEM_TRUSTED_PROXIES", "everybody")
    monkeypatch.setenv("TANDEM_CALL_DEADLINE", "0")
    with pytest.raises(SettingsError) as refused:
        load(Settings)
    problems = "\n".join(refused.value.problems)
    assert "TANDEM_PUBLIC_URL: must be https" in problems
    assert "TANDEM_TRUSTED_PROXIES: 'everybody' does not appear to be" in problems
    assert "TANDEM_CALL_DEADLINE" in problems
