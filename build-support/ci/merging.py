"""Merges two commits without a work tree."""

from dataclasses import dataclass

from ci.git import Git

_MEANINGS = {
    "content": "both changed the same lines",
    "add/add": "both added it, each with other content",
    "modify/delete": "one side changed it, the other deleted it",
    "rename/delete": "one side renamed it, the other deleted it",
    "rename/rename": "both renamed it, to different names",
    "rename/add": "one side renamed to a name that the other added",
    "file/directory": "a file on one side, a folder on the other",
    "directory rename split": "it is not clear which folder's new name holds",
    "file location": "added to a folder that the other side renamed",
    "binary": "both changed a file that is no text",
    "submodule": "both moved a submodule",
    "distinct types": "a file on one side, a link on the other",
}


_CONFLICT = "CONFLICT ("


@dataclass(frozen=True)
class Conflict:
    """What two sides did that no merge can join.

    Args:
        kind: Git's word: content, modify/delete, rename/delete, binary...
        paths: The files.
        message: Git's sentence.
    """

    kind: str
    paths: tuple[str, ...]
    message: str

    @property
    def meaning(self) -> str:
        """The kind in plain words."""
        return _MEANINGS.get(self.kind, self.kind)


@dataclass(frozen=True)
class Merged:
    """A merge.

    Args:
        commit: The merge's; without one there are conflicts.
        conflicts: What is in the way of one.
    """

    commit: str | None
    conflicts: tuple[Conflict, ...] = ()


def merge(git: Git, base: str, head: str) -> Merged:
    """Merge one commit into another; no branch, index or work tree changes.

    Args:
        git: The repository.
        base: The commit that the other is merged into.
        head: The other.

    Raises:
        GitError: git is older than 2.38, or cannot merge them at all.
    """
    clean, printed = git.either("merge-tree", "--write-tree", "-z", "--name-only", base, head)
    tree, _, rest = printed.partition("\0")
    if not clean:
        # Git names the sides as it was told them.
        named = rest.replace(base, "the base").replace(head, "the branch")
        return Merged(None, tuple(_conflicts(named)))
    parents = ("-p", base, "-p", head)
    return Merged(git.run("commit-tree", *parents, "-m", f"Merge {head} into {base}", tree))


def _conflicts(printed: str) -> list[Conflict]:
    """Read what follows the tree: names of files, an empty one, then what happened to which."""
    _, _, told = printed.partition("\0\0")
    fields = iter(told.split("\0"))
    conflicts: list[Conflict] = []
    for count in fields:
        if not count.strip():
            break
        paths = tuple(next(fields) for _ in range(int(count)))
        kind, message = next(fields), next(fields).strip()
        if kind.startswith(_CONFLICT):
            conflicts.append(Conflict(_kind(kind, message), paths, message))
    binary = {conflict.paths for conflict in conflicts if conflict.kind == "binary"}
    # Git tells of a file that is no text twice.
    return [each for each in conflicts if each.kind != "content" or each.paths not in binary]


def _kind(kind: str, message: str) -> str:
    """The word of the message, which says more than the kind: `CONFLICT (add/add): ...`."""
    told = message if message.startswith(_CONFLICT) else kind
    return told.removeprefix(_CONFLICT).partition(")")[0]
