"""A server as production sees it: an engine with nothing in it, reached by SSH alone.

    with production() as server:
        run([*server.ssh(), "docker", "info"])

Everything is on this machine, listens on loopback or on sockets, and is gone with the context.
Who is let in is not root: `deploy`, a user of the server alone, in the group that may use Docker.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import engine, requirements, sshd
from tests.support.docker import DOCKER
from tests.support.engine import Engine
from tests.support.sshd import Account, Sshd

_PROGRAMS = (
    "docker",
    "dockerd",
    "ip",
    "iptables",
    "ssh",
    "ssh-keygen",
    "sshd",
    "umount",
    "unshare",
)
# Numbers of nobody in a container, and as a first user of a server has them.
_USER, _GROUP = 1001, 1002


@dataclass(frozen=True)
class Production:
    """The server.

    Attributes:
        folder: Of the deployer's own there; empty at first.
        engine: Its Docker, for what a test wants to see without SSH.
        sshd: Its door.
        account: Who is let in.
    """

    folder: Path
    engine: Engine
    sshd: Sshd
    account: Account

    @property
    def address(self) -> str:
        """Where to log in, as user@host:port."""
        return self.sshd.address

    @property
    def known_hosts(self) -> Path:
        """A file that knows the server by its key."""
        return self.sshd.known_hosts

    @property
    def key(self) -> str:
        """The private key of who is let in."""
        return self.sshd.key.read_text()

    @property
    def docker_host(self) -> str:
        """Where its engine is asked without SSH."""
        return self.engine.docker_host

    def ssh(self, known_hosts: Path | None = None) -> Sequence[str]:
        """A client's command line, without what is to be run there."""
        return self.sshd.ssh(known_hosts)

    def kill_ssh_connections(self) -> int:
        """Break all connections; gives their number. What they started runs on."""
        return self.sshd.kill_connections()

    def stop_sshd(self) -> None:
        """Nobody gets in, and who is in is thrown out."""
        self.sshd.stop()

    def start_sshd(self) -> None:
        """Let people in again, by the same keys at the same port."""
        self.sshd.start()

    def restart_engine(self, *, crash: bool = False) -> float:
        """End the engine, in order or by a crash, and start it; gives the seconds that it took."""
        return self.engine.restart(crash=crash)

    def containers(self) -> list[dict[str, Any]]:
        """All containers, running or not, as `docker inspect` tells of them."""
        return self.engine.containers()


@contextmanager
def production() -> Iterator[Production]:
    """Run a server that nobody has deployed to.

    Raises:
        DockerError: its engine does not start.
        SshdError: its sshd does not.
    """
    needed()
    with tempfile.TemporaryDirectory(prefix="tandem-") as scratch:
        home = Path(scratch)
        deploy = Account("deploy", _USER, home / "home", "docker", _GROUP)
        home.chmod(0o711)
        places = {name: home / name for name in ("engine", "ssh", "home", "srv")}
        for name, place in places.items():
            place.mkdir(mode=0o711 if name in ("engine", "ssh") else 0o700)
        for place in (deploy.home, places["srv"]):
            deploy.own(place)
        with (
            engine.running(places["engine"], deploy.group_number) as second,
            sshd.running(places["ssh"], {"DOCKER_HOST": second.docker_host}, deploy) as door,
        ):
            yield Production(places["srv"], second, door, deploy)


def needed() -> None:
    """Skip the test where no server can be made."""
    if os.environ.get(DOCKER) != "1":
        requirements.missing(f"no server: set {DOCKER}=1 where a second Docker engine may be run")
    if os.geteuid() != 0:
        requirements.missing("no server: only root can run a second Docker engine")
    lacking = [program for program in _PROGRAMS if shutil.which(program) is None]
    if lacking:
        requirements.missing(f"no server: install {', '.join(lacking)}")
