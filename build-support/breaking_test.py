"""What is said where contracts cannot be compared."""

import os
import subprocess
import sys
from pathlib import Path

import breaking

_PROGRAM = """\
import sys, breaking
breaking._TIMEOUT_SECONDS, sys.prefix = float(sys.argv[1]), sys.argv[2]
sys.exit(breaking.main(sys.argv[3:]))
"""


def program(file: Path, does: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{does}\n")
    file.chmod(0o755)


def with_git(folder: Path, does: str) -> str:
    """A PATH with a git that does this."""
    program(folder / "programs/git", does)
    return f"{folder / 'programs'}:/usr/bin:/bin"


def said(folder: Path, *arguments: str, path: str = "", seconds: float = 20) -> str:
    """What it writes to stderr in a folder outside git, where it compares nothing."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _PROGRAM, str(seconds), str(folder), *arguments],
        cwd=folder,
        env={
            "PATH": path or os.environ.get("PATH", "/usr/bin:/bin"),
            "PYTHONPATH": str(Path(breaking.__file__).parent),
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
            "LC_ALL": "C",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_outside_git_it_is_said_where_to_run_it(tmp_path: Path) -> None:
    told = said(tmp_path)
    assert told.startswith("git rev-parse --show-toplevel: fatal: not a git repository")
    assert told.endswith("; run it in a checkout that git made\n")


def test_a_git_that_does_not_end_is_named(tmp_path: Path) -> None:
    path = with_git(tmp_path, "exec sleep 60")
    told = said(tmp_path, path=path, seconds=0.2)
    assert told == "git rev-parse --show-toplevel did not end within 0.2 s; run it again\n"


def test_a_buf_that_does_not_end_is_named(tmp_path: Path) -> None:
    program(tmp_path / "bin/buf", "exec sleep 60")
    nothing = "tar c -C / -T /dev/null"
    path = with_git(tmp_path, f"[ $1 = -C ] && {nothing} || echo {tmp_path}")
    told = said(tmp_path, "HEAD", path=path, seconds=1)
    assert told.startswith(f"{tmp_path}/bin/buf breaking ")
    assert told.endswith(" did not end within 1 s; run it again\n")


def test_without_git_it_is_said_to_install_it(tmp_path: Path) -> None:
    assert said(tmp_path, path=str(tmp_path)) == "there is no git on the PATH: install it\n"


def test_a_buf_that_fails_is_not_told_as_a_change_that_breaks(tmp_path: Path) -> None:
    program(tmp_path / "bin/buf", "echo 'buf.yaml: no such version' >&2; exit 1")
    nothing = "tar c -C / -T /dev/null"
    path = with_git(tmp_path, f"[ $1 = -C ] && {nothing} || echo {tmp_path}")
    told = said(tmp_path, "HEAD", path=path)
    assert told.startswith("buf.yaml: no such version\n")
    assert told.endswith(" ended with 1, and compared nothing: mend what it says above\n")


def test_where_the_branch_left_develop_is_not_guessed_in_a_shallow_clone(tmp_path: Path) -> None:
    answers = f"case $1 in rev-parse) echo {tmp_path};; merge-base) exit 1;; *) exit 9;; esac"
    path = with_git(tmp_path, answers)
    told = said(tmp_path, path=path)
    assert told == (
        "this clone lacks the commit where HEAD left develop: git fetch --unshallow, or name a "
        "revision\n"
    )


def test_without_develop_nothing_is_compared_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    answers = f"[ $2 = --show-toplevel ] && echo {tmp_path} || exit 1"
    path = with_git(tmp_path, answers)
    told = said(tmp_path, path=path)
    assert told == (
        "nothing to compare with: there is neither develop nor origin/develop here. Fetch it (git "
        "fetch origin develop:refs/remotes/origin/develop), or name a revision (-- main); -- HEAD "
        "compares what is not committed yet\n"
    )
