from pathlib import Path

import pytest

from local.options import POSTGRES, Options, parse

HERE = Path("/checkout")


def test_nothing_given_is_everything_embedded() -> None:
    assert parse([], HERE) == Options(root=HERE)


def test_all_options_are_understood() -> None:
    given = ["--port", "8090", "--kafka", "k:9092", "--postgres", "postgresql://a@h:1/d"]
    assert parse([*given, "--reset", "--no-watch"], HERE) == Options(
        port=8090,
        kafka="k:9092",
        postgres="postgresql://a@h:1/d",
        reset=True,
        watch=False,
        root=HERE,
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--port", "0"], "no port from 1 to 65500"),
        (["--port", "65501"], "no port"),
        (["--port", "x"], "no port"),
        (["--kafka", "9092"], "not of the form HOST:PORT"),
        (["--kafka", "host:"], "not of the form HOST:PORT"),
        (["--postgres", "mysql://a@h/d"], "not of the form postgresql://"),
        (["--res"], "unknown option --res; is it --reset?"),
        (["--hurry"], "unknown option --hurry; --help"),
        (["--hurry", "--port=1", "-x"], "unknown options --hurry, -x; --help"),
        (["blue"], "what is given belongs to no option"),
        (["--reset=now"], "--reset: takes no value"),
    ],
)
def test_wrong_option_is_refused_with_what_is_right(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, HERE)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a:topsecret@h/d",
        "postgresql://a:topsecret@[h/d",
        "postgresql://a:topsecret@h:port/d",
        "postgresql://a:topsecret@h:99999/d",
        "postgresql://a:topsecret@/d",
        "postgresql://a:top[secret@h/d",
    ],
)
def test_complaint_about_a_url_does_not_repeat_its_password(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    with pytest.raises(SystemExit):
        parse(["--postgres", url], HERE)
    complaint = capsys.readouterr().err
    assert "not of the form postgresql://" in complaint
    assert "secret" not in complaint


@pytest.mark.parametrize(
    "arguments",
    [
        ["--postgre", "postgresql://a:topsecret@h/d"],
        ["--postgre=postgresql://a:topsecret@h/d"],
        ["-postgres=postgresql://a:topsecret@h/d"],
        ["--postgres://a:topsecret@h/d"],
        ["postgresql://a:topsecret@h/d"],
        ["--reset=postgresql://a:topsecret@h/d"],
        ["--port", "postgresql://a:topsecret@h/d"],
        ["--kafka", "postgresql://a:topsecret@h/d"],
    ],
)
def test_complaint_about_a_mistyped_option_repeats_no_value(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, HERE)
    assert ended.value.code == 2
    assert "secret" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["postgresql://a:topsecret@h/d", "postgresql://a@h/d?sslmode=require&password=topsecret"]
)
def test_a_password_on_the_command_line_is_refused_with_where_it_belongs(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--postgres", url], HERE)
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert "has a password" in complaint
    assert f"put the whole URL into {POSTGRES}" in complaint
    assert "topsecret" not in complaint


def test_a_url_with_a_password_comes_from_the_environment() -> None:
    url = "postgresql://a:topsecret@h:1/d"
    assert parse([], HERE, {POSTGRES: url}).postgres == url
    assert parse([], HERE, {POSTGRES: ""}).postgres is None
    given = parse(["--postgres", "postgresql://a@h/d"], HERE, {POSTGRES: url})
    assert given.postgres == "postgresql://a@h/d"


def test_a_wrong_url_in_the_environment_is_told_by_its_name_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([], HERE, {POSTGRES: "mysql://a:topsecret@h/d"})
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert f"{POSTGRES} of the environment: not of the form postgresql://" in complaint
    assert "secret" not in complaint


def test_checkout_can_be_elsewhere() -> None:
    assert parse(["--root", "/other"], HERE).root == Path("/other")


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"], HERE)
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "./pants run :local -- --port 8090" in told
    assert "--root" not in told
    assert "PG* variables are not read" in " ".join(told.split())
