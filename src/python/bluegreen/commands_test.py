import sys
import time
from pathlib import Path

import pytest

from bluegreen import commands
from bluegreen.errors import PortError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_a_program_prints_is_given() -> None:
    code = "import os; print(os.environ['LANE'], 'HOME' in os.environ)"
    environment = {"LANE": "blue"}
    assert commands.output(python(code), timeout=10, environment=environment) == "blue False\n"


@pytest.mark.parametrize(
    ("code", "timeout", "said"),
    [
        ("import sys; sys.exit('no such file')", 10, "ended with 1"),
        ("import time; time.sleep(30)", 0.2, r"took longer than 0\.2 s"),
    ],
)
def test_a_program_that_fails_or_hangs_is_an_error_that_says_so(
    code: str, timeout: float, said: str, tmp_path: Path
) -> None:
    with pytest.raises(PortError, match=said):
        commands.output(python(code), timeout=timeout)
    with pytest.raises(PortError, match=said):
        commands.follow(
            python(code), timeout=timeout, folder=tmp_path, environment={}, say=lambda _: None
        )


def test_what_a_failed_program_wrote_is_the_detail() -> None:
    with pytest.raises(PortError) as failed:
        commands.output(python("import sys; sys.exit('no such file')"), timeout=10)
    assert failed.value.detail == "no such file"


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="/nowhere/pants cannot be run: No such file"):
        commands.output(["/nowhere/pants"], timeout=1)
    with pytest.raises(PortError, match="/nowhere/pants cannot be run: No such file"):
        commands.follow(
            ["/nowhere/pants"], timeout=1, folder=tmp_path, environment={}, say=lambda _: None
        )


def test_lines_are_told_as_they_are_written(tmp_path: Path) -> None:
    lines: list[str] = []
    # It has no second line before the first one is told.
    code = """
import pathlib, time
print('one', flush=True)
while not pathlib.Path('told').exists():
    time.sleep(0.01)
print('two')
"""

    def say(line: str) -> None:
        lines.append(line)
        (tmp_path / "told").touch()

    commands.follow(python(code), timeout=30, folder=tmp_path, environment={}, say=say)
    assert lines == ["one", "two"]


def test_what_a_program_has_started_ends_with_it(tmp_path: Path) -> None:
    child = "import time; time.sleep(30)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    began = time.monotonic()
    with pytest.raises(PortError, match="was ended"):
        commands.follow(
            python(code), timeout=0.5, folder=tmp_path, environment={}, say=lambda _: None
        )
    assert time.monotonic() - began < 10


HOLDS_THE_PIPE = """
import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'], start_new_session=True)
print('started', flush=True)
"""


def test_what_a_program_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    lines: list[str] = []
    began = time.monotonic()
    commands.follow(
        python(HOLDS_THE_PIPE), timeout=60, folder=tmp_path, environment={}, say=lines.append
    )
    assert lines == ["started"]
    assert time.monotonic() - began < 10


def test_a_program_that_is_late_ends_also_where_a_daemon_of_it_holds_its_output(
    tmp_path: Path,
) -> None:
    code = f"{HOLDS_THE_PIPE}\nimport time; time.sleep(20)"
    began = time.monotonic()
    with pytest.raises(PortError, match="was ended"):
        commands.follow(
            python(code), timeout=0.5, folder=tmp_path, environment={}, say=lambda _: None
        )
    assert time.monotonic() - began < 10


def test_what_a_program_wrote_is_told_by_the_line_however_it_ends_them(tmp_path: Path) -> None:
    lines: list[str] = []
    code = "import sys; sys.stdout.buffer.write(b'one\\r\\ntwo\\rthr\\xffee\\n\\nlast \\xc3')"
    commands.follow(python(code), timeout=10, folder=tmp_path, environment={}, say=lines.append)
    assert lines == ["one", "two", "thr\ufffdee", "", "last \ufffd"]


def test_an_interrupted_deployer_leaves_no_program_behind(tmp_path: Path) -> None:
    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    code = "import time; print('here', flush=True); time.sleep(30)"
    with pytest.raises(KeyboardInterrupt):
        commands.follow(python(code), timeout=60, folder=tmp_path, environment={}, say=interrupt)
    assert time.monotonic() - began < 10
