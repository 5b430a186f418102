"""Measures what kinds of changes reach, in this repository or in one with more services."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ci.checking import GOALS, MakePants, Say
from ci.git import Git
from ci.growing import COPIED, grow
from ci.pants import Pants
from ci.reach import Reaching, specs_file
from ci.worktree import worktree

type Edit = Callable[[str], str]
"""Changes the content of a file."""


@dataclass(frozen=True)
class Case:
    """A change of one file.

    Args:
        name: What kind it is.
        path: The file.
        edit: Changes its content.
    """

    name: str
    path: str
    edit: Edit


@dataclass(frozen=True)
class Row:
    """What a change reaches, of all that there is.

    Args:
        name: What kind of change it is.
        path: The file.
        targets: How many targets.
        tests: How many of them are tests.
        images: How many are images.
        left: How many tests about the whole system are left for the night.
        found: The seconds that it took to find them.
        ran: The seconds that linting, checking and testing them took, if that was done.
        packed: The seconds that building the images took, if that was done.
        passed: Whether it went well.
    """

    name: str
    path: str
    targets: int
    tests: int
    images: int
    left: int
    found: float
    ran: float | None = None
    packed: float | None = None
    passed: bool = True


# Of this run alone, or else Pants would remember what an earlier one came to.
_NEW = f"new {time.time_ns()}"


def _with(line: str) -> Edit:
    return lambda text: f"{text.rstrip()}\n{line}\n"


_CODE = _with(f'\n\n_MORE = "{_NEW}"')


def _repinned(package: str) -> Edit:
    pin = re.compile(rf"^({re.escape(package)}==\S+)", re.MULTILINE)
    return lambda text: pin.sub(r"\1.post1", text, count=1)


_LOCK = "3rdparty/python/default.lock"
CASES = (
    Case("a page of the docs", "docs/architecture.md", _with(_NEW)),
    Case("a Compose file", f"src/python/services/{COPIED}/docker-compose.yml", _with(f"# {_NEW}")),
    Case("a module of a service", f"src/python/services/{COPIED}/sign_up.py", _CODE),
    Case("a module of a service nobody calls", "src/python/services/idcopy01/sign_up.py", _CODE),
    Case("a test", f"src/python/services/{COPIED}/sign_up_test.py", _CODE),
    Case("a service's BUILD file", f"src/python/services/{COPIED}/BUILD", _with(f"# {_NEW}")),
    Case("a contract", f"src/protos/tandem/{COPIED}/v1/{COPIED}.proto", _with(f"// {_NEW}")),
    Case("the lockfile: sqlalchemy", _LOCK, _repinned("sqlalchemy")),
    Case("the lockfile: fastapi", _LOCK, _repinned("fastapi")),
    Case("the lockfile: grpcio", _LOCK, _repinned("grpcio")),
    Case("a module of the chassis", "src/python/chassis/_health.py", _CODE),
    Case("what judges everything", "pants.toml", _with(f"# {_NEW}")),
)


class Measuring:
    """Measures, in a checkout that is made for it.

    Args:
        git: The repository, which stays as it is.
        make_pants: Makes the Pants of a checkout.
        say: Is told lines of progress.
        run: Whether what is reached is linted, checked, tested and built, too.
    """

    def __init__(self, git: Git, make_pants: MakePants, say: Say, *, run: bool) -> None:
        self._git = git
        self._make_pants = make_pants
        self._say = say
        self._run = run

    def rows(self, copies: int, cases: tuple[Case, ...] = CASES) -> Iterator[Row]:
        """Measure cases in a repository of so many services more.

        Raises:
            CheckError: git or Pants failed.
        """
        with worktree(self._git, self._git.run("rev-parse", "HEAD")) as tree:
            if copies:
                grow(tree.folder, copies)
            base = _committed(tree, "Grow")
            pants = self._make_pants(tree.folder)
            try:
                self._say("having Pants look at everything once, so that its daemon is warm")
                pants.lines("dependents", "--transitive", "src/python/chassis/_health.py")
                # There may be no copies.
                for case in (each for each in cases if (tree.folder / each.path).is_file()):
                    yield self._row(tree, pants, base, case)
            finally:
                pants.stop()

    def _row(self, tree: Git, pants: Pants, base: str, case: Case) -> Row:
        tree.run("reset", "--quiet", "--hard", base)
        file = tree.folder / case.path
        file.write_text(case.edit(file.read_text()))
        changed = _committed(tree, case.name)
        return self._measured(tree, pants, case.name, case.path, base, changed)

    def _measured(
        self, tree: Git, pants: Pants, name: str, path: str, base: str, changed: str
    ) -> Row:
        began = time.monotonic()
        reach = Reaching(tree, pants).of(base, changed)
        found = time.monotonic() - began
        sizes = (len(reach.targets), len(reach.tests), len(reach.images), len(reach.left))
        self._say(f"{name}: {sizes[0]} targets, {sizes[1]} tests, {sizes[2]} images")
        if not self._run:
            return Row(name, path, *sizes, found)
        ran, tested = _timed(pants, reach.targets, *GOALS)
        packed, built = _timed(pants, reach.images, "package")
        return Row(name, path, *sizes, found, ran, packed, tested and built)


def table(rows: Iterator[Row] | list[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| changed | file | targets | tests | left | images | found (s) | tested (s) | built (s) |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        packed = _seconds(row.packed) + ("" if row.passed else ", failed")
        lines.append(
            f"| {row.name} | `{row.path}` | {row.targets} | {row.tests} | {row.left} "
            f"| {row.images} | {row.found:.1f} | {_seconds(row.ran)} | {packed} |"
        )
    return "\n".join(lines)


def _seconds(taken: float | None) -> str:
    return "" if taken is None else f"{taken:.0f}"


def _timed(pants: Pants, targets: tuple[str, ...], *goals: str) -> tuple[float, bool]:
    """Seconds that goals took of targets, and whether they ended well."""
    if not targets:
        return 0.0, True
    began = time.monotonic()
    with TemporaryDirectory(prefix="targets-") as folder:
        code = pants.run(specs_file(Path(folder), targets), *goals)
    return time.monotonic() - began, code == 0


def _committed(tree: Git, message: str) -> str:
    tree.run("add", "--all")
    tree.run("commit", "--quiet", "--allow-empty", "-m", message)
    return tree.run("rev-parse", "HEAD")
