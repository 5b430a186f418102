"""The deployer as people run it: its command line, on a server and a registry of a test's own.

    with delivery.ready() as site:
        site.deploy()                        # a first release, the images of the checkout
        done = site.run("status")
        with site.begun("deploy", "--release", str(site.built(tag))) as process:
            process.kill()

Images are pushed and pulled for real. Releases are those of `tests.support.releases`.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bluegreen.state import State
from infra.compose.make_secrets import make
from tests.docs.commands import Command, Done
from tests.docs.programs import on_path
from tests.support.applications import APPLICATIONS
from tests.support.docker import CHECKOUT, needed
from tests.support.docker import run as run_program
from tests.support.ports import free_network, free_port
from tests.support.production import Production, production
from tests.support.registry import Registry, registry

DEPLOY_TIMEOUT = 420.0
"""Seconds that a deploy may take on a busy machine."""

_SETTINGS = """\
notify = [{{environment = "TANDEM_TEST_NOTIFY"}}]

[project]
name = "tandem"
registry = "{registry}/tandem"
services = {services}

[build]
command = ["true"]
compose = {{lane = "{lane_file}"}}
images = "tandem/{{name}}:{tag}"
names = ["kafka", "kafka-tools", "nginx", "postgres"]
heads = {{image = "database", command = ["migrate", "heads", "--json"]}}

[tasks]
heads = "database-migrate migrate status --json"
check = "database-migrate migrate check --since {{expand}}"
expand = ["database-prepare", "{expand}"]
contract = ["database-migrate migrate contract"]
prepare = ["identity-keys", "kafka-topics", "kafka-emptied", "kafka-access", "nginx-routes"]
prepare-again = ["kafka-topics", "kafka-emptied", "kafka-access"]
publish = ["static"]
prove = ["scenario"]
secrets = ["database-prepare"]

[watch]
{watch}

[keep]
{keep}

[destinations.production]
address = "{address}"
known-hosts = "{known_hosts}"
key = {{environment = "TANDEM_TEST_KEY"}}
folder = "{folder}"
public-url = "{url}"
{destination}

[destinations.production.environment]
TANDEM_PORT = "{port}"
TANDEM_EDGE_SUBNET = "{network}"
TANDEM_TRUSTED_BALANCERS = "{network}"
"""


@dataclass
class Delivery:
    """A place to deliver to, and to deliver from.

    Attributes:
        server: Where releases go.
        registry: How they get there.
        home: The folder that the deployer is run in.
        url: Where nginx answers, once it is there.
        public_url: Where people come, if that is not there.
        heard: What was told to whom is to be notified.
        watch: The seconds that a new lane is watched, and other lines of that table.
        expand: The task that expands the schema.
        more_services: Beside those of this repository; see `tests.support.many_services`.
        lane_file: The Compose file of a lane, in the home.
        keep: Lines of the table of what a way back needs.
        destination: More lines of the table of the destination.
        known_hosts: The file that knows the server.
        key: Another key than the one that is let in.
        tag: Of the images that the next release is built of.
    """

    server: Production
    registry: Registry
    home: Path
    url: str
    network: str
    heard: list[dict[str, Any]] = field(default_factory=list)
    # A machine that is busy with a suite is slow at times, with whatever release.
    watch: str = "seconds = 5\ninterval = 1\nfast-enough = 20"
    expand: str = "database-migrate"
    notify: str = ""
    more_services: tuple[str, ...] = ()
    lane_file: str = "infra/compose/lane.yml"
    keep: str = ""
    destination: str = ""
    public_url: str = ""
    known_hosts: str = "known_hosts"
    key: str = ""
    tag: str = "dev"

    @property
    def state(self) -> State:
        """What the server remembers."""
        file = self.server.folder / "state.json"
        return State.parse(file.read_text(), str(file)) if file.exists() else State()

    @property
    def serving(self) -> str:
        """The version that has the traffic.

        Raises:
            AssertionError: none has.
        """
        serving = self.state.serving
        assert serving is not None
        return serving.version

    def servers(self) -> dict[str, dict[str, Any]]:
        """The containers of what belongs to no lane, by their services."""
        project, service = "com.docker.compose.project", "com.docker.compose.service"
        labelled = [(each["Config"]["Labels"], each) for each in self.server.containers()]
        return {labels[service]: each for labels, each in labelled if labels[project] == "tandem"}

    def built(self, tag: str = "dev") -> Path:
        """Put a release together of the images `tandem/NAME:TAG`, and push them; its folder."""
        self.tag = tag
        self._write_settings()
        folder = self.home / f"release-{secrets.token_hex(4)}"
        done = self.run("build", "--release", str(folder))
        assert done.returncode == 0, done.stderr
        return folder

    def deploy(self, tag: str = "dev", *options: str) -> subprocess.CompletedProcess[str]:
        """Build and deploy a release; how the deploy ended."""
        return self.run("deploy", "--release", str(self.built(tag)), *options)

    def run(
        self, *arguments: str, timeout: float = DEPLOY_TIMEOUT
    ) -> subprocess.CompletedProcess[str]:
        """Run the deployer to its end."""
        return subprocess.run(  # noqa: S603  # our own program
            [*_COMMAND, *arguments],
            cwd=self.home,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def typed(self, command: Command, instead: Mapping[str, str] | None = None) -> Done:
        """Type a command of the docs; `bluegreen` is the deployer.

        Args:
            command: What.
            instead: What stands for its placeholders.
        """
        path = on_path(self.home / "bin", {"bluegreen": _COMMAND})["PATH"]
        return command.run(
            folder=self.home,
            environment={**self._environment(), "PATH": path},
            instead=instead,
            timeout=DEPLOY_TIMEOUT,
        )

    @contextmanager
    def told(self, **changes: str) -> Iterator[None]:
        """Other settings, by the names of attributes, while the context is entered."""
        before = {name: getattr(self, name) for name in changes}
        try:
            self._tell(changes)
            yield
        finally:
            self._tell(before)

    @contextmanager
    def begun(self, *arguments: str, quiet: bool = False) -> Iterator[subprocess.Popen[str]]:
        """The deployer as it runs; it is killed at the end, if it still does.

        Args:
            arguments: Of its command line.
            quiet: Whether nobody reads what it writes.
        """
        with subprocess.Popen(  # noqa: S603  # our own program
            [*_COMMAND, *arguments],
            cwd=self.home,
            env=self._environment(),
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def _tell(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        self._write_settings()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path),
            "PYTHONUNBUFFERED": "1",
            "TANDEM_TEST_KEY": self.key or self.server.key,
            "TANDEM_TEST_NOTIFY": self.notify,
            "BLUEGREEN_OWNER": "tests",
        }

    def _write_settings(self) -> None:
        text = _SETTINGS.format(
            registry=self.registry.host,
            services=json.dumps([*self.more_services, *reversed(APPLICATIONS)]),
            lane_file=self.lane_file,
            tag=self.tag,
            expand=self.expand,
            watch=self.watch,
            address=self.server.address,
            folder=self.server.folder,
            url=self.public_url or self.url,
            port=self.url.rpartition(":")[2],
            network=self.network,
            keep=self.keep,
            destination=self.destination,
            known_hosts=self.known_hosts,
        )
        (self.home / "deploy.toml").write_text(text)


_COMMAND: Sequence[str] = (sys.executable, "-m", "bluegreen")


@contextmanager
def ready() -> Iterator[Delivery]:
    """A bare server, with the secrets of the system on it, and all that reaches it."""
    needed()
    with (
        tempfile.TemporaryDirectory(prefix="tandem-delivery-") as scratch,
        registry() as images,
        production() as server,
        listening() as (notify, heard),
    ):
        home = Path(scratch)
        make(server.folder / "secrets", APPLICATIONS)
        server.account.own(server.folder)
        network = free_network()
        site = Delivery(
            server, images, home, f"http://127.0.0.1:{free_port()}", network, heard, notify=notify
        )
        _make_checkout(home)
        (home / "known_hosts").write_text(server.known_hosts.read_text())
        yield site


def _make_checkout(home: Path) -> None:
    """A repository with one commit, whose Compose files are those of the checkout."""
    (home / "infra").symlink_to(Path(os.environ[CHECKOUT]) / "infra")
    git = ["git", "-C", str(home), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    run_program([*git, "init", "--quiet"])
    run_program([*git, "commit", "--quiet", "--allow-empty", "--message=Begin"])


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of somebody who is notified, and what they were told."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            heard.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"json://127.0.0.1:{server.server_port}/", heard
        finally:
            server.shutdown()
            thread.join()
