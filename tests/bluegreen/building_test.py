import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from bluegreen import commands
from bluegreen.build.building import Builder
from bluegreen.build.images import FINGERPRINT, Built, DockerImages
from bluegreen.bundle import Bundle
from bluegreen.errors import PortError, TemporaryError
from bluegreen.memory import MemoryClock
from bluegreen.settings import Settings
from bluegreen.site import unkept
from bluegreen.testing import World
from tests.images.building import bases
from tests.support import docker
from tests.support.registry import PASSWORD, USER, Registry, registry

pytestmark = pytest.mark.timeout(600)  # seconds; a server is set up in the first test

SETTINGS = """
[project]
name = "tandem"
registry = "{registry}/tandem"
services = ["account", "database"]

[build]
command = ["true"]
images = "{prefix}/{{name}}:dev"

[destinations.staging]
address = "deploy@staging.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://staging.example.com/"
"""
LANE = """
services:
  account: {image: "${TANDEM_IMAGE_ACCOUNT:-tandem/account:dev}"}
  database: {image: "${TANDEM_IMAGE_DATABASE:-tandem/database:dev}"}
"""


class Make(Protocol):
    """Builds an image; gives what it is called."""

    def __call__(
        self, name: str, code: str = "1", *, base: str = "scratch", labelled: bool = True
    ) -> str: ...


def run(*command: str) -> str:
    return commands.output(command, timeout=120)


@pytest.fixture
def prefix() -> Iterator[str]:
    docker.needed()
    prefix = f"tandem-test-{secrets.token_hex(4)}"
    yield prefix
    # Also those whose name another one took.
    made = run("docker", "images", "--quiet", f"--filter=label={prefix}").split()
    if made:
        run("docker", "rmi", "--force", *set(made))


@pytest.fixture
def make(prefix: str, tmp_path: Path) -> Make:
    def make(name: str, code: str = "1", *, base: str = "scratch", labelled: bool = True) -> str:
        context = tmp_path / name
        context.mkdir(exist_ok=True)
        (context / "code").write_text(name + code * 10_000)
        (context / "Dockerfile").write_text(f"FROM {base}\nCOPY code /code\nCMD ['run']\n")
        labels = [f"--label={prefix}="]
        if labelled:
            labels.append(f"--label={FINGERPRINT}={name}-{code}")
        called = f"{prefix}/{name}:dev"
        run("docker", "build", "--quiet", *labels, f"--tag={called}", str(context))
        return called

    return make


@pytest.fixture
def store() -> Iterator[Registry]:
    with registry() as one:
        yield one


@pytest.fixture
def build(prefix: str, store: Registry) -> Callable[[], Bundle]:
    settings = Settings.parse(SETTINGS.format(registry=store.host, prefix=prefix))
    return Builder(
        settings=settings,
        checkout=Path(os.environ[docker.CHECKOUT]),
        images=DockerImages(),
        clock=MemoryClock(World()),
        journal=unkept(lambda _record: None, {}),
        say=lambda _line: None,
        environment=os.environ,
        render=lambda file: LANE if file.name == "lane.yml" else "services: {}\n",
    ).build


def test_only_what_changed_is_pushed_and_gets_another_digest(
    make: Make, build: Callable[[], Bundle], store: Registry
) -> None:
    make("account"), make("database")
    first = build().release
    assert store.pushes() == 2
    again = build().release
    assert store.pushes() == 2
    assert again.is_same_as(first)
    make("account", "2")
    changed = build().release
    assert store.pushes() == 3
    assert changed.changed_since(first) == ["account"]
    make("account")
    assert build().release.is_same_as(first)
    assert store.pushes() == 3


def test_what_was_pushed_can_be_pulled_by_its_digest_and_leaves_no_tag_here(
    make: Make, build: Callable[[], Bundle], store: Registry
) -> None:
    make("account"), make("database")
    wanted = build().release.images["account"]
    assert run("docker", "images", "--quiet", f"{store.host}/tandem/*") == ""
    run("docker", "pull", "--quiet", wanted)
    run("docker", "rmi", wanted)


def test_another_base_is_another_image_though_the_code_is_the_same(
    make: Make, build: Callable[[], Bundle], prefix: str
) -> None:
    make("account"), make("database"), make("base", "1"), make("newer", "2")
    make("account", base=f"{prefix}/base:dev")
    first = build().release
    make("account", base=f"{prefix}/newer:dev")
    assert build().release.changed_since(first) == ["account"]


@pytest.mark.parametrize("login", [None, (USER, "wrong")])
def test_a_registry_that_refuses_the_login_is_told_from_one_that_is_away(
    make: Make, login: tuple[str, str] | None
) -> None:
    images = DockerImages(login)
    built = images.built(make("account"))
    with registry(login=True) as closed:
        repository = f"{closed.host}/tandem/account"
        with pytest.raises(PortError, match="refuses the login") as looking:
            images.digest(repository, "tag", 10)
        with pytest.raises(PortError, match="refuses the login") as pushing:
            images.push(built, repository, "tag", 10, lambda _done, _all: None)
        for refused in (looking.value, pushing.value):
            assert not isinstance(refused, TemporaryError)
            assert "wrong" not in str(refused)
    with pytest.raises(TemporaryError, match="connection refused"):
        images.digest(repository, "tag", 10)
    with pytest.raises(TemporaryError, match="connection refused"):
        images.push(built, repository, "tag", 10, lambda _done, _all: None)


def test_a_registry_lets_in_who_has_the_password(make: Make) -> None:
    images = DockerImages((USER, PASSWORD))
    built = images.built(make("account"))
    told: list[tuple[int, int]] = []
    with registry(login=True) as closed:
        repository = f"{closed.host}/tandem/account"
        assert images.digest(repository, built.tag, 10) is None
        pushed = images.push(built, repository, built.tag, 60, lambda *each: told.append(each))
        assert images.digest(repository, built.tag, 10) == pushed
        assert closed.tags("tandem/account") == [built.tag]
    assert told
    assert all(done <= whole for done, whole in told)


def test_a_registry_that_says_nothing_is_given_up(make: Make) -> None:
    images = DockerImages()
    built = images.built(make("account"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        repository = f"127.0.0.1:{silent.getsockname()[1]}/tandem/account"
        began = time.monotonic()
        with pytest.raises(TemporaryError, match="no answer from the registry"):
            images.digest(repository, "tag", 1)
        with pytest.raises(TemporaryError, match="no answer from the registry"):
            images.push(built, repository, "tag", 1, lambda _done, _all: None)
        assert time.monotonic() - began < 10


def test_a_push_that_takes_too_long_is_given_up(make: Make, store: Registry) -> None:
    images = DockerImages()
    built = images.built(make("account"))
    with pytest.raises(TemporaryError, match="takes too long; see push-timeout"):
        images.push(built, f"{store.host}/tandem/account", "tag", 1e-6, lambda _done, _all: None)


def test_an_engine_that_is_not_there_is_told() -> None:
    images = DockerImages(environment={"DOCKER_HOST": "tcp://127.0.0.1:1"})
    with pytest.raises(PortError, match="no Docker engine answers on this machine"):
        images.built("tandem/account:dev")


def test_an_image_that_was_not_built_or_not_by_us_is_told(make: Make, prefix: str) -> None:
    with pytest.raises(PortError, match=f"there is no image {prefix}/nothing:dev"):
        DockerImages().built(f"{prefix}/nothing:dev")
    with pytest.raises(PortError, match="has no label"):
        DockerImages().built(make("account", labelled=False))


def test_a_command_of_an_image_prints_fails_or_is_ended(make: Make) -> None:
    images = DockerImages()
    built = images.built(make("tool", base=bases()["PYTHON_IMAGE"]))
    code = "import sys; print('to stdout'); print('to stderr', file=sys.stderr)"
    assert images.printed(built, ("python3", "-c", code), 30) == "to stdout\n"
    with pytest.raises(PortError, match="ended with 3") as failed:
        images.printed(built, ("python3", "-c", f"{code}; sys.exit(3)"), 30)
    assert "to stderr" in failed.value.detail
    with pytest.raises(TemporaryError, match="no answer"):
        images.printed(built, ("python3", "-c", "import time; time.sleep(60)"), 1)
    assert containers(built) == ""


def containers(image: Built) -> str:
    return run("docker", "ps", "--all", "--quiet", f"--filter=ancestor={image.id}")
