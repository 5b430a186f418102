"""Commands of the docs for a system that runs in containers, as the pages have them."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.compose.make_secrets import make
from tests.docs.commands import Command, documented, mentioned
from tests.support.applications import APPLICATIONS
from tests.support.docker import SERVERS, UP_TIMEOUT, Stack, run, service_of
from tests.support.registry import registry
from tests.system.api import Client
from tests.system.load import about_of, problem_of
from tests.system.people import Person

pytestmark = pytest.mark.timeout(600)  # the first one brings everything up

PATIENCE = 30.0  # seconds


def said(stack: Stack, command: Command, typed: str = "", **instead: str) -> str:
    """What a command says in the folder of the Compose file; it must succeed."""
    done = command.run(
        folder=stack.folder,
        environment=stack.told,
        instead=instead,
        typed=typed,
        timeout=UP_TIMEOUT,
    )
    assert done.code == 0, done.said
    return done.said


def written(look: Callable[[], str], enough: Callable[[list[list[Any]]], bool]) -> list[list[Any]]:
    """The lines of logs once they are enough: Docker has them a moment after the answer."""
    deadline = time.monotonic() + PATIENCE
    while not enough(lines := [json.loads(line) for line in look().splitlines()]):
        assert time.monotonic() < deadline, lines
        time.sleep(0.5)
    return lines


def test_what_runs_and_what_it_wrote_is_told(stack: Stack) -> None:
    shown = said(stack, documented("docs/down.md", "docker compose ps --all"))
    assert [name for name in SERVERS if f"{stack.name}-{name}-1" not in shown] == []
    written = said(stack, documented("docs/down.md", "docker compose logs --tail 50"))
    # Compose clears the line before each, whoever reads.
    lines = written.replace("\x1b[2K", "").splitlines()
    assert {line.split("-1")[0] for line in lines} == set(APPLICATIONS)


def test_a_slow_request_is_found_and_followed(stack: Stack) -> None:
    with Client(stack.url) as client:
        assert problem_of(partial(client.sign_up, Person("Mary Somerville"))) == ""
    looking = documented("docs/slow.md", "logs --no-log-prefix nginx")
    threshold = {"seconds > 1)": "seconds > 0.01)"}
    shown = json.loads(looking.output)
    found = written(
        lambda: said(stack, looking, **threshold),
        lambda lines: any(each[1:4] == shown[1:4] for each in lines),
    )
    assert {tuple(map(type, each[1:4])) for each in found} == {(str, str, int)}
    [*_, sign_up] = [each for each in found if each[1:4] == shown[1:4]]
    assert len(sign_up) == len(shown)

    following = documented("docs/slow.md", "logs --no-log-prefix account identity")
    trace = {"f95c261f5b200248113054102a455ef3": sign_up[-1]}
    expected = {tuple(json.loads(line)[:3]) for line in following.output.splitlines()}
    written(
        lambda: said(stack, following, **trace),
        lambda lines: expected <= {tuple(each[:3]) for each in lines},
    )


def test_what_postgres_is_busy_with_is_told_to_who_has_its_password(stack: Stack) -> None:
    password = stack.secrets["postgres_password"].strip()
    asking = documented("docs/slow.md", "docker compose exec postgres psql")
    assert "wait_event_type" in said(stack, asking, f"{password}\n")


def test_a_backup_is_made_and_restored(stack: Stack) -> None:
    person = Person("Emmy Noether")
    with Client(stack.url) as client:
        assert problem_of(partial(client.sign_up, person)) == ""
        assert problem_of(partial(client.save_profile, person.name, about_of(1))) == ""
        said(stack, documented("docs/postgres.md", "backup.sh"))
        assert problem_of(partial(client.save_profile, person.name, about_of(2))) == ""
        said(stack, documented("docs/postgres.md", "restore.sh"))
        assert client.get("/api/v1/account").json()["profile"]["about"] == about_of(1)


def test_a_backup_is_made_beside_a_running_system_by_the_container_s_name(stack: Stack) -> None:
    """As on a server, where there is no Compose file at hand."""
    command = mentioned("docs/deploying.md", "backup.sh")
    said(stack, command, **{"tandem-postgres-1": stack.container("postgres")["Name"][1:]})


def test_a_task_is_run_again_and_tells_what_it_did(stack: Stack) -> None:
    assert "ok  sign out" in said(stack, mentioned("docs/compose.md", "--no-deps scenario"))
    assert "kafka-access" in said(stack, mentioned("docs/compose.md", "logs kafka-access"))


def test_a_container_tells_how_it_is_and_how_often_it_came_back(stack: Stack) -> None:
    account = stack.container("account")["Name"][1:]
    health = said(stack, mentioned("docs/down.md", "docker inspect --format"), NAME=account)
    assert json.loads(health)["Status"] == "healthy"
    ended = mentioned("docs/slow.md", "OOMKilled")
    assert said(stack, ended, CONTAINER=account).split() == ["false", "0"]
    assert "Images" in said(stack, mentioned("docs/down.md", "docker system df"))


def test_what_a_broker_takes_is_shown_until_one_has_seen_enough(stack: Stack) -> None:
    watching = mentioned("docs/slow.md", "docker compose stats kafka")
    with watching.begun(folder=stack.folder, environment=stack.told) as process:
        assert process.stdout is not None
        assert any(f"{stack.name}-kafka-1" in line for line in process.stdout)


def test_a_service_that_is_busy_gets_another_process(stack: Stack) -> None:
    growing = mentioned("docs/slow.md", "--scale identity=2")
    said(stack, growing)
    assert [service_of(each) for each in stack.containers()].count("identity") == 2
    stack.up("identity")
    assert [service_of(each) for each in stack.containers()].count("identity") == 1


def test_pages_of_a_lane_that_is_not_there_come_back_with_the_one_that_is(stack: Stack) -> None:
    switching = mentioned("docs/compose.md", "reload.sh green")
    assert stack.environment.get("TANDEM_LANE", "blue") == "blue"
    said(stack, switching)
    done = stack.exec("nginx", "/opt/tandem/nginx/stand-down.sh", "blue")
    assert done.returncode == 0, done.stderr
    assert "Temporarily unavailable" in httpx.get(stack.url).text
    said(stack, replace(switching, text=switching.text.replace("green", "blue")))
    httpx.get(stack.url).raise_for_status()


def test_passwords_that_were_deleted_are_made_anew_and_set(stack: Stack) -> None:
    renewed = ("postgres_tandem_app_password", "kafka_identity_password")
    before = stack.secrets
    folder = Path(stack.environment["TANDEM_SECRETS"])
    for name in renewed:
        (folder / name).unlink()
    make(folder, APPLICATIONS)
    assert [name for name in renewed if stack.secrets[name] == before[name]] == []
    said(stack, mentioned("docs/compose.md", "docker compose up --wait --force-recreate"))
    with Client(stack.url) as client:
        assert problem_of(partial(client.sign_up, Person("Hypatia"))) == ""


@pytest.mark.usefixtures("stack")
def test_an_image_says_what_it_can_do(tmp_path: Path) -> None:
    for command, word in (
        (documented("docs/images.md", "docker run"), "expand"),
        (mentioned("docs/images.md", "docker run"), "empty"),
    ):
        done = command.run(folder=tmp_path)
        assert done.code == 0, done.said
        assert word in done.said


def test_an_image_is_pinned_by_the_digest_that_is_printed(stack: Stack) -> None:
    with registry() as one:
        name = f"{one.host}/nginx:pinned"
        run(["docker", "tag", "tandem/nginx:dev", name])
        try:
            run(["docker", "push", "--quiet", name])
            said(stack, mentioned("docs/images.md", "docker pull"), NAME=name)
            looking = mentioned("docs/images.md", "RepoDigests")
            pinned = said(stack, looking, NAME=name).strip()
            assert pinned.startswith(f"{one.host}/nginx@sha256:")
            run(["docker", "pull", "--quiet", pinned])
        finally:
            run(["docker", "rmi", name])
