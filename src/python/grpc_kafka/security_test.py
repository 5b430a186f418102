from pathlib import Path

import pytest

from grpc_kafka import Security


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    file = tmp_path / "some.pem"
    file.write_text("PEM")
    return file


def test_nothing_is_said_of_security_to_brokers_that_want_none() -> None:
    assert Security().settings() == {}


def test_a_name_and_a_password_over_tls_are_librdkafka_s_settings(pem: Path) -> None:
    security = Security("SASL_SSL", username="account", password="hunter2", ca_file=pem)
    assert security.settings() == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "account",
        "sasl.password": "hunter2",
        "ssl.ca.location": str(pem),
    }


def test_a_certificate_is_enough_without_a_name(pem: Path) -> None:
    security = Security("SSL", certificate_file=pem, key_file=pem, key_password="hunter2")
    assert security.settings() == {
        "security.protocol": "SSL",
        "ssl.certificate.location": str(pem),
        "ssl.key.location": str(pem),
        "ssl.key.password": "hunter2",
    }


def test_no_password_is_shown(pem: Path) -> None:
    security = Security(
        "SASL_SSL", username="account", password="hunter2",
        certificate_file=pem, key_file=pem, key_password="hunter2",
    )  # fmt: skip
    assert "hunter2" not in repr(security)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"protocol": "TLS"}, "'TLS' is no security protocol: take PLAINTEXT, SSL"),
        ({"mechanism": "MD5"}, "'MD5' is no mechanism: take SCRAM-SHA-512"),
        ({"protocol": "SASL_SSL"}, "needs a username and a password"),
        ({"protocol": "SASL_SSL", "username": "a"}, "needs a username and a password"),
        ({"protocol": "SSL", "password": "hunter2"}, "of no use with SSL: take SASL_SSL"),
        ({"ca_file": Path("ca.pem")}, "of no use with PLAINTEXT: take SSL or SASL_SSL"),
        ({"protocol": "SSL", "key_file": Path("k")}, "belong together"),
        ({"protocol": "SSL", "key_password": "hunter2"}, "without a key file"),
        ({"protocol": "SSL", "ca_file": Path("nowhere.pem")}, "there is no file nowhere.pem"),
    ],
)
def test_what_does_not_fit_together_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Security(**given)  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value)
