from __future__ import annotations

import pytest

from grpc_kafka._broker import Record
from grpc_kafka.dead_letters._command import main
from grpc_kafka.dead_letters._letters import letters_in
from grpc_kafka.dead_letters._shelf import Shelf
from grpc_kafka.protocol import Address, Death, Request, encode_request, letter_of

_NOWHERE = ["--bootstrap", "127.0.0.1:1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--bootstrap"),
        ([*_NOWHERE, "look", "q"], "invalid choice"),
        ([*_NOWHERE, "list", "q", "--offset", "1"], "--offset needs --partition"),
        ([*_NOWHERE, "replay", "q"], "replay needs either"),
        ([*_NOWHERE, "drop", "q", "--partition", "1"], "drop needs either"),
        ([*_NOWHERE, "drop", "q", "--partition", "1", "--offset", "1", "--all"], "needs either"),
        ([*_NOWHERE, "drop", "q", "--all", "--timeout", "1"], "--timeout is for replay"),
        ([*_NOWHERE, "replay", "q", "--all", "--timeout", "0"], "'0' is no number of seconds"),
        ([*_NOWHERE, "replay", "q", "--all", "--timeout", "nan"], "is no number of seconds"),
        ([*_NOWHERE, "replay", "q", "--all", "--timeout", "inf"], "is no number of seconds"),
        ([*_NOWHERE, "list", "q", "--descriptors", "f"], "--descriptors is for show"),
        ([*_NOWHERE, "--option", "acks", "list", "q"], "a setting is NAME=VALUE"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "replay blue.shop.v1.Store" in said
    assert "exit codes: 0 done" in said


def test_a_setting_that_does_not_exist_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*_NOWHERE, "--option", "no.such=1", "list", "q"]) == 1
    assert 'q.dead-letter was not read: No such configuration property: "no.such"' in (
        capsys.readouterr().err
    )


def test_what_a_terminal_might_obey_is_written_out_of_what_is_dropped_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Address("blue.me.inbox", 0, "me")
    sent = encode_request(Request(bytes(16), "/a.B/\x1b[2J", home, 1.0, (), b""))
    letter = letter_of(sent.key, sent.headers, sent.value, Death("broken", "blue.a.B/0/0", 0))
    stored = letters_in([Record("blue.a.B.dead-letter", 0, 0, *letter)])
    monkeypatch.setattr(Shelf, "letters", lambda _shelf: stored)
    monkeypatch.setattr(Shelf, "drop", lambda _shelf, _letter: None)
    assert main([*_NOWHERE, "drop", "blue.a.B", "--all"]) == 0
    assert capsys.readouterr().out == "dropped partition 0, offset 0 /a.B/\\x1b[2J\n"
