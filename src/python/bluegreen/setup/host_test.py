from dataclasses import replace

import pytest

from bluegreen.setup import host
from bluegreen.setup.findings import Verdict, problems
from bluegreen.setup.host import Host, folder, is_older, judged

GOOD = Host(
    user="deploy",
    kernel="Linux",
    lacks=(),
    engine="26.1.5+dfsg1",
    compose="2.26.1-4",
    said={},
    limits_memory=True,
    live_restore=True,
    folder="/srv/tandem",
    mode="700",
    secrets_mode="700",
    owner="deploy",
    can_make=True,
)


def test_a_good_server_has_no_problem() -> None:
    assert {each.verdict for each in [*judged(GOOD), folder(GOOD)]} == {Verdict.OK}


@pytest.mark.parametrize(
    ("wrong", "name", "said"),
    [
        ({"kernel": "FreeBSD"}, "system", "not Linux"),
        ({"lacks": ("flock", "sync")}, "programs", "coreutils and util-linux"),
        ({"engine": "24.0.7"}, "engine", "25.0 or newer"),
        (
            {"engine": "", "said": {"docker": "permission denied while trying"}},
            "engine",
            "usermod -aG docker deploy",
        ),
        ({"engine": "", "said": {"docker": "sh: docker: not found"}}, "engine", "install Docker"),
        ({"engine": "", "said": {"docker": "Cannot connect"}}, "engine", "enable --now docker"),
        ({"compose": ""}, "compose", "no `docker compose`"),
        ({"compose": "v2.20.2"}, "compose", "2.24 or newer"),
    ],
)
def test_what_a_server_lacks_is_said_with_what_to_do(
    wrong: dict[str, object], name: str, said: str
) -> None:
    (found,) = problems(judged(replace(GOOD, **wrong)))  # type: ignore[arg-type]
    assert found.name == name
    assert said in f"{found.said}; {found.advice}"


def test_all_that_is_wrong_is_said_at_once() -> None:
    bare = replace(GOOD, kernel="Darwin", lacks=("flock",), engine="", compose="")
    assert len(problems(judged(bare))) == 4


def test_a_server_that_stops_with_its_engine_is_warned_of() -> None:
    (found,) = (e for e in judged(replace(GOOD, live_restore=False)) if e.verdict != Verdict.OK)
    assert found.verdict is Verdict.WARNING
    assert '{"live-restore": true, "userland-proxy": false}' in found.advice


def test_memory_that_is_not_limited_is_warned_of() -> None:
    found = [e for e in judged(replace(GOOD, limits_memory=False)) if e.verdict != Verdict.OK]
    assert [each.name for each in found] == ["memory limits"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mode": "", "owner": "", "can_make": False}, "sudo install -d -m 0700 -o deploy"),
        ({"owner": "root"}, "belongs to root"),
        ({"mode": "755"}, "others can look into"),
        ({"secrets_mode": "755"}, "others can look into"),
        ({"mode": "", "owner": ""}, "`bluegreen setup`"),
    ],
)
def test_a_folder_that_others_have_or_see_is_a_problem(
    changed: dict[str, object], said: str
) -> None:
    found = folder(replace(GOOD, **changed))  # type: ignore[arg-type]
    assert found.verdict is Verdict.PROBLEM
    assert said in f"{found.said}; {found.advice}"


def test_only_what_this_user_owns_is_made_by_setup() -> None:
    assert host.can_be_made(replace(GOOD, mode="", owner=""))
    assert not host.can_be_made(replace(GOOD, owner="root"))


@pytest.mark.parametrize(
    ("version", "older"),
    [("25.0.0", False), ("v25.1", False), ("24.9.9", True), ("", True), ("dev", True)],
)
def test_versions_are_compared_as_numbers(version: str, *, older: bool) -> None:
    assert is_older(version, (25, 0)) is older
