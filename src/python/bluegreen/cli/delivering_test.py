"""Whole commands, on a server in memory."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bluegreen.build.unbuilt import DIGEST
from bluegreen.bundle import Bundle
from bluegreen.cli import main
from bluegreen.cli.console import Console
from bluegreen.cli.exits import Exit
from bluegreen.cli.testing import COMPOSE, SETTINGS, Played, git
from bluegreen.errors import PortError, TemporaryError
from bluegreen.notifying import Notifying
from bluegreen.plan import Deploy
from bluegreen.ports import Outcome
from bluegreen.store import AUDIT, Event
from bluegreen.testing import World, bundle, release, with_deployed

SECRET = "postgres_password"


@pytest.fixture(autouse=True)
def given(folder: Path) -> None:
    """A release in the checkout."""
    bundle(2).write(folder / "release-2")


@pytest.fixture
def played() -> Played:
    return Played(with_deployed(1))


def events(played: Played, step: str) -> list[str]:
    """What is written down of a step on the server."""
    records = map(json.loads, played.world.files.get(AUDIT, "").splitlines())
    return [each["event"] for each in records if each["step"] == step]


def untouched(folder: Path, played: Played) -> bool:
    """Whether nothing was built, pushed, or put together."""
    left = [folder / "was-built", folder / "release"]
    return not (any(path.exists() for path in left) or played.images.asked or played.images.pushed)


def test_a_deploy_builds_and_delivers(folder: Path, played: Played) -> None:
    assert main(["deploy"], played.given) == Exit.DONE
    assert (folder / "was-built").exists()
    made = Bundle.read(folder / "release").release
    assert played.world.state.serving == made
    assert played.images.pushed == [
        f"registry.test/{n}" for n in ("account", "database", "kafka-tools")
    ]
    [told] = played.heard
    assert (told.version, told.failure) == (made.version, None)


def test_a_dry_run_builds_nothing_and_says_what_would_be_run(
    folder: Path, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(played.world.files)
    assert main(["deploy", "--dry-run"], played.given) == Exit.DONE
    assert untouched(folder, played)
    assert (played.world.files, played.heard) == (before, [])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    alone = "docker run --rm --network=none --read-only --cap-drop=ALL"
    there = "registry.test/account:FINGERPRINT-CONTENT"
    for command in (
        "touch was-built",
        f"{alone} tandem/database:dev migrate heads --json",
        f"docker manifest inspect {there}",
        f"docker push {there}",
    ):
        assert command in lines
    [stands] = [line for line in lines if line.startswith("then, with ")]
    assert f"{DIGEST} for its digests" in stands
    assert f"pull the images of {stands.split()[2]}" in lines
    steps = [each.name for each in played.world.run(Deploy(release(9)))]
    assert [name for name in steps if not any(name in line for line in lines)] == []


def test_stages_of_a_build_are_shown_first_and_written_down_on_the_server(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["deploy"], played.given)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    first = lines.index("built first, in 5 stages on this machine, 106 min at the most")
    ended = [line.split() for line in lines if line.endswith(" s done") or " s done " in line]
    assert lines.index(next(line for line in lines if line.startswith("1/5 build 0."))) > first
    assert next(words for words in ended if "heads" in words)[:2] == ["2/5", "heads"]
    assert next(words for words in ended if "push" in words)[:3] == ["3/5", "push", "account"]
    for step in ("build", "heads", "push account", "push kafka-tools", "notify"):
        assert events(played, step)[-2:] == [Event.STARTED, Event.SUCCEEDED], step


def test_a_build_for_no_destination_is_shown_in_stages_and_asks_no_server(
    folder: Path, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(played.world.files)
    assert main(["build"], played.given) == Exit.DONE
    assert Bundle.read(folder / "release").release.heads.expand == "e0009"
    assert re.search(
        r"^ +5/5  push kafka-tools +0\.\d s  done", capsys.readouterr().out, re.MULTILINE
    )
    assert played.world.files == before


def test_what_is_built_and_pushed_is_shown_before_the_plan_of_the_delivery(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["deploy", "--json"], played.given)
    kinds = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert kinds.index("build") < kinds.index("plan") < kinds.index("outcome")


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda p: p.secrets.contents.clear(), Exit.REFUSED, f"the server has no secret {SECRET}"),
        (lambda p: setattr(p.world, "free_bytes", 10**8), Exit.FAILED, "0.1 GB are free"),
        (lambda p: setattr(p.world, "skew", 60.0), Exit.FAILED, "clock is 60 s off"),
        (lambda p: setattr(p.world, "engine", "24.0.9"), Exit.FAILED, "Docker 24.0.9"),
        (
            lambda p: p.world.faults.update(reach_registry=[PortError("it refuses the login")]),
            Exit.FAILED,
            "preflight failed: it refuses the login; nothing was built",
        ),
        (
            lambda p: setattr(p.images, "closed", PortError("it refuses the login")),
            Exit.FAILED,
            "preflight failed: it refuses the login; nothing was built",
        ),
        (
            lambda p: p.world.faults.update(read=[PortError("the server's files cannot be used")]),
            Exit.UNREACHABLE,
            "the server's files cannot be used",
        ),
        (lambda p: p.world.files.update({"state.json": "{"}), Exit.WRONG, "state.json is not"),
        (lambda p: p.world.faults.update(reach_registry=[KeyError(4)]), Exit.BUG, "KeyError: 4"),
    ],
    ids=["secrets", "disk", "clock", "engine", "there", "here", "server", "state", "bug"],
)
def test_what_would_refuse_a_release_refuses_it_before_it_is_built(
    folder: Path,
    played: Played,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Played], None],
    code: Exit,
    said: str,
) -> None:
    spoil(played)
    assert main(["deploy"], played.given) == code
    assert said in capsys.readouterr().err
    assert untouched(folder, played)
    assert [said in (each.failure or "") for each in played.heard] == [True]


def test_nothing_is_built_while_somebody_else_deploys(
    folder: Path, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    with played.world.lock(host="ci").held("deploy"):
        assert main(["deploy"], played.given) == Exit.LOCKED
    assert "deploys here" in capsys.readouterr().err
    assert untouched(folder, played)
    [told] = played.heard
    assert "deploys here" in (told.failure or "")


def test_nothing_is_built_while_a_contract_is_unfinished(folder: Path, played: Played) -> None:
    state = json.loads(played.world.files["state.json"])
    state["operation"] = {
        "id": "x",
        "kind": "contract",
        "release": state["lanes"]["blue"]["release"],
        "lane": "blue",
        "old": "blue",
        "reached": "contract",
        "began_at": "2026-01-01T00:00:00Z",
    }
    played.world.files["state.json"] = json.dumps(state)
    assert main(["deploy"], played.given) == Exit.REFUSED
    assert untouched(folder, played)


def test_nothing_is_built_that_could_not_be_put_together(folder: Path, played: Played) -> None:
    (folder / "release").mkdir()
    (folder / "release/notes").touch()
    for command in (["deploy", "--dry-run"], ["deploy"]):
        assert main(command, played.given) == Exit.WRONG
    assert not (folder / "was-built").exists()


@pytest.mark.parametrize("command", ["build", "deploy"])
def test_a_release_that_cannot_be_put_together_is_no_mistake_before_which_nothing_was_touched(
    command: str, folder: Path, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".release.new").touch()  # where it would be put together first
    assert main([command], played.given) == Exit.UNREACHABLE
    assert played.images.pushed
    reason = f"{folder / 'release'}: cannot be written: File exists"
    assert f"error: {reason}; its images were pushed" in capsys.readouterr().err
    assert [reason in (each.failure or "") for each in played.heard] == [True] * (
        command == "deploy"
    )


def test_all_who_cannot_be_told_are_named_before_anything_is_built(
    folder: Path,
    played: Played,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = SETTINGS.replace('"CHAT_URL"}', '"CHAT_URL"}, {environment = "CHAT_URL"}')
    (folder / "deploy.toml").write_text(text)
    monkeypatch.setenv("CHAT_URL", "hunter2")
    assert main(["deploy"], replace(played.given, notifier=Notifying)) == Exit.WRONG
    said = capsys.readouterr().err
    assert ("notify[0]: is no URL" in said, "notify[1]: is no URL" in said) == (True, True)
    assert "hunter2" not in said
    assert untouched(folder, played)


def test_people_hear_once_of_a_connection_that_breaks_as_the_plan_begins(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, hooks: object) -> None:  # noqa: ARG001
        played.world.faults["read"] = [TemporaryError("the connection broke")]

    monkeypatch.setattr(Console, "plan", broken)
    assert main(["deploy", "--release", "release-2"], played.given) == Exit.UNREACHABLE
    assert [each.failure for each in played.heard] == ["the connection broke"]


class Last:
    """Who is told, after which the server is gone."""

    def __init__(self, world: World) -> None:
        self.world = world

    def notify(self, _outcome: Outcome) -> None:
        self.world.faults["read"] = [TemporaryError("the connection broke")] * 9


def test_a_delivered_release_is_no_failure_though_the_server_is_gone_after_it(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = replace(played.given, notifier=lambda _: Last(played.world))
    assert main(["deploy", "--release", "release-2"], outside) == Exit.DONE
    assert f"{release(2).version} serves from green" in capsys.readouterr().out


def test_a_rollback_to_a_release_whose_secrets_are_gone_touches_nothing(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.world.run(Deploy(release(2)))
    played.world.files[f"releases/{release(1).version}/lane.yml"] = COMPOSE["lane.yml"]
    played.secrets.contents.clear()
    before, lanes = played.world.files["state.json"], dict(played.world.lanes)
    for command in (["rollback"], ["rollback", "--dry-run"]):
        assert main(command, played.given) == Exit.REFUSED
        assert f"the server has no secret {SECRET}" in capsys.readouterr().err
    assert (played.world.files["state.json"], played.world.lanes) == (before, lanes)
    assert [SECRET in (each.failure or "") for each in played.heard] == [True]
    played.secrets.contents[SECRET] = "it is back"
    assert main(["rollback"], played.given) == Exit.DONE


def test_a_notification_is_written_down_though_nothing_was_delivered(played: Played) -> None:
    played.images.faults = [PortError("the registry is full")]
    noted = len(events(played, "notify"))
    assert main(["deploy"], played.given) == Exit.UNREACHABLE
    assert [each.failure for each in played.heard] == ["the registry is full"]
    assert events(played, "push account") == [Event.STARTED, Event.FAILED]
    assert events(played, "notify")[noted:] == [Event.STARTED, Event.SUCCEEDED]


def without_git(folder: Path, _: Played) -> None:
    (folder / ".git").rename(folder / "elsewhere")


def without_files(_: Path, played: Played) -> None:
    played.world.faults["read"] = [PortError("the server's files cannot be used")]


@pytest.mark.parametrize("spoil", [without_git, without_files])
def test_a_notification_is_written_down_though_nothing_else_was(
    spoil: Callable[[Path, Played], None], folder: Path, played: Played
) -> None:
    noted = len(events(played, "notify"))
    spoil(folder, played)
    assert main(["deploy"], played.given) == Exit.UNREACHABLE
    assert len(played.heard) == 1
    assert events(played, "notify")[noted:] == [Event.STARTED, Event.SUCCEEDED]


def test_people_hear_of_a_server_that_is_away_and_do_not_wait_for_it(played: Played) -> None:
    away = TemporaryError("the connection broke")
    played.world.faults.update(read=[away], now=[away] * 20)
    began = played.world.seconds
    assert main(["deploy"], played.given) == Exit.UNREACHABLE
    assert [each.failure for each in played.heard] == ["the connection broke"]
    assert played.world.seconds == began


class Impatient:
    """Who is told while somebody presses Ctrl-C."""

    def notify(self, _outcome: Outcome) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_while_people_are_told_of_a_failure_hides_it_from_nobody(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.images.faults = [PortError("the registry is full")]
    outside = replace(played.given, notifier=lambda _: Impatient())
    assert main(["deploy"], outside) == Exit.UNREACHABLE
    assert "error: the registry is full" in capsys.readouterr().err
    assert events(played, "notify")[-1] == Event.FAILED


def test_where_nobody_is_to_be_told_nothing_is_written_down_of_it(
    folder: Path, played: Played
) -> None:
    (folder / "deploy.toml").write_text(SETTINGS.partition("\n\n")[2])
    noted = len(events(played, "notify"))
    assert main(["deploy"], played.given) == Exit.DONE
    assert len(events(played, "notify")) == noted


IMAGES = "the registry may have images of it"


def interrupt(*_: object, **_more: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("secrets", "nothing was touched"),
        ("printed", "nothing was touched"),
        ("push", IMAGES),
        ("plan", IMAGES),
    ],
)
def test_who_interrupts_a_deploy_hears_what_was_touched(
    fault: str,
    said: str,
    played: Played,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places: dict[str, tuple[object, str]] = {
        "secrets": (played.secrets, "digests"),
        "plan": (Console, "plan"),
    }
    monkeypatch.setattr(*places.get(fault, (played.images, fault)), interrupt)
    assert main(["deploy"], played.given) == Exit.INTERRUPTED
    assert f"interrupted; {said}\n" in capsys.readouterr().err
    assert played.heard == []


def test_who_interrupts_after_the_end_hears_that_it_was_done(
    played: Played, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Console, "outcome", interrupt)
    assert main(["deploy", "--release", "release-2"], played.given) == Exit.INTERRUPTED
    assert "interrupted; deploy was done before that" in capsys.readouterr().err


def test_people_hear_what_came_since_the_release_before(folder: Path, played: Played) -> None:
    main(["deploy"], played.given)
    first = git(folder, "rev-parse", "HEAD")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=Show the last sign-in")
    played.files["servers.yml"] += "# of another release\n"
    main(["deploy"], played.given)
    told = played.heard[-1]
    assert told.commits == (first, git(folder, "rev-parse", "HEAD"))
    assert told.subjects == ["Show the last sign-in"]


def test_who_takes_a_lock_away_is_written_down_with_who_had_it(played: Played) -> None:
    with played.world.lock(host="ci").held("deploy"):
        assert main(["lock", "release"], played.given) == Exit.DONE
    records = [json.loads(line) for line in played.world.files[AUDIT].splitlines()]
    told = [(each["event"], each["detail"]) for each in records if each["step"] == "lock release"]
    assert [event for event, _ in told] == [Event.STARTED, Event.SUCCEEDED]
    assert told[1][1].startswith("taken from anna (process ")
    assert " on ci, deploy, since" in told[1][1]
