"""The command line on a server in memory: what it reaches is played, and what it says is real.

outside = Played(World())
assert main(["-d", "staging", "deploy"], outside.given) == Exit.DONE
assert outside.heard[-1].failure is None
"""

# ruff: noqa: ARG002, D102 - the ports say what each method takes and does.

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bluegreen import commands
from bluegreen.build.images import Built, Told
from bluegreen.bundle import digest
from bluegreen.cli.outside import Outside
from bluegreen.engine.lines import Lines
from bluegreen.engine.servers import Written
from bluegreen.errors import PortError
from bluegreen.memory import Files, MemoryClock, MemoryEngine, Nginx, Serving
from bluegreen.ports import Outcome
from bluegreen.release import Release
from bluegreen.setup.host import Host
from bluegreen.site import Site
from bluegreen.site import Told as ToldSite
from bluegreen.store import Store
from bluegreen.testing import START, World

SETTINGS = """
notify = [{environment = "CHAT_URL"}]

[project]
name = "tandem"
registry = "registry.test"
services = ["account", "database"]

[build]
command = ["touch", "was-built"]
names = ["kafka-tools"]
heads = {image = "database", command = ["migrate", "heads", "--json"]}

[watch]
seconds = 5

[destinations.staging]
address = "deploy@staging.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://staging.example.com/"
"""
COMPOSE = {
    "lane.yml": """\
services:
  account: {image: "${TANDEM_IMAGE_ACCOUNT:-tandem/account:dev}"}
  database: {image: "${TANDEM_IMAGE_DATABASE:-tandem/database:dev}"}
  topics: {image: "${TANDEM_IMAGE_KAFKA_TOOLS:-tandem/kafka-tools:dev}", profiles: [task]}
secrets:
  postgres_password: {file: "${TANDEM_SECRETS:-.secrets}/postgres_password"}
""",
    "servers.yml": "services: {}\n",
}
_WHO = ("-c", "user.name=anna", "-c", "user.email=anna@example.com")
HEADS = '{"expand": "e0009", "contract": "c0001"}'


def checkout(folder: Path) -> None:
    """Make a folder one of git, with these settings and one commit."""
    (folder / "deploy.toml").write_text(SETTINGS)
    (folder / ".gitignore").write_text("*\n")
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=Begin")


def git(folder: Path, *words: str) -> str:
    """What git prints in a folder."""
    return commands.output(["git", "-C", str(folder), *_WHO, *words], timeout=30).strip()


class _People:
    def __init__(self, heard: list[Outcome]) -> None:
        self._heard = heard

    def notify(self, outcome: Outcome) -> None:
        self._heard.append(outcome)


class Secrets:
    """Those of a server."""

    def __init__(self) -> None:
        self.contents = {"postgres_password": "a secret"}

    def digests(self) -> Mapping[str, str]:
        return {name: digest(content) for name, content in self.contents.items()}

    def written(self) -> Mapping[str, datetime]:
        return dict.fromkeys(self.contents, START)

    def read(self, name: str) -> str:
        return self.contents[name]

    def write(self, name: str, content: str) -> None:
        self.contents[name] = content


class Shelf:
    """Images that are there, each under whatever name, and a registry that takes all."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.pushed: list[str] = []
        self.faults: list[BaseException] = []
        self.closed: PortError | None = None

    def built(self, name: str) -> Built:
        self.asked.append(name)
        return Built(name, digest(name), (name,))

    def digest(self, repository: str, tag: str, timeout: float) -> str | None:
        if self.closed is not None:
            raise self.closed
        return None

    def push(self, image: Built, repository: str, tag: str, timeout: float, told: Told) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.pushed.append(repository)
        return f"sha256:{digest(tag)}"

    def printed(self, image: Built, command: tuple[str, ...], timeout: float) -> str:
        return HEADS


class _Servers:
    def behind(self, release: Release, timeout: float) -> dict[str, str]:
        return {"nginx": "runs another image"}

    def differences(self, release: Release, timeout: float) -> list[str]:
        return ["nginx runs another image"]

    def written(self) -> Written:
        return Written(None, None)

    def bring(self, release: Release, timeout: float) -> None:
        pass

    def put_back(self, before: Written, release: Release, timeout: float) -> None:
        pass


class _Place:
    def __init__(self, folder: str) -> None:
        self._folder = folder

    def look(self) -> Host:
        return Host(
            user="deploy",
            kernel="Linux",
            lacks=(),
            engine="26.1.5",
            compose="2.26.1",
            said={},
            limits_memory=True,
            live_restore=True,
            folder=self._folder,
            mode="700",
            secrets_mode="700",
            owner="deploy",
            can_make=True,
        )

    def make_folder(self) -> None:
        pass


@dataclass
class Played:
    """What a command reaches.

    Attributes:
        world: The server.
        secrets: Those that it has.
        images: Those of this machine, and a registry.
        files: The Compose files of the checkout, made to stand alone.
        heard: What people were told.
    """

    world: World = field(default_factory=World)
    secrets: Secrets = field(default_factory=Secrets)
    images: Shelf = field(default_factory=Shelf)
    files: dict[str, str] = field(default_factory=lambda: dict(COMPOSE))
    heard: list[Outcome] = field(default_factory=list)

    @property
    def given(self) -> Outside:
        """The same as a command is given it."""
        return Outside(
            site=self._site,
            images=lambda _login, _environment: self.images,
            notifier=lambda _urls: _People(self.heard),
            render=lambda file: self.files[file.name],
            rehearse=lambda _site, _operation, steps, _contents: [[step.does] for step in steps],
            rehearse_alone=lambda _site, _act: ["docker compose up nginx"],
        )

    @contextmanager
    def _site(self, told: ToldSite) -> Iterator[Site]:
        files = Files(self.world)
        yield Site(
            told=told,
            files=files,
            store=Store(files),
            lock=self.world.lock(),
            lines=Lines(told.destination.folder, told.settings.project.name),
            engine=MemoryEngine(self.world),
            balancer=Nginx(self.world),
            servers=_Servers(),
            serving=Serving(self.world),
            place=_Place(told.destination.folder),
            secrets=self.secrets,
            clock=MemoryClock(self.world),
            wall=lambda: self.world.now.timestamp() + self.world.skew,
        )
