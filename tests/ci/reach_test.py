"""What changes of this very repository reach, by its own Pants."""

import re

import pytest

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


def test_a_package_of_the_lockfile_reaches_only_what_requires_it(changed: Changed) -> None:
    lock, count = re.subn(r"(?m)^(sqlalchemy==\S+)", r"\1.post1", changed.text(LOCK))
    assert count == 1
    reach = changed.reach(LOCK, lock)
    assert DATABASE in reach.tests
    assert IDENTITY not in reach.tests
    assert reach.images == ("src/python/services/database:image",)


def test_a_module_reaches_only_those_tests_beside_it_that_depend_on_it(changed: Changed) -> None:
    module = "src/python/services/identity/validation.py"
    reach = changed.reach(module, f"{changed.text(module)}\n# More.\n")
    assert IDENTITY in reach.tests
    assert "src/python/services/identity/key_ring_test.py:tests" not in reach.tests
    # Pants would take this one for all of them.
    assert "src/python/services/identity:tests" not in reach.targets


def test_a_page_of_the_docs_reaches_the_site_and_what_runs_its_commands(changed: Changed) -> None:
    others, images = _reached_beside_the_site(changed, "docs/architecture.md")
    assert others == set()
    assert images == ()
    others, images = _reached_beside_the_site(changed, "docs/calling.md")
    assert others == {"tests/local/system_test.py:tests"}
    assert images == ()


def _reached_beside_the_site(changed: Changed, page: str) -> tuple[set[str], tuple[str, ...]]:
    """Tests and images that a page reaches, but for those of all pages."""
    reach = changed.reach(page, f"{changed.text(page)}\nMore.\n")
    assert "tests/docs/site_test.py:tests" in reach.tests
    return {each for each in reach.tests if not each.startswith("tests/docs/")}, reach.images
