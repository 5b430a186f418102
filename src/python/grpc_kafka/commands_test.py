import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from grpc_kafka._commands import SettingsError, add_brokers, ended, settings_of


def _settings(*arguments: str) -> dict[str, str]:
    parser = argparse.ArgumentParser()
    add_brokers(parser)
    return settings_of(parser.parse_args(["--bootstrap", "x:1", *arguments]))


def test_a_name_and_a_password_s_file_are_enough(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    named = ["--username", "me", "--password-file", str(file)]
    wanted = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": "secret",
    }
    assert _settings(*named) == wanted
    plain = {"security.protocol": "SASL_PLAINTEXT"}
    assert _settings(*named, "-o", "security.protocol=SASL_PLAINTEXT") == wanted | plain


def test_options_win_over_those_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "options"
    file.write_text("# mine\n\na = 1\nb=x=y\n")
    assert _settings("--options-file", str(file), "-o", "a=2") == {"a": "2", "b": "x=y"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; it is to have a password"),
        (b"\xffsecret", "cannot be read: it is not UTF-8"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_password_that_is_not_usable_is_told_by_its_file_alone(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        _settings("--username", "me", "--password-file", str(file))
    assert str(caught.value) == f"{file} {said}"


def test_a_name_without_a_password_is_not_understood(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        _settings("--username", "me")
    file = tmp_path / "options"
    file.write_text("secret\n")
    with pytest.raises(SettingsError) as caught:
        _settings("--options-file", str(file))
    assert str(caught.value) == f"{file}: a setting is NAME=VALUE"


def test_ctrl_c_ends_a_command_in_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert ended(interrupted) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_reader_that_goes_ends_a_command_in_silence() -> None:
    program = (
        "import itertools, sys\n"
        "from grpc_kafka._commands import ended, say\n"
        "sys.exit(ended(lambda: any(map(say, itertools.repeat('a letter')))))\n"
    )
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == "a letter\n"
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 141
