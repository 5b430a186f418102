"""Every safeguard is needed: without it, the simulation finds a promise that is not kept."""

import pytest

from tests.simulation.runner import CALLS, results
from tests.simulation.safeguards import SAFEGUARDS

_WORLDS = 60


@pytest.mark.parametrize("name", SAFEGUARDS)
def test_the_simulation_notices_that_a_safeguard_is_gone(name: str) -> None:
    safeguard = SAFEGUARDS[name]
    with safeguard.removed():
        for result in results(range(_WORLDS), CALLS, safeguard.profile):
            if result.violations:
                return
    pytest.fail(f"{_WORLDS} worlds do not need it that {safeguard.promise}")
