"""Install Pants or PEX from a lockfile, for ``./pants``.

Runs on any CPython from 3.9 on, with the standard library alone, because nothing is installed yet.
What it installs appears under its final name only when it is whole, so that an interruption leaves
nothing broken.

Usage: install_pants.py {pants,pex} LOCKFILE DESTINATION
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_TIMEOUT_SECONDS = 1800
"""Of one step; over a slow line pip fetches a hundred megabytes in it."""


class InstallError(Exception):
    """A step failed; carries what it printed."""

    def __init__(self, command: Sequence[str], output: str) -> None:
        """Keep the command and the end of its output."""
        self.command = list(command)
        self.output = output
        tail = "\n".join("    " + line for line in output.strip().splitlines()[-15:])
        super().__init__(
            f"this command failed:\n    {' '.join(command)}\n{tail}\n"
            "Packages come from PyPI, or from the index that pip is configured for: is it within "
            "reach? Nothing was left behind; run the same command again."
        )


def main(arguments: Sequence[str]) -> int:
    """Install what the arguments name; return the exit code."""
    kind, lockfile, destination = arguments
    try:
        install(INSTALLERS[kind], Path(lockfile), Path(destination))
    except InstallError as error:
        print(f"pants: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pants: interrupted; nothing was left behind", file=sys.stderr)
        return 130
    return 0


def install(installer: Callable[[Path, Path], None], lockfile: Path, destination: Path) -> None:
    """Make ``destination`` with ``installer``, beside it first and renamed when it is whole."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with exclusively(destination.with_name(destination.name + ".lock")):
        if usable(destination):
            return
        shutil.rmtree(destination, ignore_errors=True)
        unfinished = destination.with_name("." + destination.name)
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            installer(lockfile, unfinished)
            unfinished.rename(destination)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def usable(home: Path) -> bool:
    """Whether it is there, and its Python too, which an upgrade of Python may have removed."""
    python = home / "bin" / "python"
    return home.exists() and (python.exists() or not python.is_symlink())


@contextlib.contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``; the operating system frees it even from a killed process."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"pants: waiting for another installation ({path})", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_pants(lockfile: Path, home: Path) -> None:
    """Make a virtual environment with Pants in it."""
    run("make an environment for Pants", [sys.executable, "-m", "venv", str(home)])
    install_locked("install Pants from PyPI, checking hashes", home, lockfile)


def install_pex(lockfile: Path, home: Path) -> None:
    """Make the file ``pex``, PEX packed by itself, and its ``fingerprint`` (SHA-256 and size)."""
    environment, pex = home / "environment", home / "pex"
    run("make an environment for PEX", [sys.executable, "-m", "venv", str(environment)])
    install_locked("install PEX from PyPI, checking hashes", environment, lockfile)
    fetch = [*pip(environment), "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    run(
        "fetch what PEX is packed from", [*fetch, *locked(lockfile), "--dest", str(home / "wheels")]
    )
    run("pack PEX", packing(environment, home / "wheels", pex), PEX_ROOT=str(home / "root"))
    content = pex.read_bytes()
    (home / "fingerprint").write_text(f"{hashlib.sha256(content).hexdigest()}|{len(content)}\n")
    for leftover in (environment, home / "wheels", home / "root"):
        shutil.rmtree(leftover)


INSTALLERS: dict[str, Callable[[Path, Path], None]] = {"pants": install_pants, "pex": install_pex}


def packing(environment: Path, wheels: Path, pex: Path) -> list[str]:
    """Return the command that packs the wheel of PEX into the file ``pex``."""
    (wheel,) = wheels.glob("pex-*.whl")
    return [
        *(str(environment / "bin" / "python"), "-m", "pex", str(wheel), "--script", "pex"),
        *("--no-pypi", "--no-compile", "--no-strip-pex-env", "--no-emit-warnings"),
        *("--python-shebang", "/usr/bin/env python", "--output-file", str(pex)),
    ]


def install_locked(purpose: str, environment: Path, lockfile: Path) -> None:
    """Install exactly what ``lockfile`` holds; pip refuses anything without a matching hash."""
    run(purpose, [*pip(environment), "install", "--quiet", *locked(lockfile)])


def pip(environment: Path) -> list[str]:
    """Return the command of the pip in ``environment``."""
    return [str(environment / "bin" / "python"), "-I", "-m", "pip", "--disable-pip-version-check"]


def locked(lockfile: Path) -> list[str]:
    """Return the arguments that tell pip what to take."""
    return ["--require-hashes", "--requirement", str(lockfile)]


def run(purpose: str, command: Sequence[str], **extra: str) -> None:
    """Run one step, saying what it is for and how long it took.

    Raises:
        InstallError: the command failed, or did not end in time.
    """
    print(f"pants: {purpose} ... ", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    # A fixed date makes PEX pack differently from what it was tested with.
    environment = {
        k: v for k, v in os.environ.items() if k not in {"SOURCE_DATE_EPOCH", "PYTHONPATH"}
    }
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands with paths of ours
            command,
            env={**environment, **extra},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        print("too long", file=sys.stderr, flush=True)
        printed = error.output or ""
        if isinstance(printed, bytes):  # as most of Python's versions have it, text or not
            printed = printed.decode(errors="replace")
        late = f"it did not end within {_TIMEOUT_SECONDS} s"
        raise InstallError(command, f"{printed}\n{late}") from None
    print(f"{time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
    if done.returncode:
        raise InstallError(command, done.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
