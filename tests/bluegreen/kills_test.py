"""Whatever is killed during a deploy: the release serves or is given up, and no request fails.

Every cell of the kill matrix; `matrix.py` does the same for people, row by row and with a table. A
stream may be cut, as by an engine that crashes; whoever listened asks anew, and misses nothing.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.bluegreen.kills import COLUMNS, Victim, complaints, row, senseless
from tests.bluegreen.matrix import PROBE
from tests.bluegreen.ordeal import Ordeal
from tests.support import releases, site_load
from tests.support.delivery import Delivery
from tests.support.releases import Shelf

pytestmark = pytest.mark.timeout(1500)  # seconds; a server is set up in the first test


@pytest.mark.parametrize("victim", Victim, ids=lambda victim: victim.name.lower())
def test_every_step_has_a_cell_of_each_victim_or_a_reason_why_not(victim: Victim) -> None:
    shown = {strike.action for strike in row(victim)}
    assert shown
    assert shown == {action for action in COLUMNS if senseless(victim, action) is None}


ROWS: Sequence[Sequence[Victim]] = [
    [Victim.DEPLOYER],
    [Victim.DEPLOYER_LATER],
    [Victim.CONNECTION],
    [Victim.SSHD],
    [Victim.REGISTRY, Victim.PROCESSES],
    [Victim.REGISTRY_FOR_LONG, Victim.CONTAINERS],
    [Victim.ENGINE],
]
"""Those that are killed in other steps than each other share their deploys."""


def test_every_row_comes_up_once() -> None:
    assert Counter(victim for victims in ROWS for victim in victims) == Counter(Victim)


@pytest.mark.parametrize(
    "victims", ROWS, ids=lambda victims: "-and-".join(each.name.lower() for each in victims)
)
def test_a_release_is_delivered_or_given_up_and_no_request_fails(
    site: Delivery, shelf: Shelf, victims: Sequence[Victim]
) -> None:
    strikes = [strike for victim in victims for strike in row(victim)]
    with site_load.running(site.url, PROBE) as load:
        ordeal = Ordeal(
            site,
            lambda: site.built(shelf.release(account=releases.harmless())),
            load.samples,
            strikes,
        )
        cells = ordeal.run()
        report = load.stop()
    assert {cell.strike for cell in cells} == set(strikes)
    assert complaints(cells, report) == [], ordeal.said
