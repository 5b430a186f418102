import pytest

from tests.support import command_line, requirements


def test_a_program_ends_with_its_own_exit_code() -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.run(lambda: 3)

    assert ended.value.code == 3


def test_what_the_machine_lacks_is_said_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(requirements.REQUIRE_ALL, raising=False)

    with pytest.raises(SystemExit) as ended:
        command_line.run(lambda: requirements.missing("no sshd: apt-get install openssh-server"))

    assert ended.value.code == 2
    assert capsys.readouterr().err == "no sshd: apt-get install openssh-server\n"


def test_ctrl_c_ends_a_program_without_a_traceback() -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        command_line.run(interrupted)

    assert ended.value.code == 130
