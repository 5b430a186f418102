"""Lint the workflows of GitHub Actions: ``./pants run build-support:workflows``.

By zizmor, for what is dangerous, and actionlint, for what is wrong; both are pinned, by
``3rdparty/tools/workflows.lock`` and ``3rdparty/tools/actionlint/go.sum``. actionlint is built by
Go, which has to be on PATH; ``--without-actionlint`` goes without it. ``-- FOLDER`` names another
checkout.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_TIMEOUT_SECONDS = 600
_MODULE = Path("3rdparty/tools/actionlint")


class MissingToolError(Exception):
    """A program is not on PATH."""

    def __init__(self, name: str, how: str) -> None:
        """Keep its name, and how to get it."""
        self.name = name
        super().__init__(f"{name} is not on PATH: {how}")


def main(arguments: Sequence[str]) -> int:
    """Lint them; return 0 if nothing is found, 1 if something is, 2 if a tool is missing."""
    parser = argparse.ArgumentParser("workflows", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path.cwd(), help="the checkout (.)")
    parser.add_argument("--without-actionlint", action="store_true", help="zizmor alone")
    given = parser.parse_args(arguments)
    folder = given.folder.resolve()
    try:
        commands = [zizmor(folder)]
        if not given.without_actionlint:
            commands.append(actionlint(folder))
    except MissingToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    codes = [lint(command) for command in commands]
    print("the workflows are well" if not any(codes) else "the workflows have faults, see above")
    return int(any(codes))


def zizmor(folder: Path) -> list[str]:
    """Return the command that looks for what is dangerous in a checkout; it asks no server."""
    how = (
        "--offline",
        "--persona=auditor",
        "--strict-collection",
        "--collect=all",
        "--no-progress",
    )
    return [str(_program("zizmor")), *how, str(folder / ".github")]


def actionlint(folder: Path) -> list[str]:
    """Return the command that looks for what is wrong in a checkout's workflows.

    Raises:
        MissingToolError: there is no Go.
    """
    go = shutil.which("go")
    if go is None:
        raise MissingToolError("go", "it builds actionlint; install Go 1.25 or newer")
    module = folder / _MODULE
    files = sorted(str(file) for file in (folder / ".github/workflows").glob("*.yml"))
    # Its shell scripts too, by the shellcheck of our lockfile rather than one of the machine.
    options = ("-shellcheck", str(_program("shellcheck")), "-pyflakes=")
    return [go, "tool", "-C", str(module), "actionlint", *options, *files]


def lint(command: Sequence[str]) -> int:
    """Run a command, with all that it prints; return its exit code."""
    return subprocess.run(command, timeout=_TIMEOUT_SECONDS, check=False).returncode  # noqa: S603


def _program(name: str) -> Path:
    return Path(sys.prefix) / "bin" / name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
