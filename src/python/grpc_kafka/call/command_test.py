import pytest

from grpc_kafka.call._command import main

_TO = ["--bootstrap", "127.0.0.1:1", "--lane", "blue", "--application", "me"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.B/C"], "a call needs --bootstrap, --lane, --application"),
        (_TO, "a call needs METHOD"),
        ([*_TO, "-H", "token", "a.B/C"], "metadata is NAME: VALUE"),
        ([*_TO, "-H", "x-bin: %", "a.B/C"], "the value of x-bin is no base64"),
        ([*_TO, "--timeout", "0", "a.B/C"], "'0' is no number of seconds"),
    ],
)
def test_arguments_that_are_not_understood_are_told(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_a_contract_that_is_not_known_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*_TO, "no.such.v1.Service/Call"]) == 2
    assert "--descriptors names a file" in capsys.readouterr().err
    assert main([*_TO, "..such.v1.Service/Call"]) == 2
    assert "there is no contract of '..such.v1.Service'" in capsys.readouterr().err
    for package in ("no.such", ".such", ""):
        assert main(["--list", package]) == 2
        assert f"no service of {package} is known" in capsys.readouterr().err
