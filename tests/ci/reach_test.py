"""What changes of this very repository reach, by its own Pants."""

import re
from pathlib import Path

import pytest

from ci.pages import READERS
from tests.ci.conftest import Changed

IDENTITY = "src/python/services/identity/sign_up_test.py:tests"
DATABASE = "src/python/services/database/migrator_test.py:tests"
PROTO = "src/protos/tandem/identity/v1/identity.proto"
LOCK = "3rdparty/python/default.lock"

# Pants' first look at the repository may take a minute where other suites run.
pytestmark = pytest.mark.timeout(600)


def test_a_deleted_contract_reaches_tests_of_what_was_built_on_it(changed: Changed) -> None:
    reach = changed.reach(PROTO, None)
    assert IDENTITY in reach.tests
    assert DATABASE not in reach.tests
    assert "src/python/services/identity:image" in reach.images


def test_a_deleted_build_file_reaches_tests_of_what_it_made_targets(changed: Changed) -> None:
    reach = changed.reach("build-support/ci/testing/BUILD", None)
    assert "build-support/ci/changed_test.py:tests" in reach.tests


def test_a_package_of_the_lockfile_reaches_only_what_requires_it(changed: Changed) -> None:
    lock, count = re.subn(r"(?m)^(sqlalchemy==\S+)", r"\1.post1", changed.text(LOCK))
    assert count == 1
    reach = changed.reach(LOCK, lock)
    assert DATABASE in reach.tests
    assert IDENTITY not in reach.tests
    assert reach.images == (
        "infra/images/runtime-data:image",
        "src/python/services/database:image",
    )


def test_a_module_reaches_only_those_tests_beside_it_that_depend_on_it(changed: Changed) -> None:
    module = "src/python/services/identity/validation.py"
    reach = changed.reach(module, f"{changed.text(module)}\n# More.\n")
    assert IDENTITY in reach.tests
    assert "src/python/services/identity/key_ring_test.py:tests" not in reach.tests
    # Pants would take this one for all of them.
    assert "src/python/services/identity:tests" not in reach.targets


def test_a_module_of_a_service_reaches_its_own_tests_and_those_of_who_calls_it(
    changed: Changed,
) -> None:
    module = "src/python/services/identity/sign_up.py"
    reach = changed.reach(module, f"{changed.text(module)}\n# More.\n")
    rooms = {str(Path(test).parent) for test in reach.tests}
    # And that which holds what services call to what infra/kafka says of it.
    assert rooms == {"src/python/services/identity", "tests/identity", "infra/kafka"}
    assert reach.images == ("src/python/services/identity:image",)
    assert reach.left
    assert {str(Path(test).parent) for test in reach.left} == {
        *("tests/images", "tests/local", "tests/observability", "tests/scaffold", "tests/system")
    }
    # What only starts it there is not looked at, either.
    assert "tests/support/system.py" not in reach.targets


def test_prose_of_the_docs_reaches_who_reads_it_and_a_block_who_runs_it(changed: Changed) -> None:
    page, suite = "docs/calling.md", "tests/local/system_test.py:tests"
    text = changed.text(page)
    prose = changed.reach(page, f"{text}\nMore.\n")
    assert "tests/docs/site_test.py:tests" in prose.tests
    assert all(each.startswith(READERS) for each in prose.targets)
    command = changed.reach(page, text.replace("```sh\n", "```sh\n# More.\n", 1))
    assert suite in command.tests
    assert set(prose.tests) <= set(command.tests)
    assert (prose.images, command.images) == ((), ())


def test_no_other_suite_opens_a_page(changed: Changed) -> None:
    """All others take blocks, by `tests.docs.commands`: prose has none of them run."""
    opening = r'(Path\(|(ROOT|TOP) / |glob\()"(docs/|\*)[^"]*\.md"'
    suites = changed.git.run("grep", "-lE", opening, changed.base, "--", "*.py").splitlines()
    assert suites
    opened_by = {suite.removeprefix(f"{changed.base}:") for suite in suites}
    assert {suite for suite in opened_by if not suite.startswith(READERS)} == set()
