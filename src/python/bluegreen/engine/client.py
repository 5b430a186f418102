"""The Docker SDK on a server's engine, by the connection that carries everything else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import docker
import paramiko
import requests
import urllib3.exceptions
from docker.errors import APIError, DockerException
from docker.transport import SSHHTTPAdapter

from bluegreen.errors import PortError, TemporaryError
from bluegreen.ssh.connection import Connection, session

_API = "1.41"
"""Of Docker 20.10, which is the oldest that this works with."""

_SERVER_ERROR = 500
_ROOM_SECONDS = 15.0


class Docker:
    """Gives clients of one engine.

    Args:
        connection: To its server, where `docker` must be on the path of the user.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

        client = _client(_Lent(ssh), timeout)
        timer = threading.Timer(timeout, give_up)
        timer.daemon = True
        timer.start()
        try:
            yield client
            if late.is_set():  # an answer that just ends looks complete
                raise TimeoutError
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
        finally:
            timer.cancel()
            client.close()


class _Lent:
    """A connection as the SDK has it: what it opens there is closed with it, and nothing else.

    sshd allows ten channels at a time, and the SDK forgets those of what it read as a stream.
    """

    def __init__(self, ssh: paramiko.SSHClient) -> None:
        self._ssh = ssh
        self._opened: list[paramiko.Channel] = []

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


def _client(lent: _Lent, timeout: float) -> docker.DockerClient:
    # Told to call a program for its connection, it makes none of its own. That would ask other
    # files for the server's key than the settings name.
    client = docker.DockerClient(
        "ssh://server", version=_API, timeout=round(timeout) + 1, use_ssh_client=True
    )
    adapter = client.api.get_adapter(client.api.base_url)
    assert isinstance(adapter, SSHHTTPAdapter)  # noqa: S101 - the SDK's own for this scheme
    adapter.ssh_client = lent  # type: ignore[assignment]  # all that the SDK asks of it
    return client
