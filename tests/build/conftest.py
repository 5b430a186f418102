from collections.abc import Iterator

import pytest

from tests.build.checkout import Checkout, copied


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the repository in which Pants works."""
    with copied(tmp_path_factory.mktemp("checkout")) as copy:
        yield copy
