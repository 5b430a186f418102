"""Whatever is killed during a deploy: the release serves or is given up, and no request fails.

Every row and every column of the kill matrix comes up, on few deploys: `matrix.py` does them all.
A stream may be cut, as by an engine that crashes; whoever listened asks anew, and misses nothing.
"""

from collections.abc import Sequence

import pytest

from bluegreen.step import Action
from tests.bluegreen.kills import COLUMNS, Strike, Victim, complaints, row, senseless
from tests.bluegreen.matrix import PROBE
from tests.bluegreen.ordeal import Ordeal
from tests.support import releases, site_load
from tests.support.delivery import Delivery
from tests.support.releases import Shelf

pytestmark = pytest.mark.timeout(1500)  # seconds; a server is set up in the first test


def test_every_step_has_a_cell_and_every_victim_too() -> None:
    assert [strike.action for strike in ALTERNATING] == list(COLUMNS)
    for victim in Victim:
        assert row(victim)
        for action in COLUMNS:
            shown = action in {strike.action for strike in row(victim)}
            assert shown is (senseless(victim, action) is None)


ALTERNATING = [
    (row(Victim.DEPLOYER) if number % 2 else row(Victim.CONNECTION))[number]
    for number in range(len(COLUMNS))
]
"""Every step, by turns with its deployer killed and its connection broken."""

MIXED = [
    Strike(Victim.REGISTRY, Action.PULL),
    Strike(Victim.SSHD, Action.TOPICS, None),
    Strike(Victim.PROCESSES, Action.PUBLISH),
    Strike(Victim.DEPLOYER_LATER, Action.PROVE, None),
    Strike(Victim.SSHD, Action.SWITCH, None),
    Strike(Victim.DEPLOYER_LATER, Action.DRAIN_HTTP, None),
]
GIVEN_UP = [
    Strike(Victim.REGISTRY_FOR_LONG, Action.PULL),
    Strike(Victim.CONTAINERS, Action.START),
    Strike(Victim.CONTAINERS, Action.SWITCH),
    Strike(Victim.CONTAINERS, Action.WATCH),
]
OF_ENGINE = [
    Strike(Victim.ENGINE, Action.START),
    Strike(Victim.ENGINE, Action.WATCH),
]


@pytest.mark.parametrize(
    "strikes",
    [ALTERNATING, MIXED, GIVEN_UP, OF_ENGINE],
    ids=["alternating", "mixed", "given-up", "engine"],
)
def test_a_release_is_delivered_or_given_up_and_no_request_fails(
    site: Delivery, shelf: Shelf, strikes: Sequence[Strike]
) -> None:
    with site_load.running(site.url, PROBE) as load:
        ordeal = Ordeal(
            site,
            lambda: site.built(shelf.release(account=releases.harmless())),
            load.samples,
            strikes,
        )
        cells = ordeal.run()
        report = load.stop()
    assert complaints(cells, report) == [], ordeal.said
