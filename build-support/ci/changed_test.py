import json
from pathlib import Path

import pytest

from ci.changed import parser, run
from ci.command import Exit
from ci.testing.fake_pants import FakePants
from ci.testing.repositories import Repository

FILES = {
    "src/mail.py": "3rdparty/python#smtp\n",
    "src/mail_test.py": "src/mail.py\n",
    "src/mail_image.py": "src/mail.py\n",
    "src/other.py": "3rdparty/python#http\n",
    "src/other_test.py": "src/other.py\n",
    "src/BUILD": "python_sources()\n",
    "3rdparty/python/requirements.txt": "http\nsmtp\n",
    "3rdparty/python/default.lock": "http==1.0\n    # via -r x\nsmtp==1.0\n    # via -r x\n",
}


@pytest.fixture
def base(repository: Repository) -> str:
    return repository.commit(FILES)


def reached(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> dict[str, object]:
    given = parser().parse_args(["--base", base, "--json"])
    assert run(given, FakePants, repository.folder) is Exit.PASSED
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_what_nobody_committed_counts(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository.folder / "src/mail.py").write_text("changed\n")
    (repository.folder / "src/new_test.py").write_text("new\n")
    before = repository.state()
    found = reached(repository, base, capsys)
    assert found["files"] == {"src/mail.py": "M", "src/new_test.py": "A"}
    assert found["tests"] == ["src/mail_test.py", "src/new_test.py"]
    assert found["images"] == ["src/mail_image.py"]
    assert repository.state() == before


def test_what_came_to_the_base_since_does_not(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.branch("topic")
    repository.commit({"src/other.py": "changed\n"})
    repository.switch("develop")
    repository.commit({"src/mail.py": "changed\n"})
    repository.switch("topic")
    assert base
    assert reached(repository, "develop", capsys)["tests"] == ["src/other_test.py"]


def test_a_lockfile_reaches_dependents_of_what_changed_in_it_alone(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = FILES["3rdparty/python/default.lock"].replace("smtp==1.0", "smtp==1.1")
    repository.commit({"3rdparty/python/default.lock": lock})
    assert reached(repository, base, capsys)["tests"] == ["src/mail_test.py"]


def test_a_requirement_that_is_no_more_reaches_who_had_it(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({"3rdparty/python/requirements.txt": "http\n", "src/mail.py": ""})
    assert reached(repository, base, capsys)["tests"] == ["src/mail_test.py"]


def test_a_build_file_with_defaults_reaches_the_folders_below_it(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({"src/BUILD": "__defaults__({})\n"})
    found = reached(repository, base, capsys)
    assert found["tests"] == ["src/mail_test.py", "src/other_test.py"]
    assert found["reasons"] == {"src/BUILD": "src::"}


@pytest.mark.parametrize("content", [None, "# It makes targets of less.\n"])
def test_a_build_file_reaches_who_depended_on_what_it_made_targets_before(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    before = repository.commit(
        {
            "src/post/BUILD": "python_sources()\n",
            "src/post/letter.py": "",
            "src/mail_test.py": "src/post/letter.py\n",
        }
    )
    assert base
    repository.commit({"src/post/BUILD": content})
    assert reached(repository, before, capsys)["tests"] == ["src/mail_test.py"]


def test_people_read_a_line_each(
    repository: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({"src/mail.py": "changed\n"})
    given = parser().parse_args(["--base", base])
    assert run(given, FakePants, Path(repository.folder, "src")) is Exit.PASSED
    assert capsys.readouterr().out.splitlines() == [
        "file    M src/mail.py",
        "test    src/mail_test.py",
        "image   src/mail_image.py",
    ]
