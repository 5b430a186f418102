"""The parts of ./pants that decide something, called as shell functions."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCHER = Path("pants").resolve()


def call(function: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call a function of the launcher."""
    return subprocess.run(  # noqa: S603
        ["/usr/bin/env", "bash", "-c", f'source "{LAUNCHER}"; {function} "$@"', "bash", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(path: Path, text: str) -> Path:
    """Write an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", ":local"),
        ("run", "//:local"),
        ("run", ":local", "--"),
        ("run", ":local", "--", "-h"),
        ("run", ":bluegreen", "--", "deploy"),
        ("run", "//:bluegreen", "--", "--help"),
        ("run", "src/python/bluegreen", "--", "deploy"),
        ("run", "src/python/local"),
    ],
)
def test_programs_that_run_pants_or_run_long_leave_pants_to_others(
    arguments: tuple[str, ...],
) -> None:
    assert call("runs_alone", *arguments).returncode == 0


@pytest.mark.parametrize("named", [":bluegreen", "//:bluegreen", "src/python/bluegreen"])
def test_they_are_built_and_run_whichever_way_they_are_named(named: str) -> None:
    done = call("PANTS=(echo); run_alone", "/bin/echo", "run", named, "--", "deploy", "--help")
    built, ran = done.stdout.splitlines()
    assert built == "package //:bluegreen"
    assert ran == f"{LAUNCHER.parent}/dist/bluegreen.pex deploy --help"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("run",),
        ("test", ":local"),
        ("run", "src/python:local"),
        ("run", ":new-service", "--", "orders"),
        ("run", ":local", "--debug-adapter"),
        ("--no-pantsd", "run", ":local"),
        ("run", "src/a.py", "--", "run", ":local"),
        ("run", "src/python/bluegreen/__main__.py", "--", "deploy"),
    ],
)
def test_anything_else_is_left_to_pants(arguments: tuple[str, ...]) -> None:
    assert call("runs_alone", *arguments).returncode == 1


def test_the_official_launcher_is_known_by_its_name_inside(tmp_path: Path) -> None:
    program(tmp_path / "other" / "pants", "#!/bin/sh\n# somebody else's trousers\n")
    official = program(tmp_path / "bin" / "pants", "ELF ... scie-pants ...")
    path = f"{LAUNCHER.parent}:{tmp_path / 'other'}:{official.parent}:{os.environ['PATH']}"
    assert call("official_launcher", PATH=path).stdout.strip() == str(official)


def test_a_checkout_on_path_is_not_the_official_launcher(tmp_path: Path) -> None:
    program(tmp_path / "pants", LAUNCHER.read_text())
    done = call("official_launcher", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert (done.returncode, done.stdout) == (1, "")


def test_an_interpreter_counts_only_with_the_version_asked_for() -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = call("identify_python", own, sys.executable)
    assert Path(found.stdout.strip()).samefile(Path(sys.executable))
    assert call("identify_python", "3.9", sys.executable).returncode != 0


def test_a_missing_interpreter_is_answered_with_what_installs_it(tmp_path: Path) -> None:
    done = call(
        "python",
        "3.13",
        "TANDEM_PYTHON313",
        TANDEM_PYTHON313="/bin/false",
        XDG_CACHE_HOME=str(tmp_path),
    )
    assert done.returncode == 1
    assert "CPython 3.13 was not found as /bin/false" in done.stderr
    for command in ("uv python install", "pyenv install", "apt-get install", "brew install"):
        assert command in done.stderr


def test_an_interpreter_once_found_is_remembered(tmp_path: Path) -> None:
    remembered = program(tmp_path / "tandem-pants" / "found", "#!/bin/sh\n")
    (tmp_path / "tandem-pants" / "python3.13").write_text(f"{remembered}\n")
    done = call("python", "3.13", "TANDEM_PYTHON313", XDG_CACHE_HOME=str(tmp_path))
    assert done.stdout.strip() == str(remembered)


def test_another_lockfile_means_another_installation(tmp_path: Path) -> None:
    first = call("installation", "pants-1", "pants.lock", XDG_CACHE_HOME=str(tmp_path)).stdout
    again = call("installation", "pants-1", "pants.lock", XDG_CACHE_HOME=str(tmp_path)).stdout
    other = call("installation", "pants-1", "pex.lock", XDG_CACHE_HOME=str(tmp_path)).stdout
    assert first == again != other
    assert first.startswith(str(tmp_path / "tandem-pants" / "pants-1-"))


def test_an_installation_whose_python_is_gone_is_none(tmp_path: Path) -> None:
    """An upgrade of Python removes the version that the environment of Pants is made of."""
    python = program(tmp_path / "python3.9.1", "#!/bin/sh\n")
    (tmp_path / "pants" / "bin").mkdir(parents=True)
    (tmp_path / "pants" / "bin" / "python").symlink_to(python)
    (tmp_path / "pex").mkdir()
    assert call("usable", str(tmp_path / "pants")).returncode == 0
    assert call("usable", str(tmp_path / "pex")).returncode == 0
    python.unlink()
    assert call("usable", str(tmp_path / "pants")).returncode == 1
    assert call("usable", str(tmp_path / "none")).returncode == 1


def test_a_home_that_nobody_names_is_found() -> None:
    words = ["-u", "HOME", "bash", "-c", f'source "{LAUNCHER}"; echo "$CACHE"']
    said = subprocess.run(  # noqa: S603
        ["/usr/bin/env", "-u", "XDG_CACHE_HOME", "-u", "TANDEM_PANTS_CACHE", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert said.stdout == f"{home}/.cache/tandem-pants\n", said.stderr
