"""Brings what a merge needs: the base as it is now, and all commits back to where they met."""

from ci.errors import GitError, ShallowError, UnknownRevisionError, UnrelatedError
from ci.git import Git

BASE_REF = "refs/merge-check/base"
_DEEPER = (50, 500)
"""How many commits more a shallow clone fetches, before it fetches all."""
_FETCH_SECONDS = 900.0
# An empty map of refs: branches of the remote that the repository remembers stay as they are.
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=")


def commit_of(git: Git, revision: str) -> str:
    """The commit that a revision of the repository names.

    Raises:
        UnknownRevisionError: there is none.
        GitError: git cannot be used.
    """
    try:
        return git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
    except GitError:
        raise UnknownRevisionError(
            revision, "this repository", "see git branch --all; git fetch brings what a remote has"
        ) from None


def fetch_base(git: Git, remote: str, branch: str) -> str:
    """Fetch a branch of a remote as it is now; its commit.

    No branch of the repository moves; `BASE_REF` keeps the commit.

    Raises:
        UnknownRevisionError: there is no such remote or branch, or it does not answer.
    """
    try:
        git.run(
            *(*_FETCH, "--end-of-options"),
            *(remote, f"+refs/heads/{branch}:{BASE_REF}"),
            seconds=_FETCH_SECONDS,
        )
    except GitError as error:
        where = f"the remote {remote!r}"
        raise UnknownRevisionError(branch, where, error.reason) from error
    return git.run("rev-parse", BASE_REF)


def ancestor(git: Git, base: str, head: str, remote: str | None = None, branch: str = "") -> str:
    """The commit where two histories met last; a shallow clone is deepened as far as that takes.

    Args:
        git: The repository.
        base: A commit.
        head: Another.
        remote: Where a shallow clone gets more from; nowhere without one.
        branch: The remote's branch that the base is of.

    Raises:
        ShallowError: where they met is not here, and cannot be fetched.
        UnrelatedError: they never met.
        GitError: more is needed and cannot be fetched.
    """
    deeper = [f"--deepen={commits}" for commits in _DEEPER] + ["--unshallow"]
    while (found := git.answer("merge-base", base, head)) is None or _is_cut(git, base, head):
        if remote is None or not _boundary(git) or not deeper:
            break
        _deepen(git, deeper.pop(0), remote, branch, head)
    if found is None:
        raise ShallowError(base, head) if _boundary(git) else UnrelatedError(base, head)
    return found


def _boundary(git: Git) -> set[str]:
    """The commits whose parents a shallow clone does not have."""
    file = git.folder / git.run("rev-parse", "--git-path", "shallow")
    return set(file.read_text().split()) if file.is_file() else set()


def _is_cut(git: Git, base: str, head: str) -> bool:
    """Whether a path from one of them to where they met may go through what is not here."""
    boundary = _boundary(git)
    return bool(boundary) and not boundary.isdisjoint(
        git.run("rev-list", f"{base}...{head}").split()
    )


def _deepen(git: Git, how: str, remote: str, branch: str, head: str) -> None:
    fetch = (*_FETCH, how, remote)
    wanted = f"+refs/heads/{branch}:{BASE_REF}"
    try:
        # By its name too: what a pull request's commit stands on may not be reached from the base.
        git.run(*fetch, wanted, head, seconds=_FETCH_SECONDS)
    except GitError:
        # The remote does not know commits that were never pushed.
        git.run(*fetch, wanted, seconds=_FETCH_SECONDS)
