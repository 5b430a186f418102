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


def test_a_page_of_the_docs_reaches_nothing(changed: Changed) -> None:
    reach = changed.reach("docs/architecture.md", "Other.\n")
    assert [change.path for change in reach.changed] == ["docs/architecture.md"]
    assert not reach.targets
