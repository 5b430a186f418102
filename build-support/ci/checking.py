"""The merge check.

Merges a branch into its base as it is now, and checks and tests what that changes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ci.contracts import CONTRACTS, orphans
from ci.git import Git
from ci.history import ancestor, commit_of, fetch_base
from ci.merging import Merged, merge
from ci.outcomes import outcomes
from ci.pants import Pants
from ci.reach import Reach, Reaching, specs_file
from ci.report import Report, Step, summary_of_reach
from ci.worktree import worktree

type Say = Callable[[str], None]
"""Is told a line of progress."""

type MakePants = Callable[[Path], Pants]
"""Makes the Pants of a checkout."""

_BREAKING = "build-support/breaking.py"
GOALS = ("lint", "check", "test")


@dataclass(frozen=True)
class Wanted:
    """What is to be merged.

    Args:
        base: The branch that is merged into.
        head: A revision of the repository, which is merged.
        remote: Where the base is fetched from; without one it is a revision of the repository too.
        test: Whether what the merge changes is checked and tested.
        whole: Whether the change of one service has suites about the whole system run, too.
    """

    base: str
    head: str
    remote: str | None
    test: bool
    whole: bool


class MergeCheck:
    """Checks one merge.

    Args:
        git: The repository, which stays as it is.
        wanted: What is to be merged.
        make_pants: Makes the Pants of a checkout.
        say: Is told lines of progress.
        engine: Whether images can be built here.

    Attributes:
        report: What was found until now; none before there is something to merge.
    """

    def __init__(
        self,
        git: Git,
        wanted: Wanted,
        make_pants: MakePants,
        say: Say,
        engine: Callable[[], bool],
    ) -> None:
        self._git = git
        self._wanted = wanted
        self._make_pants = make_pants
        self._say = say
        self._engine = engine
        self._began = time.monotonic()
        self.report: Report | None = None

    def run(self) -> Report:
        """Do it.

        Raises:
            CheckError: the base cannot be fetched, has no ancestor with the head, or git or Pants
                cannot be used.
        """
        self.report = report = self._look()
        merged = self._merge(report)
        if merged.commit is None:
            report.conflicts = merged.conflicts
            return report
        self._done(report, "merge", told="no conflict", passed=True)
        if self._wanted.test:
            self._try(report, report.base[1], merged.commit)
        return report

    def _look(self) -> Report:
        wanted = self._wanted
        head = commit_of(self._git, wanted.head)
        if wanted.remote is None:
            base = commit_of(self._git, wanted.base)
        else:
            self._say(f"fetching {wanted.base} of {wanted.remote}")
            base = fetch_base(self._git, wanted.remote, wanted.base)
        self._say(f"{wanted.base} is at {base}, {wanted.head} at {head}")
        return Report(base=(wanted.base, base), head=(wanted.head, head))

    def _merge(self, report: Report) -> Merged:
        base, head = report.base[1], report.head[1]
        met = ancestor(self._git, base, head, self._wanted.remote, self._wanted.base)
        behind = self._git.run("rev-list", "--count", f"{met}..{base}")
        self._say(f"they met at {met}; {report.base[0]} has {behind} commits more since")
        return merge(self._git, base, head)

    def _try(self, report: Report, base: str, merged: str) -> None:
        with worktree(self._git, merged) as tree:
            pants = self._make_pants(tree.folder)
            try:
                self._say(f"merged in {tree.folder}; looking at what that changes")
                reach = Reaching(tree, pants, whole=self._wanted.whole).of(base, merged)
                report.reach = reach
                self._done(report, "reach", told=summary_of_reach(reach), passed=True)
                self._contracts(report, tree, merged, pants)
                self._test(report, reach, tree, pants)
                self._package(report, reach, pants)
            finally:
                pants.stop()

    def _contracts(self, report: Report, tree: Git, merged: str, pants: Pants) -> None:
        """Look at contracts first: it is quick, and says best what is wrong."""
        changed = report.reach.changed if report.reach else ()
        if not any(change.path.startswith(CONTRACTS) for change in changed):
            self._done(report, "contracts", told="none changed", passed=True)
            return
        report.orphans = tuple(orphans(tree, merged, changed))
        for orphan in report.orphans:
            for importer in orphan.importers:
                self._say(f"error: {importer} imports {orphan.contract}, which is deleted")
        broken = pants.run("run", _BREAKING, "--", report.base[1]) != 0
        told = ["break their users (see the log)"] if broken else []
        told += ["deleted, and still imported"] if report.orphans else []
        self._done(report, "contracts", told="; ".join(told) or "break nobody", passed=not told)

    def _test(self, report: Report, reach: Reach, tree: Git, pants: Pants) -> None:
        if not reach.targets:
            self._done(report, "lint, check, test", told="nothing depends on it", passed=True)
            return
        self._say(f"./pants {' '.join(GOALS)} of {len(reach.targets)} targets")
        with TemporaryDirectory(prefix="targets-") as folder:
            specs = specs_file(Path(folder), reach.targets)
            code = pants.run(specs, "--test-report", *GOALS)
        report.outcomes = outcomes(tree.folder)
        told = f"{len(reach.targets)} targets, of which {len(reach.tests)} test files: "
        told += str(report.outcomes)
        self._done(report, "lint, check, test", told=told, passed=code == 0)

    def _package(self, report: Report, reach: Reach, pants: Pants) -> None:
        """Build images: nothing else sees that a Dockerfile does not fit what it copies."""
        count = len(reach.images)
        passed = True
        if not count:
            told = "none is reached"
        elif not self._engine():
            told = f"{count} skipped: no Docker engine answers here"
        else:
            with TemporaryDirectory(prefix="targets-") as folder:
                passed = pants.run(specs_file(Path(folder), reach.images), "package") == 0
            told = f"{count} built" if passed else "not all can be built (see the log)"
        self._done(report, "images", told=told, passed=passed)

    def _done(self, report: Report, name: str, *, told: str, passed: bool) -> None:
        now = time.monotonic()
        step = Step(name, passed, told, now - self._began)
        self._began = now
        report.steps.append(step)
        self._say(f"{name}: {'passed' if passed else 'FAILED'} in {step.seconds:.1f} s; {told}")
