"""What a change reaches: targets to check and test, and images to build."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ci.changes import (
    EVERYTHING,
    Change,
    changes,
    content,
    inheriting,
    unseen_reach,
    without,
)
from ci.git import Git
from ci.leaves import WHOLE, is_leaf
from ci.naming import MACROS, only_names
from ci.pages import READERS, blocks, is_page, spoken
from ci.pants import Pants
from ci.requirements import RESOLVES, changed_requirements

_TESTS = "python_test"
_IMAGES = "docker_image"
# Each stands for all files of a folder, tests say, of which the change may reach one.
_GENERATORS = (
    "-files,protobuf_sources,python_requirements,python_sources,python_test_utils,python_tests,"
    "resources,shell_sources"
)
# What is no target has no owner, which is no mistake.
_LENIENT = "--unmatched-cli-globs=ignore"
_DEPENDENTS = ("dependents", "--transitive", "--closed")


@dataclass(frozen=True)
class Reach:
    """What a change reaches.

    Args:
        changed: The files that it changes.
        targets: Pants' addresses of what depends on them.
        tests: Those of them that are tests.
        images: Those of them that are images.
        reasons: Files that reach more than what depends on them, and what.
        left: Tests about the whole system that the change of one service leaves for the night.
    """

    changed: tuple[Change, ...]
    targets: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    left: tuple[str, ...] = ()


class Reaching:
    """Finds what the difference of two commits reaches.

    Args:
        git: A checkout that may be moved between the two.
        pants: Its Pants.
        whole: Whether the change of one service reaches suites about the whole system, too.
    """

    def __init__(self, git: Git, pants: Pants, *, whole: bool = False) -> None:
        self._git = git
        self._pants = pants
        self._whole = whole

    def of(self, before: str, after: str) -> Reach:
        """What the difference reaches; the checkout has the files of `after` then.

        Raises:
            CheckError: git or Pants failed.
        """
        changed = changes(self._git, before, after)
        if not changed:
            return Reach(())
        unseen = unseen_reach(changed, inheriting(self._git, changed, before, after))
        if MACROS in unseen and only_names(*self._both(before, after, MACROS), changed):
            del unseen[MACROS]
        if EVERYTHING in unseen.values():
            self._at(after)
            whole = self._pants.lines("list", EVERYTHING)
            return self._sorted(changed, whole, unseen)
        locks = _Locks(self._git, before, after, changed)
        prose = self._prose(before, after, changed)
        former = self._former_dependents(before, changed, locks)
        if hidden := [*locks.files, *prose]:
            before, after = without(self._git, before, after, hidden)
        self._at(after)
        found = self._dependents(before, locks) | self._readers(prose)
        if unseen:
            found |= set(self._pants.lines("list", *sorted({*unseen.values()})))
        if former - found:
            found |= former & set(self._pants.lines("list", EVERYTHING))
        left = set() if self._whole or not is_leaf(changed) else self._left(found, changed, prose)
        return self._sorted(changed, found - left, unseen, left)

    def _at(self, commit: str) -> None:
        self._git.run("checkout", "--quiet", "--detach", "--force", commit)

    def _former_dependents(
        self, before: str, changed: Iterable[Change], locks: "_Locks"
    ) -> set[str]:
        """What depended on what is no more; Pants, asked for changes, does not look back.

        A BUILD file may make fewer targets than before, or others, of what is beside it.
        """
        gone = [change.path for change in changed if change.deleted]
        gone += sorted(locks.removed)
        gone += [_beside(change.path) for change in changed if change.redefines]
        if not gone:
            return set()
        self._at(before)
        return self._dependents_of(gone)

    def _dependents(self, before: str, locks: "_Locks") -> set[str]:
        since = (f"--changed-since={before}", "--changed-dependents=transitive")
        found = set(self._pants.lines(*since, "list"))
        if locks.changed:
            found |= set(self._pants.lines(*_DEPENDENTS, *sorted(locks.changed)))
        return found

    def _prose(self, before: str, after: str, changed: Iterable[Change]) -> list[str]:
        """Pages whose blocks and commands are as they were."""
        pages = [change.path for change in changed if change.kind == "M" and is_page(change.path)]
        found = []
        for page in pages:
            former, latter = self._both(before, after, page)
            if all(read(former) == read(latter) for read in (blocks, spoken)):
                found.append(page)
        return found

    def _both(self, before: str, after: str, path: str) -> tuple[str, str]:
        return content(self._git, before, path), content(self._git, after, path)

    def _readers(self, pages: list[str]) -> set[str]:
        """Who looks at the prose of pages."""
        return {each for each in self._dependents_of(pages) if each.startswith(READERS)}

    def _left(self, found: set[str], changed: Iterable[Change], prose: list[str]) -> set[str]:
        """What is about the whole system, but for suites that run blocks which changed."""
        pages = {change.path for change in changed if is_page(change.path)}
        tagged = set(self._filtered(f"--filter-tag-regex=^{WHOLE}$", found))
        return tagged - self._dependents_of(sorted(pages.difference(prose)))

    def _dependents_of(self, files: list[str]) -> set[str]:
        return set(self._pants.lines(_LENIENT, *_DEPENDENTS, *files)) if files else set()

    def _sorted(
        self,
        changed: tuple[Change, ...],
        found: Iterable[str],
        unseen: dict[str, str],
        left: Iterable[str] = (),
    ) -> Reach:
        targets = self._of_type(_GENERATORS, found)
        return Reach(
            changed=changed,
            targets=targets,
            tests=self._of_type(_TESTS, targets),
            images=self._of_type(_IMAGES, targets),
            reasons=tuple(sorted(unseen.items())),
            left=self._of_type(_TESTS, left),
        )

    def _of_type(self, kind: str, targets: Iterable[str]) -> tuple[str, ...]:
        return self._filtered(f"--filter-target-type={kind}", targets)

    def _filtered(self, option: str, targets: Iterable[str]) -> tuple[str, ...]:
        if not (asked := tuple(targets)):
            return ()
        with TemporaryDirectory(prefix="targets-") as folder:
            specs = specs_file(Path(folder), asked)
            return tuple(sorted(self._pants.lines(specs, option, "list")))


def _beside(path: str) -> str:
    """All targets of a file's folder, as Pants takes them."""
    folder, _, _ = path.rpartition("/")
    return f"{folder or '//'}:"


def specs_file(folder: Path, targets: Iterable[str]) -> str:
    """Write targets where Pants reads them, too many for a command line; the option for it."""
    file = folder / "targets.txt"
    file.write_text("".join(f"{target}\n" for target in targets))
    return f"--spec-files={file}"


class _Locks:
    """What changed lockfiles change: of all packages in them, some."""

    def __init__(self, git: Git, before: str, after: str, changed: Iterable[Change]) -> None:
        modified = {change.path for change in changed if change.kind == "M"}
        self.files: list[str] = []
        self.changed: set[str] = set()
        self.removed: set[str] = set()
        for resolve in RESOLVES:
            mine = [file for file in resolve.files if file in modified]
            if mine:
                sources, locks = (
                    (content(git, before, file), content(git, after, file))
                    for file in resolve.files
                )
                found = changed_requirements(sources, locks)
                self.files += mine
                self.changed |= {resolve.target(name) for name in found.changed}
                self.removed |= {resolve.target(name) for name in found.removed}
