"""What a connection makes of what paramiko says; the real one is in `tests/bluegreen/`."""

from threading import Event
from typing import Self, cast

import paramiko
import pytest

from bluegreen.errors import LateError, TemporaryError
from bluegreen.ssh.connection import Connection


class Ended:
    """A channel that ended without an exit code, of a transport that has not said yet that it did.

    So it is for a moment when a connection breaks.
    """

    closed, eof_received, alive = True, True, True

    def get_transport(self) -> Self:
        return self

    def open_session(self, timeout: float) -> Self:  # noqa: ARG002 - paramiko's
        return self

    def is_active(self) -> bool:
        return self.alive

    def join(self, _timeout: float) -> None:
        self.alive = False

    def recv_exit_status(self) -> int:
        return -1

    def recv_ready(self) -> bool:
        return False

    recv_stderr_ready = recv_ready
    exit_status_ready = is_active

    def settimeout(self, seconds: float) -> None:
        pass

    def exec_command(self, line: str) -> None:
        pass

    def recv(self, _size: int) -> bytes:
        return b""

    def shutdown_write(self) -> None:
        pass

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


class Silent(Ended):
    """A channel of a server that opened it, and says nothing any more."""

    def __init__(self) -> None:
        self._gone = Event()

    def exec_command(self, line: str) -> None:
        assert self._gone.wait(10), f"{line} waits for ever"
        raise paramiko.SSHException("Channel closed.")

    def close(self) -> None:
        self._gone.set()


class Endless(Ended):
    """A channel of a command that writes its number and one more line, and does not end."""

    closed = eof_received = False

    def __init__(self) -> None:
        self._wrote = b"4711\nso far\n"

    def exit_status_ready(self) -> bool:
        return False

    def recv_ready(self) -> bool:
        return bool(self._wrote)

    def recv(self, size: int) -> bytes:
        said, self._wrote = self._wrote[:size], self._wrote[size:]
        return said

    def fileno(self) -> int:
        return -1


class Broken(Connection):
    def __init__(self, ended: Ended) -> None:
        self._ended = ended

    def client(self) -> paramiko.SSHClient:
        return cast("paramiko.SSHClient", self._ended)

    def _drop(self, client: paramiko.SSHClient) -> None:
        pass

    _address = "deployer@server:22"  # type: ignore[assignment]  # for the message


def test_a_command_whose_connection_broke_is_not_one_that_a_signal_killed() -> None:
    with pytest.raises(TemporaryError, match="broke: it ended within a command"):
        Broken(Ended()).run(["true"], timeout=1)


def test_a_server_that_falls_silent_before_a_command_begins_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bluegreen.ssh.connection._AFTER_SECONDS", 0.1)
    with pytest.raises(TemporaryError, match=r"true took longer than 0\.1 s"):
        Broken(Silent()).run(["true"], timeout=0.1)


def test_what_a_command_wrote_that_takes_too_long_is_kept_for_who_may_show_it() -> None:
    with pytest.raises(LateError, match=r"sleep 60 took longer than 0\.1 s") as late:
        Broken(Endless()).run(["sleep", "60"], timeout=0.1)
    assert (late.value.wrote, late.value.detail) == ("so far\n", "")
