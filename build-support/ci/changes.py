"""Which files two commits differ in, and which of them reach more than Pants can see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from ci.git import Git

EVERYTHING = "::"

_REACHES = {
    # How everything is built, judged and run; no target depends on it.
    "pants": EVERYTHING,
    "pants.toml": EVERYTHING,
    "pyproject.toml": EVERYTHING,
    "build-support/macros.py": EVERYTHING,
    "pants-plugins/*": EVERYTHING,
    "3rdparty/pants/*": EVERYTHING,
    # Tools are installed from their lockfiles, without a target.
    "3rdparty/tools/*": EVERYTHING,
    "buf.yaml": "src/protos::",
}
_BUILD = "BUILD"
_INHERITED = "__defaults__"
"""What a BUILD file says for those in the folders below it, too."""


@dataclass(frozen=True)
class Change:
    """A file in which two commits differ.

    Args:
        path: From the top of the repository.
        kind: A for added, D for deleted, M for modified, T for another type. A rename is D and A.
    """

    path: str
    kind: str

    @property
    def deleted(self) -> bool:
        """Whether it is no more."""
        return self.kind == "D"

    @property
    def redefines(self) -> bool:
        """Whether it is a BUILD file, of which targets were made before."""
        return Path(self.path).name == _BUILD and self.kind != "A"


def changes(git: Git, before: str, after: str) -> tuple[Change, ...]:
    """The files in which two commits differ.

    Raises:
        GitError: git cannot compare them.
    """
    printed = git.run("diff", "--name-status", "--no-renames", "-z", before, after)
    fields = printed.removesuffix("\0").split("\0") if printed else []
    return tuple(Change(path, kind) for kind, path in zip(fields[::2], fields[1::2], strict=True))


def unseen_reach(changed: Iterable[Change], inherited: Sequence[str] = ()) -> dict[str, str]:
    """What changed files reach that Pants does not see: files, and targets as Pants takes them.

    Args:
        changed: The files.
        inherited: Those of them that are BUILD files which say something for folders below them.
    """
    found = {}
    for change in changed:
        for pattern, reached in _REACHES.items():
            if fnmatch(change.path, pattern):
                found[change.path] = reached
    for path in inherited:
        folder = Path(path).parent
        found[path] = EVERYTHING if folder == Path() else f"{folder}::"
    return found


def inheriting(git: Git, changed: Iterable[Change], before: str, after: str) -> list[str]:
    """The changed BUILD files that say something for folders below them, before or after.

    Raises:
        GitError: git cannot read them.
    """
    return [
        change.path
        for change in changed
        if Path(change.path).name == _BUILD
        and any(_INHERITED in content(git, commit, change.path) for commit in (before, after))
    ]


def content(git: Git, commit: str, path: str) -> str:
    """What a file holds in a commit; nothing where there is none.

    Raises:
        GitError: git cannot read it.
    """
    if not git.run("ls-tree", "-z", commit, "--", path):
        return ""
    return git.run("cat-file", "blob", f"{commit}:{path}")


def without(git: Git, before: str, after: str, paths: Iterable[str]) -> tuple[str, str]:
    """Two commits that differ as two others do, but for some files.

    Args:
        git: The repository.
        before: The one.
        after: The other; a commit with its files follows one like `before`, since Pants compares
            with where histories met.
        paths: The files, which both have.

    Raises:
        GitError: git cannot make them.
    """
    with TemporaryDirectory(prefix="index-") as folder:
        staged = git.with_index(Path(folder) / "index")
        staged.run("read-tree", before)
        for path in paths:
            kept = git.run("ls-tree", after, "--", path).split(maxsplit=3)
            staged.run("update-index", "--cacheinfo", f"{kept[0]},{kept[2]},{path}")
        tree = staged.run("write-tree")
    first = git.run("commit-tree", "-p", before, "-m", "Before", tree)
    return first, git.run("commit-tree", "-p", first, "-m", "After", f"{after}^{{tree}}")


def snapshot(git: Git) -> str:
    """A commit of the work tree as it is, with what nobody committed yet; no branch has it.

    Raises:
        GitError: git cannot make it.
    """
    with TemporaryDirectory(prefix="index-") as folder:
        staged = git.with_index(Path(folder) / "index")
        staged.run("read-tree", "HEAD")
        staged.run("add", "--all")
        tree = staged.run("write-tree")
    return git.run("commit-tree", "-p", "HEAD", "-m", "The work tree", tree)
