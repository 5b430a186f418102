import json

import pytest

from services.database.cli import Exit, main, parser, verdict
from services.database.history import History
from services.database.phases import Phase, positions

KNOWN = {Phase.EXPAND: ["e0001", "e0002"], Phase.CONTRACT: ["c0001"]}


@pytest.mark.parametrize(
    ("ran", "code"),
    [
        ([], Exit.EXPAND_PENDING),
        (["e0001", "c0001"], Exit.EXPAND_PENDING),
        (["e0002"], Exit.CONTRACT_PENDING),
        (["e0002", "c0001"], Exit.DONE),
        (["e0003", "c0001"], Exit.BEYOND),
        (["e0003"], Exit.BEYOND),
        (["e0002", "c0002"], Exit.BEYOND),
    ],
)
def test_the_status_of_a_schema_is_an_exit_code(ran: list[str], code: Exit) -> None:
    assert verdict(positions(KNOWN, ran)) is code


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["migrate"],
        ["migrate", "sideways"],
        ["migrate", "expand", "--lock-timeout", "0"],
        ["migrate", "expand", "--lock-timeout", "0.0004"],
        ["migrate", "expand", "--lock-timeout", "soon"],
        ["migrate", "expand", "--lock-timeout", "nan"],
        ["migrate", "expand", "--attempts", "0"],
        ["migrate", "status", "--attempts", "2"],
        ["serve", "now"],
    ],
)
def test_a_wrong_command_line_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == Exit.WRONG_SETTINGS
    assert "usage:" in capsys.readouterr().err


def test_limits_have_defaults_and_can_be_set() -> None:
    options = parser().parse_args(["migrate", "expand", "--lock-timeout", "1.5"])
    assert (options.lock_timeout, options.attempts, options.phase) == (1.5, 6, Phase.EXPAND)


@pytest.mark.parametrize("command", [["migrate"], ["migrate", "expand"], ["prepare"]])
def test_help_has_examples(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "example" in said
    assert "TANDEM_DATABASE_OWNER_URL" in said


def test_missing_settings_are_all_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TANDEM_DATABASE_OWNER_URL", raising=False)
    assert main(["migrate", "status"]) == Exit.WRONG_SETTINGS
    assert "TANDEM_DATABASE_OWNER_URL: not set" in capsys.readouterr().err


def test_a_release_says_its_heads_without_a_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TANDEM_DATABASE_OWNER_URL", raising=False)
    newest = {phase: line[-1] for phase, line in History().revisions.items()}
    assert main(["migrate", "heads", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == newest
    assert main(["migrate", "heads"]) == Exit.DONE
    assert capsys.readouterr().out.split() == [
        *("expand", "head", newest[Phase.EXPAND]),
        *("contract", "head", newest[Phase.CONTRACT]),
    ]
