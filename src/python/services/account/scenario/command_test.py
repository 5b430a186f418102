"""The scenario against a whole site over fakes, at an address of loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from grpc import StatusCode
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from services.account.__main__ import main
from services.account.testing.faults import Refusal
from services.account.testing.ledger import Person
from services.account.testing.served import served
from services.account.testing.site import PUBLIC_URL, Stage, staged

PASSWORD = "a secret of the scenario"
EMAIL = "scenario@tandem.example"
STEPS = [
    "sign in",
    "account page",
    "change the name",
    "recent activity",
    "static files",
    "live stream",
    "sign out",
]

type Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SCENARIO_PASSWORD", PASSWORD)
    monkeypatch.setenv("TANDEM_PUBLIC_URL", PUBLIC_URL)


@pytest.fixture(autouse=True)
def site_s_own_logs() -> Iterator[None]:
    with capture_logs():
        yield


async def prove(app: ASGIApp, folder: Path, *more: str) -> int:
    async with served(app, folder) as url:
        return await asyncio.to_thread(main, ["scenario", url, *more])


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def done(output: Output) -> list[str]:
    """The steps that are said to be done; each with its time."""
    lines = output.readouterr().out.splitlines()
    assert all(line.endswith(" s)") for line in lines)
    return [line.removeprefix("ok  ").partition("  (")[0] for line in lines]


def only_person(stage: Stage) -> Person:
    [person] = stage.fakes.ledger.people.values()
    return person


async def test_the_first_run_opens_the_account_and_later_ones_sign_in(
    stage: Stage, tmp_path: Path, capsys: Output
) -> None:
    assert await prove(stage.app, tmp_path) == 0
    assert done(capsys) == [STEPS[0], "sign up, since there was no account", *STEPS[1:]]
    first = only_person(stage).display_name
    assert await prove(stage.app, tmp_path) == 0
    assert done(capsys) == STEPS
    person = only_person(stage)
    assert (person.email, person.display_name != first) == (EMAIL, True)
    assert not any(each.live for each in stage.fakes.ledger.browsers.values())
    assert stage.streams.count == 0


async def test_what_the_person_says_of_itself_stays(stage: Stage, tmp_path: Path) -> None:
    assert await prove(stage.app, tmp_path) == 0
    only_person(stage).about = "two\nlines & <more>"
    assert await prove(stage.app, tmp_path) == 0
    assert only_person(stage).about.splitlines() == ["two", "lines & <more>"]


async def test_a_site_that_people_reach_by_tls_is_proved_behind_what_ends_it(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_PUBLIC_URL", "https://tandem.example/")
    async with staged("https://tandem.example") as stage:
        assert await prove(stage.app, tmp_path) == 0
    assert done(capsys)[-1] == "sign out"


async def test_a_site_that_refuses_its_own_pages_is_not_proved(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_PUBLIC_URL", "https://tandem.example")
    async with staged("https://another.example") as stage:
        assert await prove(stage.app, tmp_path) == 1
    said = capsys.readouterr().out
    assert "answered  403, text/html" in said
    assert "came from another site" in said


async def test_the_first_failure_says_what_was_asked_and_what_came(
    stage: Stage, tmp_path: Path, capsys: Output
) -> None:
    stage.fakes.faults.planted["UpdateProfile"] = Refusal(StatusCode.UNAVAILABLE)
    assert await prove(stage.app, tmp_path) == 1
    *before, failed, asked, expected, answered, body = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in before] == ["ok"] * 3
    assert failed.startswith("failed  change the name  (")
    assert asked.startswith("  asked     POST http://127.0.0.1:")
    assert asked.endswith("/account/profile")
    assert expected == "  expected  the account page"
    assert answered == "  answered  503, text/html"
    assert body.startswith("  body      S Scenario ")
    assert " There is a problem " in body
    assert PASSWORD not in "".join((failed, asked, expected, answered, body))


@pytest.mark.parametrize(
    ("method", "step"),
    [
        ("SignIn", "sign in"),
        ("SignUp", "sign up, since there was no account"),
        ("GetAccount", "sign up, since there was no account"),
        ("WatchActivity", "live stream"),
        ("SignOut", "sign out"),
    ],
)
async def test_a_part_that_does_not_answer_fails_its_step(
    stage: Stage, tmp_path: Path, capsys: Output, method: str, step: str
) -> None:
    stage.fakes.faults.planted[method] = Refusal(StatusCode.UNAVAILABLE)
    assert await prove(stage.app, tmp_path) == 1
    assert f"failed  {step}  (" in capsys.readouterr().out


async def test_an_account_with_another_password_is_said_to_be_the_reason(
    stage: Stage, tmp_path: Path, capsys: Output
) -> None:
    assert await prove(stage.app, tmp_path) == 0
    only_person(stage).password = "another one"
    assert await prove(stage.app, tmp_path) == 1
    said = capsys.readouterr().out
    assert f"{EMAIL} has an account already, with another password" in said


async def test_a_stylesheet_that_nginx_does_not_have_is_a_failure(
    stage: Stage, tmp_path: Path, capsys: Output
) -> None:
    async with served(stage.app, tmp_path) as url:
        empty(tmp_path)
        assert await asyncio.to_thread(main, ["scenario", url]) == 1
    said = capsys.readouterr().out
    assert "failed  static files" in said
    assert "answered  404" in said


async def test_a_write_that_is_lost_is_noticed(
    stage: Stage, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Person, "__setattr__", _forgetful(Person.__setattr__))
    assert await prove(stage.app, tmp_path) == 1
    assert "expected  the new name, Scenario " in capsys.readouterr().out


def _forgetful(
    put: Callable[[Person, str, object], None],
) -> Callable[[Person, str, object], None]:
    def put_once(person: Person, name: str, value: object) -> None:
        if name not in vars(person):
            put(person, name, value)

    return put_once


async def test_a_session_that_lives_on_is_noticed(
    stage: Stage, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.fakes.ledger, "end_session", lambda *_: None)
    assert await prove(stage.app, tmp_path) == 1
    said = capsys.readouterr().out
    assert "failed  sign out" in said
    assert "expected  no account page for a session that has ended" in said


async def test_a_stream_that_drains_at_once_is_no_live_stream(
    stage: Stage, tmp_path: Path, capsys: Output
) -> None:
    stage.streams.close()
    assert await prove(stage.app, tmp_path) == 1
    said = capsys.readouterr().out
    assert "failed  live stream" in said
    assert "answered  200, text/event-stream" in said
    assert "body      retry: " in said


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (RedirectResponse("https://elsewhere.example/"), "leads to https://elsewhere.example/"),
        (PlainTextResponse("x" * 600, 502), f"answered  502, text/plain\n  body      {'x' * 500}…"),
        (Response(), "answered  200, no content type"),
    ],
)
async def test_what_is_no_site_of_ours_is_not_proved(
    tmp_path: Path, capsys: Output, response: Response, told: str
) -> None:
    assert await prove(response, tmp_path) == 1
    said = capsys.readouterr().out
    assert "expected  a page with the form of /sign-in" in said
    assert told in said


@pytest.fixture
def silent() -> Iterator[str]:
    """Takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_what_does_not_answer_in_time_is_given_up(silent: str, capsys: Output) -> None:
    assert main(["scenario", silent, "--timeout", "0.1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        f"  asked     GET {silent}/sign-in",
        "  failed    TimeoutError: timed out",
    ]


async def test_an_answer_that_comes_drop_by_drop_is_given_up(
    tmp_path: Path, capsys: Output
) -> None:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.05)

    # Long enough for the first of them to come.
    assert await prove(StreamingResponse(drops()), tmp_path, "--timeout", "3") == 1
    assert "failed    TimeoutError: the answer takes too long" in capsys.readouterr().out


def test_nobody_there_is_said(capsys: Output) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert main(["scenario", url]) == 1
    assert "failed    ConnectionRefusedError: " in capsys.readouterr().out


def test_without_a_password_nothing_is_tried(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TANDEM_SCENARIO_PASSWORD")
    assert main(["scenario", "http://127.0.0.1:9"]) == 2
    assert "TANDEM_SCENARIO_PASSWORD: not set" in capsys.readouterr().err


def test_the_password_may_be_a_file(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TANDEM_SCENARIO_PASSWORD")
    (tmp_path / "tandem_scenario_password").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("TANDEM_SECRETS_DIR", str(tmp_path))
    assert main(["scenario", "http://127.0.0.1:9"]) == 1
    assert "ConnectionRefusedError" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        *(["nginx:8081"], ["http://"], ["http://nginx/account"], ["http://me@nginx"]),
        *(["http://nginx", "--timeout", seconds] for seconds in ("0", "soon", "1e9")),
    ],
)
def test_a_wrong_argument_is_said_with_what_is_right(capsys: Output, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scenario", *arguments])
    assert ended.value.code == 2
    assert "must be " in capsys.readouterr().err
