"""The Docker SDK on a server's engine, by the connection that carries everything else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import paramiko
import requests
import urllib3.exceptions
from docker.errors import APIError, DockerException
from docker.transport import SSHHTTPAdapter

from bluegreen.errors import PortError, TemporaryError
from bluegreen.ssh.connection import Connection

_API = "1.41"
"""Of Docker 20.10, which is the oldest that this works with."""

_SERVER_ERROR = 500


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

        client, adapter = _client(ssh, timeout)
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
            # Its channels are closed: sshd allows a connection ten. The connection is not its own.
            adapter.ssh_client = None
            client.close()


def _client(ssh: paramiko.SSHClient, timeout: float) -> tuple[docker.DockerClient, SSHHTTPAdapter]:
    # Told to call a program for its connection, it makes none of its own. That would ask other
    # files for the server's key than the settings name.
    client = docker.DockerClient(
        "ssh://server", version=_API, timeout=round(timeout) + 1, use_ssh_client=True
    )
    adapter = client.api.get_adapter(client.api.base_url)
    assert isinstance(adapter, SSHHTTPAdapter)  # noqa: S101 - the SDK's own for this scheme
    adapter.ssh_client = ssh
    return client, adapter
