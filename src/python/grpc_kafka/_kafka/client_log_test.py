from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from grpc_kafka._kafka._client_log import INTERVAL, ClientLog

if TYPE_CHECKING:
    from grpc_kafka._kafka.conftest import Clock

REFUSED = "[thrd:127.0.0.1:9/bootstrap]: Connection refused"


@pytest.fixture
def client(clock: Clock) -> ClientLog:
    return ClientLog(logging.getLogger("client_log_test"), clock)


def say(client: ClientLog, text: str = REFUSED, level: int = logging.ERROR) -> None:
    client.log(level, "%s [%s] %s", "FAIL", "blue.account#consumer-2", text)


def test_a_repetition_is_held_back_and_counted(
    client: ClientLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(300):
        say(client)
        clock.now += INTERVAL / 300.5
    assert caplog.messages == [f"FAIL [blue.account#consumer-2] {REFUSED}"]
    clock.now += INTERVAL
    say(client)
    assert caplog.messages[1:] == [
        f"FAIL [blue.account#consumer-2] {REFUSED} (299 more like it were held back)"
    ]


def test_what_is_new_is_passed_on_at_once(
    client: ClientLog, caplog: pytest.LogCaptureFixture
) -> None:
    say(client)
    say(client, "[thrd:127.0.0.1:9/1]: Connection refused")
    say(client, level=logging.WARNING)
    client.log(logging.ERROR, "%s [%s] %s", "FATAL", "blue.account#consumer-2", REFUSED)
    assert len(caplog.records) == 4


def test_each_client_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    own, another = ClientLog(), ClientLog()
    for _ in range(5):
        say(own)
        say(another)
    assert [record.name for record in caplog.records] == ["grpc_kafka.librdkafka"] * 2
