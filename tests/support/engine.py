"""A second Docker engine beside the one that is there, with nothing in it.

    with engine.running(folder) as second:
        second.docker("pull", "127.0.0.1:5000/tandem/account@sha256:...")

An engine clears its chains of iptables when it starts, by their names: two engines would take each
other's rules. So this one finds an `iptables` that gives its chains other names.
"""

import ipaddress
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.docker import DockerError, containers, run

START_TIMEOUT = 60.0
"""Seconds that the engine has to answer."""

STOP_TIMEOUT = 60.0

_POLL_INTERVAL = 0.1
_TABLES = ("filter", "nat")
_CHAINS = "T{name}-"
_IPTABLES = """\
#!/bin/bash
arguments=()
for each; do
    [[ $each != DOCKER && $each != DOCKER-* ]] || each={prefix}${{each#DOCKER-}}
    arguments+=("$each")
done
exec {iptables} "${{arguments[@]}}"
"""


@dataclass
class Engine:
    """A started engine.

    Attributes:
        folder: All that it has.
        name: Of its bridge; unique on this machine.
        network: Where the addresses of its containers come from, all of them.
        group: The number of the group that may use it, beside root.
    """

    folder: Path
    name: str
    network: ipaddress.IPv4Network
    group: int
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def docker_host(self) -> str:
        """Where it is asked, as `DOCKER_HOST` says it."""
        return f"unix://{self.folder / 'docker.sock'}"

    @property
    def log(self) -> Path:
        """What it writes."""
        return self.folder / "dockerd.log"

    def docker(self, *arguments: str, timeout: float = 60.0) -> str:
        """Run a command of the Docker client on this engine; gives what it printed.

        Raises:
            DockerError: it failed, or took longer.
        """
        return run(["docker", *arguments], self.environment, timeout).stdout

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads a client here, without credentials or contexts of the user of this machine."""
        return {"DOCKER_HOST": self.docker_host, "DOCKER_CONFIG": str(self.folder / "client")}

    def containers(self) -> list[dict[str, Any]]:
        """All containers, running or not, as `docker inspect` tells of them."""
        return containers(environment=self.environment)

    def start(self) -> float:
        """Start it and wait until it answers; gives the seconds that it took.

        Raises:
            DockerError: it does not.
        """
        began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # an engine of our own
                self._command(),
                env={
                    **os.environ,
                    "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while time.monotonic() - began < START_TIMEOUT and self._process.poll() is None:
            if self._answers():
                return time.monotonic() - began
            time.sleep(_POLL_INTERVAL)
        raise DockerError(f"the second engine does not answer:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """End it in order; containers run on."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def restart(self, *, crash: bool = False) -> float:
        """End it and start it again; gives the seconds until it answered again."""
        began = time.monotonic()
        self.kill() if crash else self.stop()
        self.start()
        return time.monotonic() - began

    def remove_everything(self) -> None:
        """Remove all containers and networks; starts the engine if it does not run."""
        if not self._answers():
            self.kill()
            self.start()
        end = time.monotonic() + STOP_TIMEOUT
        # What another removes at the same time is an error, and soon gone.
        while ids := self.docker("ps", "--all", "--quiet").split():
            command = ["docker", "rm", "--force", "--volumes", *ids]
            done = run(command, self.environment, STOP_TIMEOUT, check=False)
            if done.returncode and time.monotonic() > end:
                raise DockerError(done.stderr)
        if ids := self.docker("network", "ls", "--quiet", "--filter", "type=custom").split():
            self.docker("network", "rm", *ids, timeout=STOP_TIMEOUT)

    def _answers(self) -> bool:
        return run(["docker", "info"], self.environment, check=False).returncode == 0

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(STOP_TIMEOUT)

    def _command(self) -> list[str]:
        _, containers = self.network.subnets(prefixlen_diff=1)
        return [
            "dockerd",
            f"--host={self.docker_host}",
            f"--group={self.group}",
            f"--data-root={self.folder / 'data'}",
            f"--exec-root={self.folder / 'exec'}",
            f"--pidfile={self.folder / 'dockerd.pid'}",
            f"--config-file={self.folder / 'none.json'}",
            f"--bridge={self.name}",
            f"--default-address-pool=base={containers},size=24",
            # Containers run on without it. And told of address pools alone, Docker removes docker0,
            # which is the first engine's, as it starts again.
            "--live-restore",
            # A proxy would end with the engine, and ports of 127.0.0.1 with it.
            "--userland-proxy=false",
        ]


@contextmanager
def running(folder: Path, group: int) -> Iterator[Engine]:
    """Run an engine; what it has is removed at the end, as it found the machine.

    Args:
        folder: For all that it has; a short path, since a socket is in it.
        group: The number of the group that may use it, beside root.

    Raises:
        DockerError: it does not answer.
    """
    name = f"tandem{secrets.token_hex(3)}"
    engine = Engine(folder, name, _free_network(), group)
    _write_iptables(engine)
    (folder / "none.json").write_text("{}")
    _add_bridge(engine)
    try:
        engine.start()
        try:
            yield engine
        finally:
            engine.remove_everything()
    finally:
        engine.stop()
        _end_containerd(engine)
        _unmount(folder)
        run(["ip", "link", "delete", name], check=False)
        _remove_rules(engine)


def _prefix(engine: Engine) -> str:
    return _CHAINS.format(name=engine.name.removeprefix("tandem"))


def _write_iptables(engine: Engine) -> None:
    for program in ("iptables", "ip6tables"):
        found = shutil.which(program)
        if found is not None:
            script = engine.folder / "bin" / program
            script.parent.mkdir(exist_ok=True)
            script.write_text(_IPTABLES.format(prefix=_prefix(engine), iptables=found))
            script.chmod(0o755)


def _free_network() -> ipaddress.IPv4Network:
    """A /16 that no route of this machine meets, beside those that Docker takes by itself."""
    routes = json.loads(run(["ip", "-json", "route", "show", "table", "all"]).stdout)
    taken = [
        ipaddress.ip_network(each["dst"], strict=False)
        for each in routes
        if each["dst"] != "default" and ":" not in each["dst"]
    ]
    while True:
        network = ipaddress.IPv4Network((f"10.{128 + secrets.randbelow(96)}.0.0", 16))
        if not any(network.overlaps(each) for each in taken):
            return network


def _add_bridge(engine: Engine) -> None:
    address = f"{engine.network.network_address + 1}/24"
    for command in (
        ["ip", "link", "add", engine.name, "type", "bridge"],
        ["ip", "address", "add", address, "dev", engine.name],
        ["ip", "link", "set", engine.name, "up"],
    ):
        run(command)


def _end_containerd(engine: Engine) -> None:
    """It outlives an engine that was killed."""
    path = engine.folder / "exec/containerd/containerd.pid"
    if not path.exists():
        return
    pid = int(path.read_text())
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and str(engine.folder).encode() in command.read_bytes():
        os.kill(pid, signal.SIGKILL)


def _unmount(folder: Path) -> None:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in reversed(points):
        if Path(point).is_relative_to(folder):
            run(["umount", "--lazy", point], check=False)


def _remove_rules(engine: Engine) -> None:
    """Remove what an engine leaves: its chains, and rules that name them, its bridge or network."""
    prefix = _prefix(engine)
    ours = (prefix, engine.name, str(engine.network.network_address).removesuffix("0.0"))
    for table in _TABLES:
        iptables = ["iptables", "--wait", "--table", table]
        listed = run([*iptables, "--list-rules"]).stdout.splitlines()
        for line in listed:
            rule = line.split()
            if rule[0] == "-A" and any(each in line for each in ours):
                run([*iptables, "-D", *rule[1:]], check=False)
        for line in listed:
            chain = line.split()[1]
            if line.startswith("-N") and chain.startswith(prefix):
                run([*iptables, "--delete-chain", chain], check=False)
