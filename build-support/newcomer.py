"""Do what a newcomer does: start ``:local``, look at the page through nginx, and stop it.

Checks that the page is there, that Pants serves other commands meanwhile, that Ctrl-C ends it well,
and that it leaves no process behind. Needs Linux (``/proc``) and the standard library alone.

Usage: newcomer.py [--port N]
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_START_SECONDS = 600.0  # with cold caches every requirement is installed first
_STOP_SECONDS = 60.0
_COMMAND_SECONDS = 120.0


class NewcomerError(Exception):
    """What a newcomer would complain of."""


def main(arguments: Sequence[str]) -> int:
    """Go through the first minutes; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=18080, help="first of the ports to use")
    port = parser.parse_args(arguments).port
    with tempfile.TemporaryFile() as output:
        try:
            visit(port, output.fileno())
        except NewcomerError as error:
            output.seek(0)
            print(output.read().decode(errors="replace"))
            print(f"newcomer: {error}", file=sys.stderr)
            return 1
        output.seek(0)
        print(output.read().decode(errors="replace"))
    return 0


def visit(port: int, output: int) -> None:
    """Start the system, look at it, stop it.

    Raises:
        NewcomerError: anything was not as promised.
    """
    run_pants("--version")  # so that Pants' daemon is not taken for a process left behind
    before = set(processes())
    started = time.monotonic()
    runner = subprocess.Popen(  # noqa: S603 - a fixed command
        ["./pants", "run", ":local", "--", "--port", str(port)],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        title = wait_for_page(f"http://127.0.0.1:{port}/", runner)
        print(f"newcomer: {title!r} came after {time.monotonic() - started:.1f} s")
        run_pants("list", "//:")
        print("newcomer: Pants answers while the system runs")
    finally:
        stop(runner)
    left = processes()
    strangers = {pid: left[pid] for pid in left if pid not in before}
    if strangers:
        listed = "\n".join(f"    {pid} {command}" for pid, command in strangers.items())
        raise NewcomerError(f"these processes were left behind:\n{listed}")
    print("newcomer: no process was left behind")


def run_pants(*arguments: str) -> None:
    """Run a short command of Pants.

    Raises:
        NewcomerError: it failed, or waited for another one.
    """
    command = ["./pants", *arguments]
    try:
        subprocess.run(  # noqa: S603 - a fixed command
            command, cwd=REPOSITORY, check=True, capture_output=True, timeout=_COMMAND_SECONDS
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace")
        raise NewcomerError(f"{' '.join(command)} did not work: {error}\n{said}") from error


def wait_for_page(url: str, runner: subprocess.Popen[bytes]) -> str:
    """Return the title of the page at ``url``, as soon as it is there.

    Raises:
        NewcomerError: the runner ended, or the page did not come in time.
    """
    deadline = time.monotonic() + _START_SECONDS
    reason = "nobody answered"
    while time.monotonic() < deadline:
        if runner.poll() is not None:
            raise NewcomerError(f"./pants run :local ended with exit code {runner.returncode}")
        try:
            return read_title(url)
        except (OSError, NewcomerError) as error:
            reason = str(error)
        time.sleep(0.5)
    raise NewcomerError(f"no page at {url} within {_START_SECONDS:.0f} s: {reason}")


def read_title(url: str) -> str:
    """Return the title of an HTML page that nginx serves.

    Raises:
        OSError: no page came (urllib's errors are among these).
        NewcomerError: something else came.
    """
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - a fixed scheme
        page = response.read().decode()
        server = response.headers.get("Server", "")
    if "nginx" not in server:
        raise NewcomerError(f"{url} is served by {server!r}, not by nginx")
    _, found, rest = page.partition("<title>")
    title, closed, _ = rest.partition("</title>")
    if not found or not closed:
        raise NewcomerError(f"{url} is not a page with a title: {page[:200]!r}")
    return " ".join(title.split())


def stop(runner: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C, and wait until the runner has ended.

    Raises:
        NewcomerError: it did not end in time, or not well.
    """
    if runner.poll() is not None:
        return
    started = time.monotonic()
    runner.send_signal(signal.SIGINT)
    try:
        code = runner.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(runner.pid, signal.SIGKILL)
        raise NewcomerError(f"Ctrl-C did not stop it within {_STOP_SECONDS:.0f} s") from None
    if code != 0:
        raise NewcomerError(f"after Ctrl-C the exit code was {code}, not 0")
    print(f"newcomer: Ctrl-C stopped it in {time.monotonic() - started:.1f} s")


def processes() -> dict[int, str]:
    """Return the command lines of the processes that know this checkout, but for Pants' daemon."""
    known: dict[int, str] = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ")
            environment = (directory / "environ").read_bytes()
        except OSError:  # it has ended meanwhile, or is another user's
            continue
        if (
            command
            and b"pantsd" not in command
            and os.fsencode(REPOSITORY) in command + environment
        ):
            known[int(directory.name)] = command.decode(errors="replace").strip()
    return known


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
