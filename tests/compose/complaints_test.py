"""What is found in logs, of what each program writes when something is wrong."""

import pytest

from tests.compose import complaints

SERVICE = '{"event":"stopped","level":"%s","service":"account"}'
KAFKA = '{"event":"[BrokerServer id=1] shut down","level":"%s","service":"kafka","exception":""}'
POSTGRES = "2026-11-30 03:58:13.101 UTC [51] tandem database tandem_app@tandem "
NGINX = '2026/11/30 03:58:13 [%s] 8#8: *51 connect() failed, client: 10.80.80.1, server: , "GET / "'


@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("account", SERVICE % "error"),
        ("account", SERVICE % "critical"),
        ("account", "Traceback (most recent call last):"),
        ("identity-keys", "error: /var/lib/tandem/signing-keys cannot be written"),
        ("kafka", KAFKA % "error"),
        ("kafka", KAFKA % "fatal"),
        ("kafka", "start.sh: /run/secrets/kafka_admin_password is empty"),
        ("postgres", f"{POSTGRES}ERROR:  deadlock detected"),
        ("postgres", f"{POSTGRES}FATAL:  password authentication failed"),
        ("postgres", f"{POSTGRES}PANIC:  could not write to file"),
        ("postgres", f"{POSTGRES}LOG:  database system was not properly shut down"),
        ("nginx", NGINX % "error"),
        ("nginx", NGINX % "crit"),
        ("nginx", NGINX % "emerg"),
    ],
)
def test_what_complains_is_found(service: str, line: str) -> None:
    assert complaints.of(service, f"{line}\n") == [line]


@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("account", SERVICE % "warning"),
        ("kafka", KAFKA % "info"),
        ("kafka-topics", "blue.account.inbox: created"),
        ("postgres", f"{POSTGRES}LOG:  database system is shut down"),
        ("postgres", f"{POSTGRES}FATAL:  terminating connection due to administrator command"),
        ("nginx", NGINX % "warn"),
        ("nginx", '{"time":"2026-11-30T03:58:13+00:00","path":"/error","status":200}'),
    ],
)
def test_what_does_not_is_not(service: str, line: str) -> None:
    assert complaints.of(service, f"{line}\n") == []
