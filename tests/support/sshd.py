"""A real sshd on loopback, that lets in one user, by one key.

with sshd.running(folder, {"DOCKER_HOST": second.docker_host}) as server:
    run([*server.ssh(), "docker", "info"])

That user is who runs the tests. With an account it is somebody whom only this sshd and what it
starts know: to them the files of users and groups are others than this machine's.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port

START_TIMEOUT = 30.0
"""Seconds that sshd has until it takes connections."""

_POLL_INTERVAL = 0.02
_CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
AllowUsers {user}
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
# The folder lies in one that others may write to.
StrictModes no
AllowTcpForwarding no
AllowAgentForwarding no
X11Forwarding no
LogLevel VERBOSE
Subsystem sftp internal-sftp
SetEnv {environment}
"""


# As `exec` replaces the shell, the process that was started is sshd itself.
_ELSEWHERE = """\
for name in passwd group; do mount --bind "$0/$name" "/etc/$name"; done
exec "$@"
"""


@dataclass(frozen=True)
class Account:
    """A user of a server, in a group beside its own.

    Attributes:
        name: What it logs in as.
        number: The user's number, and that of its own group.
        home: A folder of it.
        group: The other group.
        group_number: Its number.
    """

    name: str
    number: int
    home: Path
    group: str
    group_number: int

    def own(self, path: Path) -> None:
        """Give it a file, or a folder with all that is in it."""
        for each in (path, *path.rglob("*")):
            os.chown(each, self.number, self.number)

    def write(self, folder: Path) -> None:
        """Write the files of users and groups of this machine, and it."""
        user = f"{self.name}:*:{self.number}:{self.number}::{self.home}:/bin/bash"
        groups = (
            f"{self.name}:x:{self.number}:",
            f"{self.group}:x:{self.group_number}:{self.name}",
        )
        for name, lines in (("passwd", [user]), ("group", groups)):
            mine = {line.partition(":")[0] for line in lines}
            others = Path("/etc", name).read_text().splitlines()
            kept = [line for line in others if line.partition(":")[0] not in mine]
            (folder / name).write_text("\n".join([*lines, *kept]) + "\n")


class SshdError(Exception):
    """sshd did not start; the message holds what it wrote."""


@dataclass
class Sshd:
    """A started sshd.

    Attributes:
        folder: Its keys, its configuration and its log.
        user: Who is let in.
        port: Where it listens on 127.0.0.1.
        account: Of the user, unless it is one of this machine.
    """

    folder: Path
    user: str
    port: int
    account: Account | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Where to log in, as user@host:port."""
        return f"{self.user}@127.0.0.1:{self.port}"

    @property
    def key(self) -> Path:
        """The private key of who is let in."""
        return self.folder / "client_key"

    @property
    def known_hosts(self) -> Path:
        """A file that knows the server by its key."""
        return self.folder / "known_hosts"

    @property
    def log(self) -> Path:
        """What it writes: logins and their ends."""
        return self.folder / "sshd.log"

    def ssh(self, known_hosts: Path | None = None) -> list[str]:
        """A client's command line, without what is to be run there.

        Args:
            known_hosts: Another file of known hosts.
        """
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": known_hosts or self.known_hosts,
            "GlobalKnownHostsFile": "none",
        }
        told = [f"-o{name}={value}" for name, value in options.items()]
        place = [f"-p{self.port}", f"-i{self.key}", f"{self.user}@127.0.0.1"]
        return ["ssh", "-Fnone", *told, *place]

    def start(self) -> None:
        """Start it, and wait until it takes connections.

        Raises:
            SshdError: it does not.
        """
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd insists on it
        program = shutil.which("sshd")
        assert program is not None
        command = [program, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        if self.account is not None:
            self.account.write(self.folder)
            apart = ["unshare", "--mount", "--propagation=slave"]
            command = [*apart, "bash", "-euc", _ELSEWHERE, str(self.folder), *command]
        with self.log.open("ab") as log:
            # A server of our own.
            self._process = subprocess.Popen(command, stderr=log)  # noqa: S603
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(_POLL_INTERVAL)
        raise SshdError(self.log.read_text())

    def kill_connections(self) -> int:
        """End the processes of all connections at once, as they break; gives their number.

        What was started by them runs on, and finds that nobody listens.
        """
        pids = [] if self._process is None else _children(self._process.pid)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def stop(self) -> None:
        """End it, and all connections."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGSTOP)  # it takes no connection from here on
        self.kill_connections()
        self._process.kill()
        self._process.wait()


def _children(parent: int) -> list[int]:
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):
                # The name of the program, in parentheses, may hold anything.
                state = (each / "stat").read_text().rpartition(")")[2].split()
                if int(state[1]) == parent:
                    found.append(int(each.name))
    return found


def make_key(path: Path) -> str:
    """Make a private key without a passphrase; gives its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)]
    subprocess.run(command, check=True)  # noqa: S603  # a key of our own
    return path.with_name(f"{path.name}.pub").read_text()


@contextmanager
def running(
    folder: Path, environment: Mapping[str, str], account: Account | None = None
) -> Iterator[Sshd]:
    """Run an sshd.

    Args:
        folder: For its keys, its configuration and its log; an account must get into it.
        environment: What each session is told.
        account: Who is let in; only root can run an sshd for another than itself.

    Raises:
        SshdError: it does not start.
    """
    user = account.name if account else pwd.getpwuid(os.geteuid()).pw_name
    server = Sshd(folder, user, free_port(), account)
    host = make_key(folder / "host_key")
    (folder / "authorized_keys").write_text(make_key(server.key))
    server.known_hosts.write_text(known(server, host))
    # bash would run what the user of this machine has in ~/.bashrc, before every command.
    variables = {**environment, "HOME": str(account.home if account else folder)}
    told = " ".join(f'"{name}={value}"' for name, value in variables.items())
    (folder / "sshd_config").write_text(
        _CONFIGURATION.format(port=server.port, folder=folder, user=server.user, environment=told)
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


def known(server: Sshd, public_key: str) -> str:
    """A line of a file of known hosts that names a server's key."""
    return f"[127.0.0.1]:{server.port} {' '.join(public_key.split()[:2])}\n"
