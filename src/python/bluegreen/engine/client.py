"""The Docker SDK on a server's engine, by the connection that carries everything else."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, Self

import docker
import paramiko
import requests
import urllib3.exceptions
from docker.errors import APIError, DockerException
from docker.transport import SSHHTTPAdapter

from bluegreen.errors import PortError, TemporaryError
from bluegreen.ssh.connection import Connection, session
from bluegreen.trace import answered

_API = "1.41"
"""Of Docker 20.10, which is the oldest that this works with."""

_SERVER_ERROR = 500
_ROOM_SECONDS = 15.0


class Asked(Protocol):
    """What gives clients of one engine; `Docker` is the real one."""

    def asked(self, timeout: float) -> AbstractContextManager[docker.DockerClient]:
        """A client for what is asked while the context is entered; errors as of `Docker.asked`."""


class Docker:
    """Gives clients of one engine.

    Args:
        connection: To its server, where `docker` must be on the path of the user.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: tuple[_Lent, docker.DockerClient] | None = None

    @contextmanager
    def asked(self, timeout: float) -> Iterator[docker.DockerClient]:
        """A client for what is asked while the context is entered.

        When the time is over, the connection is closed, so that nothing waits any longer.

        Raises:
            PortError: the engine refuses what it was asked.
            TemporaryError: it cannot be reached, failed by itself, or did not answer in time.
        """
        ssh = self._connection.client()
        late = threading.Event()

        def give_up() -> None:
            late.set()
            ssh.close()

        lent, client = self._client(ssh)
        client.api.timeout = round(timeout) + 1
        timer = threading.Timer(timeout, give_up)
        timer.daemon = True
        timer.start()
        try:
            with _translated(late, timeout):
                yield client
                if late.is_set():  # an answer that just ends looks complete
                    raise TimeoutError
            if lent.may_be_kept:
                self._kept = lent, client
        finally:
            timer.cancel()
            if self._kept is None:
                client.close()

    def _client(self, ssh: paramiko.SSHClient) -> "tuple[_Lent, docker.DockerClient]":
        """The one of before, which is not to be had again until it has ended well; or a new one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            if kept[0].is_of(ssh) and kept[0].may_be_kept:
                return kept
            kept[1].close()
        lent = _Lent(ssh)
        return lent, _client(lent, str(self._connection.address))


@contextmanager
def _translated(late: threading.Event, timeout: float) -> Iterator[None]:
    """Tell what the SDK and all below it raise as errors of the deployer."""
    try:
        yield
    except APIError as error:
        kind = TemporaryError if (error.status_code or 0) >= _SERVER_ERROR else PortError
        raise kind(f"Docker on the server says: {error.explanation or error}") from error
    except (
        DockerException,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        paramiko.SSHException,
        OSError,
        EOFError,
    ) as error:
        if late.is_set():
            raise TemporaryError(f"Docker did not do it within {timeout:g} s") from error
        raise TemporaryError(f"Docker on the server does not answer: {error}") from error
    except AttributeError as error:
        # urllib3 has lost the socket of a connection that ended while it sent.
        if error.name != "settimeout":
            raise
        raise TemporaryError("the connection to Docker on the server broke") from error


class _Lent:
    """A connection as the SDK has it: what it opens there is closed with it, and nothing else.

    sshd allows ten channels at a time, and the SDK forgets those of what it read as a stream. So
    only a client with one channel is kept; what is at its end is a program that has to be started.
    """

    def __init__(self, ssh: paramiko.SSHClient) -> None:
        self._ssh = ssh
        self._opened: list[paramiko.Channel] = []

    @property
    def may_be_kept(self) -> bool:
        """Whether the one channel that it has can carry more."""
        return [each.closed or each.eof_received for each in self._opened] == [False]

    def is_of(self, ssh: paramiko.SSHClient) -> bool:
        """Whether it is a part of this connection."""
        return self._ssh is ssh

    def get_transport(self) -> Self:
        return self

    def open_session(self) -> paramiko.Channel:
        transport = self._ssh.get_transport()
        if transport is None:
            raise EOFError("the connection was closed")
        self._opened.append(session(transport, _ROOM_SECONDS))
        return self._opened[-1]

    def close(self) -> None:
        for channel in self._opened:
            channel.close()


def _client(lent: _Lent, where: str) -> docker.DockerClient:
    def tell(response: requests.Response, **_given: object) -> None:
        asked = response.request
        question = f"Docker: {asked.method} {asked.path_url}"
        answered(where, question, response.status_code, response.elapsed.total_seconds())

    # Told to call a program for its connection, it makes none of its own. That would ask other
    # files for the server's key than the settings name.
    client = docker.DockerClient("ssh://server", version=_API, use_ssh_client=True)
    adapter = client.api.get_adapter(client.api.base_url)
    assert isinstance(adapter, SSHHTTPAdapter)  # noqa: S101 - the SDK's own for this scheme
    adapter.ssh_client = lent  # type: ignore[assignment]  # all that the SDK asks of it
    client.api.hooks["response"].append(tell)
    return client
