"""One copy of the checkout for all tests of this suite, with Pants in it."""

from collections.abc import Iterator

import pytest

from ci.git import Git
from ci.pants import CheckoutPants
from ci.reach import Reach, Reaching
from tests.build.checkout import Checkout, copied


class Changed:
    """A copy of the checkout, and what its changes reach."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.git = Git(checkout.root)
        self.git.run("init", "--quiet", "--initial-branch=develop")
        self.base = self._commit()

    def reach(self, path: str, text: str | None) -> Reach:
        """What it reaches that a file gets another content, or is deleted."""
        self.git.run("checkout", "--quiet", "--force", "--detach", self.base)
        file = self.checkout.root / path
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        return Reaching(self.git, CheckoutPants(self.checkout.root)).of(self.base, self._commit())

    def text(self, path: str) -> str:
        return (self.checkout.root / path).read_text()

    def _commit(self) -> str:
        self.git.run("add", "--all")
        self.git.run("commit", "--quiet", "-m", "Change")
        return self.git.run("rev-parse", "HEAD")


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    with copied(tmp_path_factory.mktemp("checkout")) as checkout:
        yield Changed(checkout)
