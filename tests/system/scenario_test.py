"""The scenario that proves a release, through everything that runs."""

import secrets

import pytest

from tests.support import services
from tests.support.system import COMMAND_TIMEOUT, System

pytestmark = pytest.mark.usefixtures("calm")

STEPS = 7


def test_the_scenario_proves_a_system_that_works_as_often_as_it_is_run(tandem: System) -> None:
    settings = {"TANDEM_SCENARIO_PASSWORD": secrets.token_urlsafe(24)}
    for more in (1, 0):  # the first run signs up
        said = services.run(
            *("services.account", "scenario", tandem.url),
            settings=settings,
            timeout=COMMAND_TIMEOUT,
        )
        lines = said.splitlines()
        assert [line[:4] for line in lines] == ["ok  "] * (STEPS + more)
        print(said)
