"""The Docker SDK by the deployer's one connection, on the engine of this machine."""

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bluegreen import trace
from bluegreen.engine.client import Docker
from bluegreen.errors import PortError, TemporaryError
from bluegreen.ssh.connection import Connection
from tests.support import docker, sshd
from tests.support.sshd import Sshd

SOON = 30.0
MANY = 25
"""More than an sshd gives a connection channels."""


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    docker.needed()
    with tempfile.TemporaryDirectory() as scratch, sshd.running(Path(scratch), {}) as running:
        yield running


def test_asking_again_and_again_takes_one_channel(connection: Connection) -> None:
    engine = Docker(connection)
    for _ in range(MANY):
        with engine.asked(SOON) as client:
            assert client.version()["Version"]
    transport = connection.client().get_transport()
    assert transport is not None
    # A new channel gets the next number.
    channel = transport.open_session()
    assert channel.chanid < 3
    channel.close()


def test_what_is_read_as_a_stream_leaves_no_channel_behind(connection: Connection) -> None:
    engine = Docker(connection)
    for _ in range(MANY):
        with engine.asked(SOON) as client:
            events = client.api.events(until=int(time.time()), decode=True)
            assert list(events) is not None


def test_what_the_engine_refuses_is_told_and_harms_nothing_after_it(
    connection: Connection,
) -> None:
    engine = Docker(connection)
    with pytest.raises(PortError, match="No such image"), engine.asked(SOON) as client:
        client.images.get("tandem/nothing:of-this-name")
    with engine.asked(SOON) as client:
        assert client.ping()


def test_what_the_engine_is_asked_is_told_to_who_listens(connection: Connection) -> None:
    told: list[str] = []
    trace.listen(told.append)
    with Docker(connection).asked(SOON) as client:
        assert client.ping()
    asked = rf"\[\d+\] {connection.address}: Docker: GET /v1\.41/_ping answered 200 after \d+\.\d s"
    assert [each for each in told if re.fullmatch(asked, each)]


def test_an_engine_that_does_not_answer_in_time_is_given_up(connection: Connection) -> None:
    engine = Docker(connection)
    began = time.monotonic()
    with pytest.raises(TemporaryError, match="within 1 s"), engine.asked(1.0) as client:
        list(client.events())
    assert time.monotonic() - began < SOON
    with engine.asked(SOON) as client:
        assert client.ping()


def test_a_connection_that_broke_is_made_anew(connection: Connection, server: Sshd) -> None:
    engine = Docker(connection)
    with engine.asked(SOON) as client:
        assert client.ping()
    server.kill_connections()
    deadline = time.monotonic() + SOON
    while True:
        try:
            with engine.asked(SOON) as client:
                assert client.ping()
        except TemporaryError:
            assert time.monotonic() < deadline
            continue
        return
