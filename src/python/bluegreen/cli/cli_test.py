import json
import logging
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bluegreen import trace
from bluegreen.cli import main
from bluegreen.cli.exits import Exit, exit_of
from bluegreen.cli.parser import parser
from bluegreen.errors import LockLostError
from bluegreen.plan import Deploy, plan
from bluegreen.ports import Outcome
from bluegreen.settings_test import GOOD
from bluegreen.state import State
from bluegreen.step import Action
from bluegreen.testing import World, bundle, release


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, two releases, and the state after the first."""
    (tmp_path / "deploy.toml").write_text(GOOD)
    world = World()
    world.run(Deploy(release(1)))
    (tmp_path / "state.json").write_text(world.files["state.json"])
    for number in (1, 2):
        bundle(number).write(tmp_path / f"release-{number}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


STAGING = ("-d", "staging")


@pytest.mark.usefixtures("folder")
def test_the_plan_for_machines_is_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("plan", "deploy", "--release", "release-2", "--state", "state.json", "--json")
    assert main([*STAGING, *arguments]) == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    state = State.parse(Path("state.json").read_text(), "state.json")
    steps = plan(state, Deploy(release(2)))
    assert [(each["action"], each["lane"]) for each in told] == [(s.action, s.lane) for s in steps]
    pull = next(each for each in told if each["action"] == Action.PULL)
    assert pull["timeout"] == 1200.0
    assert pull["skipped_if"] == "all images are on the server"


@pytest.mark.usefixtures("folder")
def test_the_plan_for_people_says_what_is_done_and_undone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*STAGING, "plan", "deploy", "--release", "release-1"])
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "14 steps, 58 min at the most"
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[5] == "4 pull 20 min pull the images of 20260101-000001-000000000000"
    assert lines[6] == "skipped if all images are on the server"
    assert "undone by start, switch, drain-http, drain-streams, drain-calls" in said


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deploy", "--release", "release-1", "--state", "state.json"), "nothing to do"),
        (("prune", "--state", "state.json", "20250101-000000-abc"), "nothing to do"),
    ],
)
def test_what_is_as_wanted_needs_no_step(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*STAGING, "plan", *arguments]) == Exit.DONE
    assert said in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_contract_is_planned_once_the_window_has_passed(capsys: pytest.CaptureFixture[str]) -> None:
    main([*STAGING, "plan", "contract", "--state", "state.json"])
    assert "contract the schema for 20260101-000001-000000000000" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_what_is_refused_ends_with_3_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("rollback", "--release", "release-2", "--state", "state.json")
    assert main([*STAGING, "plan", *arguments]) == Exit.REFUSED
    assert "was never deployed here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("config",), "--destination is wrong:\n  is missing; there are staging, production"),
        (("-s", "no.toml", "config"), "no.toml is wrong:\n  cannot be read: No such file"),
        ((*STAGING, "plan", "deploy", "--release", "no"), "no is not understood"),
        ((*STAGING, "plan", "deploy", "--release", "deploy.toml"), "release.json: is missing"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_wrong_ends_with_2_and_says_where(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == Exit.WRONG
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_settings_are_printed_as_they_hold_and_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["-d", "production", "config"]) == Exit.DONE
    said = capsys.readouterr().out
    assert 'destinations.production.address = "deploy@www.example.com:2222"' in said
    assert "destinations.production.timeouts.start = 300.0" in said
    assert "[REDACTED] (command vault)" in said
    assert "s3cr3t" not in said
    assert main(["-d", "production", "config", "--json"]) == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    assert told["destinations"]["production"]["watch"]["seconds"] == 300.0


def test_a_deployer_that_lost_its_lock_leaves_something_unfinished() -> None:
    assert exit_of(LockLostError()) == Exit.UNFINISHED


@pytest.mark.parametrize("command", ["audit", "logs"])
@pytest.mark.parametrize("lines", ["0", "-3", "many"])
def test_a_tail_of_no_lines_is_wrong(
    command: str, lines: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, f"--tail={lines}"])
    assert ended.value.code == Exit.WRONG
    assert "--tail: must be a number of lines" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["config"], ["plan"], ["plan", "deploy"], ["deploy"]])
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "usage: bluegreen" in said
    assert command or "bluegreen -d production rollback" in said


def test_a_build_says_in_which_folder_the_release_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bluegreen.cli.building.Builder.build", lambda _: bundle(1))
    monkeypatch.setenv("REGISTRY_PASSWORD", "hunter2")
    assert main([*STAGING, "build"]) == Exit.DONE
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{release(1).version} is in {folder / 'release'}"
    assert (folder / "release/release.json").is_file()
    assert main([*STAGING, "build", "--json"]) == Exit.DONE
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["type"] == "release"
    assert told["version"] == release(1).version


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What people are told, at an address that the environment names."""
    told: list[Outcome] = []
    monkeypatch.setattr("bluegreen.notifying.Notifying.notify", lambda _, o: told.append(o))
    monkeypatch.setenv("CHAT_URL", "json://chat.example.com")
    monkeypatch.setenv("REGISTRY_PASSWORD", "hunter2")
    return told


@pytest.mark.usefixtures("folder")
def test_people_hear_of_a_deploy_whose_build_failed(
    heard: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*STAGING, "deploy"]) == Exit.UNREACHABLE  # the folder is no checkout of git
    [told] = heard
    assert (told.destination, told.operation, told.version) == ("staging", "deploy", "")
    assert "git" in (told.failure or "")
    assert "error: git" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_people_hear_of_a_deploy_whose_setup_failed_and_nothing_is_built(
    folder: Path, heard: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("lane.yml", "servers.yml"):
        file = folder / "infra/compose" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("services: {}\n")
    assert main([*STAGING, "deploy", "--set-up"]) == Exit.UNREACHABLE  # nobody knows the server
    [told] = heard
    assert told.operation == "deploy"
    assert "known_hosts" in (told.failure or "")
    assert "building" not in capsys.readouterr().err


@pytest.mark.usefixtures("folder", "heard", "_deaf")
def test_what_is_run_is_told_to_who_asks_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    main([*STAGING, "deploy"])
    assert "here: git" not in capsys.readouterr().err
    main([*STAGING, "deploy", "--verbose"])
    told = capsys.readouterr().err
    assert re.search(r"^ +(\[\d+\]) here: git .*\n +\1 ended with 128 after ", told, re.MULTILINE)
    assert "hunter2" not in told
    main([*STAGING, "deploy", "--json", "-v"])
    assert json.loads(capsys.readouterr().err.splitlines()[0])["type"] == "command"


@pytest.fixture
def _deaf() -> Iterator[None]:
    """Nobody listens to what is run any more after the test."""
    yield
    logging.getLogger(trace.__name__).handlers.clear()


@pytest.mark.usefixtures("folder")
def test_nobody_hears_of_what_was_only_tried(heard: list[Outcome]) -> None:
    assert main([*STAGING, "deploy", "--dry-run"]) == Exit.UNREACHABLE
    assert heard == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", [["deploy"], ["rollback"], ["migrate", "contract"]])
def test_people_hear_of_other_secrets_that_are_not_there(
    command: list[str], heard: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REGISTRY_PASSWORD")
    assert main([*STAGING, *command]) == Exit.WRONG
    [told] = heard
    assert told.operation == command[-1]
    assert "the environment has no REGISTRY_PASSWORD" in (told.failure or "")


@pytest.mark.usefixtures("folder", "heard")
def test_nothing_is_built_before_it_is_known_that_secrets_are_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAT_URL", "")
    assert main([*STAGING, "deploy"]) == Exit.WRONG
    assert "notify[0]: the environment has no CHAT_URL" in capsys.readouterr().err


@pytest.fixture
def _signals() -> Iterator[None]:
    """Whatever the command line did with signals is taken back."""
    kinds = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {each: signal.getsignal(each) for each in kinds}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("folder", "_signals")
def test_a_terminal_that_is_closed_interrupts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up(_context: object) -> None:
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGHUP)

    monkeypatch.setattr("bluegreen.cli.planning.config", hang_up)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert main([*STAGING, "config"]) == Exit.INTERRUPTED


@pytest.mark.usefixtures("folder", "_signals")
def test_under_nohup_a_closed_terminal_interrupts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "bluegreen.cli.planning.config", lambda _: signal.raise_signal(signal.SIGHUP)
    )
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert main([*STAGING, "config"]) == Exit.DONE


@pytest.mark.usefixtures("folder")
def test_a_bug_is_not_told_as_a_failure_after_which_everything_is_as_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def trip(_context: object) -> None:
        raise KeyError("lane")

    monkeypatch.setattr("bluegreen.cli.planning.config", trip)
    assert main([*STAGING, "config"]) == Exit.BUG
    said = capsys.readouterr().err
    assert "in trip" in said
    assert said.splitlines()[-1].startswith("error: a bug of the deployer, KeyError: 'lane'; ")
    assert "`bluegreen status`" in said
    assert "\n  70  " in parser().format_help()
