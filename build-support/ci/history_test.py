from pathlib import Path

import pytest

from ci.errors import ShallowError, UnknownRevisionError, UnrelatedError
from ci.git import Git
from ci.history import ancestor, commit_of, fetch_base
from ci.testing.repositories import Repository


def grown(repository: Repository, theirs: int, ours: int) -> str:
    """A branch with so many commits, from a develop with so many since; where it left."""
    met = repository.git.run("rev-parse", "HEAD")
    repository.branch("topic")
    for number in range(ours):
        repository.commit({}, f"Ours {number}")
    repository.switch("develop")
    for number in range(theirs):
        repository.commit({}, f"Theirs {number}")
    repository.push("develop", "topic")
    return met


@pytest.mark.parametrize(("theirs", "ours"), [(3, 2), (0, 2), (120, 3), (3, 120)])
def test_a_clone_of_one_commit_is_deepened_until_they_meet(
    repository: Repository, tmp_path: Path, theirs: int, ours: int
) -> None:
    met = grown(repository, theirs, ours)
    clone = repository.shallow(tmp_path / "shallow", "topic")
    base = fetch_base(clone, "origin", "develop")
    assert base == commit_of(repository.git, "develop")
    assert ancestor(clone, base, commit_of(clone, "HEAD"), "origin", "develop") == met


def test_no_more_is_fetched_than_that_takes(repository: Repository, tmp_path: Path) -> None:
    for number in range(200):
        repository.commit({}, f"Long ago {number}")
    grown(repository, 3, 2)
    clone = repository.shallow(tmp_path / "shallow", "topic")
    base = fetch_base(clone, "origin", "develop")
    ancestor(clone, base, commit_of(clone, "HEAD"), "origin", "develop")
    assert clone.run("rev-parse", "--is-shallow-repository") == "true"
    assert int(clone.run("rev-list", "--count", "HEAD")) < 100


def test_commits_that_were_never_pushed_are_merged_from_a_shallow_clone(
    repository: Repository, tmp_path: Path
) -> None:
    met = grown(repository, 60, 0)
    clone = repository.shallow(tmp_path / "shallow", "topic")
    clone.run("commit", "--quiet", "--allow-empty", "-m", "Here alone")
    base = fetch_base(clone, "origin", "develop")
    assert ancestor(clone, base, commit_of(clone, "HEAD"), "origin", "develop") == met


def test_where_they_met_last_is_found_behind_what_is_missing(
    repository: Repository, tmp_path: Path
) -> None:
    """In what a shallow clone has they meet at the first commit; truly at a later one."""
    early = repository.git.run("rev-parse", "HEAD")
    later = repository.commit({}, "Later")
    for number in range(60):
        repository.commit({}, f"Theirs {number}")
    repository.push("develop")
    repository.branch("topic", later)
    for number in range(60):
        repository.commit({}, f"Ours {number}")
    ours = repository.git.run("rev-parse", "HEAD")
    tree = repository.git.run("rev-parse", "HEAD^{tree}")
    sides = ("-p", ours, "-p", early)
    head = repository.git.run("commit-tree", *sides, "-m", "Merge the first again", tree)
    repository.git.run("reset", "--quiet", "--hard", head)
    repository.push("topic")
    clone = repository.shallow(tmp_path / "shallow", "topic")
    base = fetch_base(clone, "origin", "develop")
    assert ancestor(clone, base, commit_of(clone, "HEAD"), "origin", "develop") == later


@pytest.mark.parametrize("shallow", [True, False])
def test_histories_that_never_met_are_refused_with_what_to_do(
    repository: Repository, tmp_path: Path, *, shallow: bool
) -> None:
    repository.git.run("switch", "--quiet", "--orphan", "topic")
    repository.commit({"other": "world\n"})
    repository.push("topic")
    git = repository.shallow(tmp_path / "shallow", "topic") if shallow else repository.git
    base = fetch_base(git, "origin", "develop")
    with pytest.raises(UnrelatedError, match=r"no common ancestor.*cherry-pick"):
        ancestor(git, base, commit_of(git, "HEAD"), "origin", "develop")


def test_the_base_is_that_of_the_remote_now(repository: Repository, tmp_path: Path) -> None:
    Git(tmp_path).run("clone", "--quiet", repository.url, "other")
    other = Git(tmp_path / "other")
    other.run("commit", "--quiet", "--allow-empty", "-m", "Just now")
    other.run("push", "--quiet", "origin", "develop")
    before = repository.state()
    assert fetch_base(repository.git, "origin", "develop") == commit_of(other, "HEAD")
    assert repository.state() == before


@pytest.mark.parametrize(("remote", "branch"), [("origin", "nothing"), ("nobody", "develop")])
def test_a_base_that_is_not_there_is_named(
    repository: Repository, remote: str, branch: str
) -> None:
    with pytest.raises(UnknownRevisionError, match=f"{remote}.*{branch}"):
        fetch_base(repository.git, remote, branch)


@pytest.mark.parametrize("revision", ["nothing", "--all", ""])
def test_a_revision_that_is_none_is_named(repository: Repository, revision: str) -> None:
    with pytest.raises(UnknownRevisionError, match="this repository"):
        commit_of(repository.git, revision)


def test_a_shallow_clone_that_may_fetch_nothing_is_told_to(
    repository: Repository, tmp_path: Path
) -> None:
    grown(repository, 3, 2)
    clone = repository.shallow(tmp_path / "shallow", "topic")
    base = fetch_base(clone, "origin", "develop")
    with pytest.raises(ShallowError, match="git fetch --unshallow"):
        ancestor(clone, base, commit_of(clone, "HEAD"))
