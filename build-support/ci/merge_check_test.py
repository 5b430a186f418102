from pathlib import Path

import pytest

from ci.command import Exit
from ci.git import Git
from ci.testing.checks import PROTO, SERVICE, Checks
from ci.testing.repositories import Repository


def test_what_merges_is_linted_checked_and_tested_as_far_as_it_reaches(
    service: Repository, check: Checks
) -> None:
    service.commit({"src/other.py": "# changed\n"})
    assert check("--base", "develop") is Exit.PASSED
    assert check.tested == ["src/other.py", "src/other_test.py"]
    assert check.commands == [("--test-report", "lint", "check", "test")]
    summary = check.summary.read_text()
    assert summary.startswith("## Merges into `develop`, and passes there")
    assert "1 changed files reach 2 targets: 1 tests, 0 images" in summary


def test_the_repository_stays_as_it_is(service: Repository, check: Checks) -> None:
    service.commit({"src/other.py": "# changed\n"})
    (service.folder / "README.md").write_text("not committed\n")
    (service.folder / "new.txt").write_text("not even added\n")
    before = service.state()
    assert check() is Exit.PASSED
    assert service.state() == before
    assert check.pants is not None
    assert check.pants.stopped


def test_a_hook_of_git_may_run_it(
    service: Repository, check: Checks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git tells hooks, as it pushes from a worktree, which repository they are of."""
    service.git.run("worktree", "add", "--quiet", "-b", "more", str(tmp_path / "worktree"))
    git = Git(tmp_path / "worktree")
    (git.folder / "src/other.py").write_text("# changed\n")
    git.run("commit", "--quiet", "--all", "-m", "Ours")
    branch = git.run("symbolic-ref", "HEAD")
    monkeypatch.setenv("GIT_DIR", git.run("rev-parse", "--absolute-git-dir"))
    check.folder = git.folder
    assert check() is Exit.PASSED
    assert check.tested == ["src/other.py", "src/other_test.py"]
    monkeypatch.undo()
    assert git.run("symbolic-ref", "HEAD") == branch
    assert git.run("status", "--porcelain") == ""


def test_what_is_tested_is_the_merge_with_the_base_as_it_is_now(
    service: Repository, check: Checks, tmp_path: Path
) -> None:
    """What two branches do well, each alone, may fail together."""
    service.commit({"src/other.py": "# ours\n"})
    Git(tmp_path).run("clone", "--quiet", service.url, "other")
    other = Git(tmp_path / "other")
    (other.folder / "src/other_test.py").write_text("src/other.py\n# theirs\n")
    other.run("commit", "--quiet", "--all", "-m", "Theirs")
    other.run("push", "--quiet", "origin", "develop")
    assert check() is Exit.PASSED
    assert check.pants is not None
    assert check.pants.contents["src/other_test.py"] == "src/other.py\n# theirs\n"
    assert check.pants.contents["src/other.py"] == "# ours\n"


def test_a_branch_behind_is_tested_for_its_own_change_alone(
    service: Repository, check: Checks
) -> None:
    service.commit({"src/other.py": "# ours\n"})
    service.switch("develop")
    service.commit({"src/mail.py": "# theirs\n"})
    service.push("develop")
    service.switch("topic")
    assert check() is Exit.PASSED
    assert check.tested == ["src/other.py", "src/other_test.py"]


def test_conflicts_end_with_a_code_of_their_own_and_name_the_files(
    service: Repository, check: Checks, capsys: pytest.CaptureFixture[str]
) -> None:
    service.commit({"src/other.py": "# ours\n"})
    service.switch("develop")
    service.commit({"src/other.py": "# theirs\n"})
    service.push("develop")
    service.switch("topic")
    assert check() is Exit.CONFLICTS
    assert check.pants is None
    summary = check.summary.read_text()
    assert summary.startswith("## Conflicts with `develop`")
    assert "| `src/other.py` | content | both changed the same lines |" in summary
    assert "git merge origin/develop" in summary
    assert (
        "conflict: src/other.py: both changed the same lines (content)" in capsys.readouterr().err
    )


def test_the_summary_is_added_where_github_shows_it(
    service: Repository, check: Checks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = tmp_path / "shown.md"
    shown.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(shown))
    service.commit({"src/other.py": "# ours\n"})
    assert check("--no-test") is Exit.PASSED
    assert shown.read_text() == f"before\n{check.summary.read_text()}"


def test_a_failed_check_ends_with_a_code_of_its_own(service: Repository, check: Checks) -> None:
    service.commit({"src/other.py": "# ours\n"})
    check.failing = ("test",)
    assert check() is Exit.FAILED
    assert "| lint, check, test | **failed** |" in check.summary.read_text()


def test_images_that_are_reached_are_built(service: Repository, check: Checks) -> None:
    service.commit({"src/mail.py": "# ours\n"})
    check.engine = True
    assert check() is Exit.PASSED
    assert check.commands[-1] == ("package",)
    assert check.tested == ["src/mail_image.py"]
    assert "| images | passed | 1 built |" in check.summary.read_text()


def test_an_image_that_cannot_be_built_fails(service: Repository, check: Checks) -> None:
    service.commit({"src/mail.py": "# ours\n"})
    check.engine, check.failing = True, ("package",)
    assert check() is Exit.FAILED
    assert "| images | **failed** | not all can be built" in check.summary.read_text()


def test_a_machine_without_an_engine_is_told_that_images_were_not_built(
    service: Repository, check: Checks
) -> None:
    service.commit({"src/mail.py": "# ours\n"})
    assert check() is Exit.PASSED
    assert ("package",) not in check.commands
    assert "| images | passed | 1 skipped: no Docker engine" in check.summary.read_text()


def test_what_was_skipped_is_told_from_what_passed(
    service: Repository, check: Checks, capsys: pytest.CaptureFixture[str]
) -> None:
    service.commit({"src/mail.py": "# ours\n", "src/other.py": "# ours\n"})
    check.skipping = ("src/other_test.py",)
    assert check() is Exit.PASSED
    told = "2 test files: 1 tests passed, 1 were skipped; 1 files skipped all of theirs"
    assert told in capsys.readouterr().err
    summary = check.summary.read_text()
    assert told in summary
    assert "<summary>1 test files skipped all of theirs</summary>\n\n- `src.other_test`" in summary


def test_an_edit_of_what_the_branch_renames_is_tested_by_its_new_name(
    service: Repository, check: Checks
) -> None:
    body = "".join(f"# {number}\n" for number in range(30))
    service.switch("develop")
    service.commit({"src/big.py": body})
    service.push("develop")
    service.branch("rename")
    service.commit({"src/big.py": None, "src/large.py": body})
    service.switch("develop")
    service.commit({"src/big.py": body.replace("# 7\n", "# seven\n")})
    service.push("develop")
    assert check("--head", "rename") is Exit.PASSED
    assert check.tested == ["src/large.py"]
    assert check.pants is not None
    assert "# seven\n" in check.pants.contents["src/large.py"]


def test_former_dependents_of_a_deleted_contract_are_tested(
    service: Repository, check: Checks
) -> None:
    """Its importer was mended; what depends on that one, and did not change, may not be well."""
    service.commit({PROTO: None, "src/mail.py": "# no mail\n"})
    assert check() is Exit.PASSED
    assert check.tested == ["src/mail.py", "src/mail_image.py", "src/mail_test.py"]
    assert ("build-support/breaking.py", "--", service.git.run("rev-parse", "develop")) in (
        check.commands
    )


def test_a_deleted_contract_that_something_imports_fails_by_name(
    service: Repository, check: Checks, capsys: pytest.CaptureFixture[str]
) -> None:
    service.commit({PROTO: None})
    assert check() is Exit.FAILED
    assert "src/mail_test.py" in check.tested
    assert f"src/mail.py:1 imports {PROTO}, which is deleted" in capsys.readouterr().err
    assert f"`{PROTO}` is deleted, and still imported by\n\n- `src/mail.py:1`" in (
        check.summary.read_text()
    )


def test_an_import_that_came_to_the_base_meanwhile_is_found_too(
    service: Repository, check: Checks
) -> None:
    service.commit({PROTO: None, "src/mail.py": "# no mail\n"})
    service.switch("develop")
    service.commit({"src/new.py": "from tandem.mail.v1.mail_pb2 import Letter\n"})
    service.push("develop")
    service.switch("topic")
    assert check() is Exit.FAILED
    assert "src/new.py:1" in check.summary.read_text()


def test_contracts_that_break_their_users_fail(service: Repository, check: Checks) -> None:
    service.commit({PROTO: 'syntax = "proto3";\n// changed\n'})
    check.failing = ("build-support/breaking.py",)
    assert check() is Exit.FAILED
    assert "| contracts | **failed** | break their users" in check.summary.read_text()


@pytest.mark.parametrize("path", ["pants.toml", "3rdparty/tools/mypy.lock", "pants-plugins/a.txt"])
def test_what_judges_everything_has_everything_tested(
    service: Repository, check: Checks, path: str
) -> None:
    service.commit({path: "changed\n"})
    assert check() is Exit.PASSED
    assert check.tested == sorted(SERVICE)
    assert f"`{path}` reaches `::`" in check.summary.read_text()


def test_a_branch_that_changes_nothing_passes(check: Checks) -> None:
    assert check() is Exit.PASSED
    assert check.tested == []


def test_a_runners_clone_of_one_commit_is_enough(
    service: Repository, check: Checks, tmp_path: Path
) -> None:
    service.commit({"src/other.py": "# ours\n"})
    service.commit({"src/other.py": "# ours again\n"})
    service.push("topic")
    service.switch("develop")
    service.commit({"src/mail.py": "# theirs\n"})
    service.push("develop")
    check.folder = service.shallow(tmp_path / "runner", "topic").folder
    assert check() is Exit.PASSED
    assert check.tested == ["src/other.py", "src/other_test.py"]


def test_a_branch_without_a_common_ancestor_is_told_so(
    service: Repository, check: Checks, capsys: pytest.CaptureFixture[str]
) -> None:
    service.git.run("switch", "--quiet", "--orphan", "unrelated")
    service.commit({"other": "world\n"})
    assert check() is Exit.UNUSABLE
    assert "no common ancestor" in capsys.readouterr().err
    assert "then git cherry-pick its commits" in check.summary.read_text()


def test_a_merged_tree_that_pants_cannot_read_is_told_in_the_summary(
    service: Repository, check: Checks
) -> None:
    service.commit({"src/other.py": "# ours\n"})
    check.failing = ("list",)
    assert check() is Exit.UNUSABLE
    summary = check.summary.read_text()
    assert summary.startswith("## Cannot be checked")
    assert "list ended with 1" in summary
    assert "| merge | passed | no conflict |" in summary


@pytest.mark.parametrize(
    "wrong", [("--base", "nothing"), ("--head", "nothing"), ("--remote", "nobody")]
)
def test_what_is_not_there_is_said(
    check: Checks, wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(*wrong) is Exit.UNUSABLE
    said = capsys.readouterr().err
    assert "error: " in said
    assert wrong[1] in said
    assert wrong[1] in check.summary.read_text()


def test_a_summary_that_cannot_be_written_hides_no_error(
    check: Checks, capsys: pytest.CaptureFixture[str]
) -> None:
    check.summary.mkdir()
    assert check("--base", "nothing") is Exit.UNUSABLE
    assert "has no 'nothing'" in capsys.readouterr().err


def test_no_repository_at_all_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Checks(tmp_path)() is Exit.UNUSABLE
    assert "not a git repository" in capsys.readouterr().err


def test_a_base_of_this_repository_is_not_fetched(service: Repository, check: Checks) -> None:
    service.git.run("remote", "remove", "origin")
    service.commit({"src/other.py": "# ours\n"})
    assert check("--local") is Exit.PASSED
    assert check.tested == ["src/other.py", "src/other_test.py"]
