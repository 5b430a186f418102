from ci.merging import Conflict, merge
from ci.testing.repositories import Repository

LINES = "".join(f"{number}\n" for number in range(40))


def both(
    repository: Repository,
    first: dict[str, str | bytes | None],
    theirs: dict[str, str | bytes | None],
    ours: dict[str, str | bytes | None],
) -> tuple[str | None, tuple[Conflict, ...]]:
    """Merge what a branch does into what develop does, both from the same first files."""
    repository.commit(first)
    repository.branch("topic")
    head = repository.commit(ours)
    repository.switch("develop")
    base = repository.commit(theirs)
    merged = merge(repository.git, base, head)
    return merged.commit, merged.conflicts


def test_what_does_not_meet_is_merged(repository: Repository) -> None:
    commit, conflicts = both(repository, {"a": LINES}, {"b": "theirs\n"}, {"c": "ours\n"})
    assert not conflicts
    assert commit is not None
    assert repository.git.run("ls-tree", "--name-only", commit).split() == ["README.md", *"abc"]
    assert len(repository.git.run("rev-parse", f"{commit}^@").split()) == 2


def test_an_edit_follows_a_rename(repository: Repository) -> None:
    edited = LINES.replace("7\n", "seven\n")
    commit, conflicts = both(
        repository, {"old": LINES}, {"old": edited}, {"old": None, "new": LINES}
    )
    assert not conflicts
    assert repository.git.run("show", f"{commit}:new") + "\n" == edited


def test_a_rename_against_an_edit_of_the_same_lines_is_named_by_the_new_name(
    repository: Repository,
) -> None:
    theirs, ours = (LINES.replace("7\n", f"{who}\n", 1) for who in ("theirs", "ours"))
    _, conflicts = both(repository, {"old": LINES}, {"old": theirs}, {"old": None, "new": ours})
    assert [(each.kind, each.paths) for each in conflicts] == [("content", ("new",))]


def test_a_deletion_against_an_edit_says_who_did_which(repository: Repository) -> None:
    _, [conflict] = both(repository, {"a": LINES}, {"a": None}, {"a": LINES + "more\n"})
    assert conflict.kind == "modify/delete"
    assert conflict.paths == ("a",)
    assert "deleted in the base and modified in the branch" in conflict.message
    assert conflict.meaning == "one side changed it, the other deleted it"


def test_two_renames_name_all_three(repository: Repository) -> None:
    _, [conflict] = both(repository, {"a": LINES}, {"a": None, "b": LINES}, {"a": None, "c": LINES})
    assert conflict.kind == "rename/rename"
    assert sorted(conflict.paths) == ["a", "b", "c"]


def test_a_rename_against_a_deletion_is_one(repository: Repository) -> None:
    _, [conflict] = both(repository, {"a": LINES}, {"a": None}, {"a": None, "b": LINES})
    assert conflict.kind == "rename/delete"


def test_two_additions_of_one_name_are_one(repository: Repository) -> None:
    _, [conflict] = both(repository, {}, {"a": "theirs\n"}, {"a": "ours\n"})
    assert (conflict.kind, conflict.paths) == ("add/add", ("a",))


def test_a_file_that_is_no_text_is_told_of_once(repository: Repository) -> None:
    _, [conflict] = both(repository, {"a": b"\0\1"}, {"a": b"\0\2"}, {"a": b"\0\3"})
    assert (conflict.kind, conflict.paths) == ("binary", ("a",))


def test_every_conflict_is_named(repository: Repository) -> None:
    _, conflicts = both(
        repository,
        {"a b": LINES, "c": LINES},
        {"a b": "theirs\n", "c": None},
        {"a b": "ours\n", "c": "ours\n"},
    )
    assert {each.paths for each in conflicts} == {("a b",), ("c",)}
