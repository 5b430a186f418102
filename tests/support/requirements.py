"""What a suite needs and a machine may not have."""

import os
from typing import NoReturn

import pytest

REQUIRE_ALL = "TANDEM_TEST_REQUIRE_ALL"


def missing(what: str) -> NoReturn:
    """Skip the test, saying what is missing; fail it where `TANDEM_TEST_REQUIRE_ALL` is 1.

    Args:
        what: What is missing, and how to provide it.
    """
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"{what} ({REQUIRE_ALL} is 1, so this test must not be skipped)", pytrace=False)
    pytest.skip(what)
