"""One copy of the checkout for all tests of this suite, with Pants in it."""

from collections.abc import Iterator

import pytest

from ci.git import Git
from tests.build.checkout import Checkout, copied


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A repository of its own, with all services of the checkout and nothing that is not in git."""
    with copied(tmp_path_factory.mktemp("checkout")) as copy:
        git = Git(copy.root)
        git.run("init", "--quiet", "--initial-branch=develop")
        git.run("add", "--all")
        git.run("commit", "--quiet", "--message", "As it is")
        yield copy
