"""Three brokers instead of one."""

import pytest

from tests.docs.commands import documented
from tests.support import docker
from tests.system.load import Load, lost

pytestmark = pytest.mark.timeout(1200)

WARM = 12  # requests that are answered before a broker is killed
SETTLED = 15  # requests that are answered without it
PATIENCE = 120.0  # seconds, on a busy machine
BROKERS = ("kafka", "kafka-2", "kafka-3")


def test_any_one_of_three_brokers_may_crash_and_nothing_acknowledged_is_lost() -> None:
    with docker.project("infra/compose", "three-brokers.yml") as stack:
        starting = documented("docs/compose.md", "three-brokers.yml")
        up = starting.run(folder=stack.folder, environment=stack.told, timeout=docker.UP_TIMEOUT)
        assert up.code == 0, f"{up.said}\n{stack.logs()}"
        with Load(stack.url) as load:
            for broker in BROKERS:
                load.wait_for_answers(WARM, PATIENCE)
                stack.crash(broker)
                load.wait_for_answers(SETTLED, PATIENCE)
        assert lost(stack.url, load) == []
