"""What changes of the docs have tested."""

import pytest

from ci.command import Exit
from ci.testing.checks import COMMANDS, PAGE, Checks
from ci.testing.repositories import Repository


@pytest.fixture
def documented(service: Repository) -> Repository:
    """A page whose commands the suite of mail runs, and which the site shows."""
    service.switch("develop")
    service.commit(
        {
            PAGE: COMMANDS,
            "src/mail_test.py": f"src/mail.py\n{PAGE}\n",
            "tests/docs/site_test.py": f"{PAGE}\n",
        }
    )
    service.push("develop")
    service.branch("page")
    return service


@pytest.mark.parametrize(
    "text",
    [
        COMMANDS.replace("Run", "Type"),
        COMMANDS.replace("Then", "And then").replace(
            "and this:", "and more, of two lines:\n\n    More."
        ),
    ],
)
def test_prose_of_a_page_has_only_the_site_tested(
    documented: Repository, check: Checks, text: str
) -> None:
    documented.commit({PAGE: text})
    assert check() is Exit.PASSED
    assert check.tested == ["tests/docs/site_test.py"]


def test_prose_of_a_page_has_those_tested_who_print_its_tables(
    documented: Repository, check: Checks
) -> None:
    figures = "benchmarks/delivery/figures_test.py"
    documented.switch("develop")
    documented.commit({figures: f"{PAGE}\n"})
    documented.push("develop")
    documented.branch("table")
    documented.commit({PAGE: COMMANDS.replace("Run", "Type")})
    assert check() is Exit.PASSED
    assert check.tested == [figures, "tests/docs/site_test.py"]


@pytest.mark.parametrize("changed", ["mail send", "port = 25", "sent", "```sh", "    mail read"])
def test_a_block_of_a_page_has_those_tested_who_run_it(
    documented: Repository, check: Checks, changed: str
) -> None:
    """Commands, settings, what is printed, and how it is read."""
    documented.commit({PAGE: COMMANDS.replace(changed, f"{changed}x")})
    assert check() is Exit.PASSED
    assert check.tested == [PAGE, "src/mail_test.py", "tests/docs/site_test.py"]


@pytest.mark.parametrize(
    ("before", "after"), [("", "`docker compose ps`"), ("`git fetch`", "`git fetch --all`")]
)
def test_a_command_in_a_sentence_has_those_tested_who_run_it(
    documented: Repository, check: Checks, before: str, after: str
) -> None:
    documented.switch("develop")
    documented.commit({PAGE: f"{COMMANDS}\nThen type {before}.\n"})
    documented.push("develop")
    documented.branch("sentence")
    documented.commit({PAGE: f"{COMMANDS}\nThen type {after}.\n"})
    assert check() is Exit.PASSED
    assert check.tested == [PAGE, "src/mail_test.py", "tests/docs/site_test.py"]


def test_prose_beside_a_module_adds_nothing_to_what_the_module_reaches(
    documented: Repository, check: Checks
) -> None:
    documented.commit({PAGE: COMMANDS.replace("Run", "Type"), "src/other.py": "# ours\n"})
    assert check() is Exit.PASSED
    assert check.tested == ["src/other.py", "src/other_test.py", "tests/docs/site_test.py"]


def test_a_page_that_is_no_more_has_those_tested_who_ran_it(
    documented: Repository, check: Checks
) -> None:
    documented.commit({PAGE: None})
    assert check() is Exit.PASSED
    assert check.tested == ["src/mail_test.py", "tests/docs/site_test.py"]
