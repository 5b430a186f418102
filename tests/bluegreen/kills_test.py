"""Whatever is killed during a deploy: the release serves or is given up, and no request fails.

Every cell of the kill matrix, row by row; `matrix.py` does the same for people, with a table. A
stream may be cut, as by an engine that crashes; whoever listened asks anew, and misses nothing.
"""

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


@pytest.mark.parametrize("victim", Victim, ids=lambda victim: victim.name.lower())
def test_a_release_is_delivered_or_given_up_and_no_request_fails(
    site: Delivery, shelf: Shelf, victim: Victim
) -> None:
    with site_load.running(site.url, PROBE) as load:
        ordeal = Ordeal(
            site,
            lambda: site.built(shelf.release(account=releases.harmless())),
            load.samples,
            row(victim),
        )
        cells = ordeal.run()
        report = load.stop()
    assert complaints(cells, report) == [], ordeal.said
