import sys

import pytest

from bluegreen.errors import SettingsError
from bluegreen.secret import Redactor, Secret, resolve, run

PRINTS = (sys.executable, "-c", "print('from a command')")
FAILS = (sys.executable, "-c", "import sys; print('hunter2'); sys.exit(3)")


def test_secrets_come_from_the_environment_and_from_commands() -> None:
    secrets = {"a": Secret(environment="A"), "b": Secret(command=PRINTS)}
    assert resolve(secrets, {"A": "from outside"}, run) == {
        "a": "from outside",
        "b": "from a command",
    }


def test_all_that_are_not_to_be_had_are_told_at_once_and_none_is_repeated() -> None:
    secrets = {
        "a": Secret(environment="A"),
        "b": Secret(command=FAILS),
        "c": Secret(command=("/nowhere/vault", "-token=s3cr3t")),
        "d": Secret(command=(sys.executable, "-c", "")),
        "e": Secret(environment="E"),
    }
    with pytest.raises(SettingsError) as wrong:
        resolve(secrets, {"E": "here"}, run)
    assert wrong.value.problems == (
        "a: the environment has no A",
        f"b: command {sys.executable} ended with 3",
        "c: command /nowhere/vault cannot be run: FileNotFoundError",
        f"d: command {sys.executable} printed nothing",
    )
    assert "hunter2" not in str(wrong.value)
    assert "s3cr3t" not in str(wrong.value)


def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluegreen.secret.COMMAND_TIMEOUT", 0.2)
    with pytest.raises(ValueError, match=r"took longer than 0\.2 s"):
        run((sys.executable, "-c", "import time; time.sleep(30)"))


def test_secrets_are_taken_out_of_texts_in_every_form_that_they_are_written() -> None:
    redact = Redactor(["p@ss/word", "p@ss", "", "pasted\n"])
    text = "p@ss/word, p@ss, pasted and postgresql://u:p%40ss%2Fword@h/d"
    assert redact(text) == "[REDACTED], [REDACTED], [REDACTED] and postgresql://u:[REDACTED]@h/d"
