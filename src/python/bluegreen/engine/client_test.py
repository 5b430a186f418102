"""What the SDK raises is told in the deployer's own words."""

import paramiko
import pytest

from bluegreen.engine.client import Docker
from bluegreen.errors import TemporaryError
from bluegreen.ssh.connection import Address, Connection


class Connected(Connection):
    """A connection that nothing is sent by."""

    address = Address("deployer", "server")

    def __init__(self) -> None:
        pass

    def client(self) -> paramiko.SSHClient:
        return paramiko.SSHClient()


def test_a_connection_that_ends_while_the_sdk_sends_is_temporary() -> None:
    with pytest.raises(TemporaryError, match="broke"), Docker(Connected()).asked(1.0):
        None.settimeout(1)  # type: ignore[attr-defined]  # as urllib3 does


def test_a_mistake_of_our_own_is_not() -> None:
    with pytest.raises(AttributeError), Docker(Connected()).asked(1.0):
        Connected().no_such_name()  # type: ignore[attr-defined]
