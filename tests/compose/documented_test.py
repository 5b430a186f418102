"""Commands of the docs for a system that runs in containers, as the pages have them."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.docs.commands import Command, documented
from tests.support.applications import APPLICATIONS
from tests.support.docker import SERVERS, Stack
from tests.system.api import Client
from tests.system.load import about_of, problem_of
from tests.system.people import Person

pytestmark = pytest.mark.timeout(600)  # the first one brings everything up

PATIENCE = 30.0  # seconds


def said(stack: Stack, command: Command, typed: str = "", **instead: str) -> str:
    """What a command says in the folder of the Compose file; it must succeed."""
    done = command.run(folder=stack.folder, environment=stack.told, instead=instead, typed=typed)
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


@pytest.mark.usefixtures("stack")
def test_an_image_says_what_it_can_do(tmp_path: Path) -> None:
    done = documented("docs/images.md", "docker run").run(folder=tmp_path)
    assert done.code == 0, done.said
    assert "expand" in done.said
