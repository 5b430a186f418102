"""A connection to a server: commands there, each within its time.

One connection carries everything, commands side by side. One that broke is made anew by the next
command. Whatever is run on the server ends there by itself soon after its time, also when the
connection is gone and nobody waits for it any more; and at once when who waits is interrupted.
"""

import io
import select
import shlex
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import paramiko

from bluegreen.errors import LateError, PortError, TemporaryError
from bluegreen.trace import traced

_CONNECT_SECONDS = 15.0
_KEEPALIVE_SECONDS = 5
_AFTER_SECONDS = 5.0
"""How much longer the server's own limit of a command is than the one here."""

_POLL_SECONDS = 0.2
_CHUNK = 65_536
_KILLED = -1
_OUT_OF_TIME = 124
"""What `timeout` ends with."""

_WITH_ITS_NUMBER = 'echo $$; exec "$@"'
_END_SECONDS = 5.0


@dataclass(frozen=True)
class Address:
    """Where an sshd listens, and for whom.

    Attributes:
        port: 22 unless told otherwise.
    """

    user: str
    host: str
    port: int = 22

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read USER@HOST or USER@HOST:PORT, as the settings have checked it."""
        user, _, rest = text.partition("@")
        host, _, port = rest.partition(":")
        return cls(user, host, int(port or 22))

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


@dataclass(frozen=True)
class Done:
    """How a command ended.

    Attributes:
        code: Its exit code; -1 if a signal killed it.
        output: What it wrote to its standard output.
        errors: What it wrote to its standard error.
    """

    code: int
    output: str
    errors: str


class Runs(Protocol):
    """What runs commands on a server; a `Connection` is the real one."""

    def run(self, command: Sequence[str], *, timeout: float, stdin: str = "") -> Done:
        """Run a command, given as its words; errors as of `Connection.run`."""


class Connection:
    """Runs commands on one server.

    Args:
        address: Of its sshd.
        known_hosts: The file with its host key.
        key: A private key as text; without one the agent and the keys in ~/.ssh are tried.
    """

    def __init__(self, address: Address, known_hosts: Path, key: str | None = None) -> None:
        self._address = address
        self._known_hosts = known_hosts
        self._key = key
        self._client: paramiko.SSHClient | None = None
        self._turn = threading.Lock()

    @property
    def address(self) -> Address:
        """Where it leads."""
        return self._address

    def client(self) -> paramiko.SSHClient:
        """The connection itself, alive as far as known.

        Raises:
            PortError: the server's key is not the known one, or it does not let this user in.
            TemporaryError: it cannot be reached.
        """
        with self._turn:
            if self._client is not None and not _is_alive(self._client):
                self._client.close()
                self._client = None
            if self._client is None:
                self._client = self._connected()
            return self._client

    def run(self, command: Sequence[str], *, timeout: float, stdin: str = "") -> Done:
        """Run a command, given as its words.

        Args:
            command: The program and its arguments.
            timeout: Seconds that it may take.
            stdin: What it reads.

        Raises:
            PortError: the server does not let us in.
            TemporaryError: the connection broke; what has been done of it is not known.
            LateError: the command took too long.
        """
        with traced(str(self._address), command) as ended:
            done = self._limited(command, timeout, stdin)
            ended(done.code)
        return done

    def _limited(self, command: Sequence[str], timeout: float, stdin: str) -> Done:
        """Run a command that ends by itself on the server soon after its time."""
        limit = f"{timeout + _AFTER_SECONDS:.0f}"
        limited = ["timeout", "--kill-after=5", limit, *command]
        words = ["sh", "-c", _WITH_ITS_NUMBER, "sh", *limited]
        client = self.client()
        try:
            with _closed_after(client, timeout + _AFTER_SECONDS):
                return self._run(client, shlex.join(words), timeout, stdin)
        except TimeoutError as error:
            # A server that went silent looks the same: the next command connects anew.
            self._drop(client)
            message = f"{_named(command)} took longer than {timeout:g} s"
            wrote = error.wrote if isinstance(error, _OutOfTimeError) else ""
            raise LateError(message, wrote=wrote) from None
        except paramiko.ChannelException as error:
            raise TemporaryError(f"{self._address} has no room for a command: {error}") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            self._drop(client)
            raise TemporaryError(f"the connection to {self._address} broke: {error}") from error

    def close(self) -> None:
        """End the connection."""
        with self._turn:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _run(self, client: paramiko.SSHClient, line: str, timeout: float, stdin: str) -> Done:
        end = time.monotonic() + timeout
        transport = client.get_transport()
        if transport is None:
            raise EOFError("it was closed")
        with session(transport, min(timeout, _CONNECT_SECONDS)) as channel:
            channel.settimeout(timeout)
            channel.exec_command(line)
            number = _first_line(channel)
            try:
                if stdin:
                    channel.sendall(stdin.encode())
                channel.shutdown_write()
                output, errors = _read(channel, end)
            except KeyboardInterrupt:
                _end(transport, number)
                raise
            code = channel.recv_exit_status()
        if code == _KILLED:
            # A transport that ends says so to its channels first.
            transport.join(_POLL_SECONDS)
            if not transport.is_active():
                raise EOFError("it ended within a command")
        if code == _OUT_OF_TIME:
            raise _OutOfTimeError(output, errors)
        return Done(code, output, errors)

    def _drop(self, client: paramiko.SSHClient) -> None:
        client.close()
        with self._turn:
            if self._client is client:
                self._client = None

    def _connected(self) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_Refuse())
        try:
            client.load_host_keys(str(self._known_hosts))
        except (OSError, paramiko.SSHException) as error:
            reason = getattr(error, "strerror", None) or "it is not understood"
            raise PortError(f"{self._known_hosts} cannot be read: {reason}") from None
        try:
            client.connect(
                self._address.host,
                self._address.port,
                self._address.user,
                pkey=_private(self._key) if self._key else None,
                allow_agent=self._key is None,
                look_for_keys=self._key is None,
                timeout=_CONNECT_SECONDS,
                banner_timeout=_CONNECT_SECONDS,
                auth_timeout=_CONNECT_SECONDS,
                channel_timeout=_CONNECT_SECONDS,
            )
        except BaseException as error:
            client.close()
            raise self._refused(error) from error
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(_KEEPALIVE_SECONDS)
            # A command is a few small packets one behind the other. With Nagle's algorithm the next
            # would wait until the server acknowledges the last, which it puts off by 40 ms.
            if isinstance(transport.sock, socket.socket):
                transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def _refused(self, error: BaseException) -> BaseException:
        match error:
            case paramiko.BadHostKeyException():
                return PortError(
                    f"the host key of {self._address} is not the one in {self._known_hosts}: "
                    "somebody else answers, or the server was made anew; find out before you go on"
                )
            case _UnknownHostError():
                return PortError(
                    f"{self._known_hosts} has no key of {self._address}; look it up with "
                    f"`ssh-keyscan -p {self._address.port} {self._address.host}`, compare it with "
                    "what the server itself shows, and add the line"
                )
            case paramiko.AuthenticationException():
                return PortError(
                    f"{self._address} does not let us in ({str(error).rstrip('.')}); name its "
                    "key as `key` of the destination, or add the public key to "
                    f"~{self._address.user}/.ssh/authorized_keys there"
                )
            case paramiko.SSHException() if "No authentication methods" in str(error):
                return PortError(
                    f"no key for {self._address}: name one as `key` of the destination, start an "
                    "agent that has it, or put it into ~/.ssh"
                )
            case paramiko.SSHException() | OSError() | EOFError():
                return TemporaryError(f"{self._address} cannot be reached: {error}")
            case _:
                return error


@contextmanager
def _closed_after(client: paramiko.SSHClient, seconds: float) -> Iterator[None]:
    """Close a connection whose server is silent where paramiko itself would wait for ever.

    Raises:
        TimeoutError: that was so.
    """
    late = threading.Event()

    def give_up() -> None:
        late.set()
        client.close()

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (paramiko.SSHException, OSError, EOFError):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def session(transport: paramiko.Transport, timeout: float) -> paramiko.Channel:
    """A channel of a connection, as soon as sshd has room for one more.

    It has ten at a time, and those that were closed count until what they ran has ended.

    Raises:
        paramiko.SSHException: the connection is no more, or there is no room within the seconds.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            return transport.open_session(timeout=timeout)
        except paramiko.SSHException:
            # Of several that are refused at a time, paramiko says to one alone that it was this.
            if not transport.is_active() or time.monotonic() > end:
                raise
        time.sleep(_POLL_SECONDS)


class _OutOfTimeError(TimeoutError):
    """Of a command whose output until then is known."""

    def __init__(self, output: str, errors: str) -> None:
        self.wrote = f"{output}{errors}"
        super().__init__(self.wrote)


class _UnknownHostError(paramiko.SSHException):
    pass


class _Refuse(paramiko.MissingHostKeyPolicy):
    def missing_host_key(
        self, _client: paramiko.SSHClient, hostname: str, _key: paramiko.PKey
    ) -> None:
        raise _UnknownHostError(hostname)


def _is_alive(client: paramiko.SSHClient) -> bool:
    transport = client.get_transport()
    return transport is not None and transport.is_active()


def _private(text: str) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except paramiko.SSHException:
            continue
    raise PortError("the key is no private key of OpenSSH without a passphrase")


def _first_line(channel: paramiko.Channel) -> str:
    """The first line of what a command writes; less of it if that is all."""
    line = bytearray()
    while not line.endswith(b"\n") and (byte := channel.recv(1)):
        line += byte
    return line.decode(errors="replace").strip()


def _end(transport: paramiko.Transport, number: str) -> None:
    """Have a command end, by its process; nobody waits for it any more."""
    with (
        suppress(paramiko.SSHException, OSError, EOFError),
        session(transport, _END_SECONDS) as channel,
    ):
        channel.settimeout(_END_SECONDS)
        channel.exec_command(shlex.join(["kill", number]))
        channel.recv(1)


def _read(channel: paramiko.Channel, end: float) -> tuple[str, str]:
    """Everything that a command writes, until it has ended."""
    output, errors = bytearray(), bytearray()
    while True:
        # Looked at first: what is read after it is all there will be.
        ended = channel.exit_status_ready() or channel.closed
        while channel.recv_ready():
            output += channel.recv(_CHUNK)
        while channel.recv_stderr_ready():
            errors += channel.recv_stderr(_CHUNK)
        if ended and (channel.eof_received or channel.closed):
            return _text(output), _text(errors)
        if time.monotonic() > end:
            raise _OutOfTimeError(_text(output), _text(errors))
        _wait(channel)


def _text(read: bytearray) -> str:
    return read.decode(errors="replace")


def _wait(channel: paramiko.Channel) -> None:
    try:
        select.select([channel], [], [], _POLL_SECONDS)
    except (OSError, ValueError):
        # Closed in between: the next look says so.
        time.sleep(_POLL_SECONDS)


def _named(command: Sequence[str]) -> str:
    return " ".join(command[:3])
