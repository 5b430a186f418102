"""Whatever is killed during a deploy: the release serves or is given up, and no request fails.

Every row and every column of the kill matrix comes up, on few deploys: `matrix.py` does them all.
"""

from collections.abc import Sequence

import pytest

from bluegreen.step import Action
from tests.bluegreen.kills import COLUMNS, Strike, Victim, row, senseless
from tests.bluegreen.ordeal import Ordeal
from tests.support import releases, site_load
from tests.support.delivery import Delivery
from tests.support.releases import Shelf
from tests.support.site_load import Mix

pytestmark = pytest.mark.timeout(1500)  # seconds; a server is set up in the first test

PROBE = Mix(people=4, pages=2.0, starts=6.0, edits=0.5, visits=0.0)
"""Steady, and light: sign-ins are what a busy machine is too slow for, with or without a kill."""


def test_every_step_has_a_cell_and_every_victim_too() -> None:
    for victim in Victim:
        assert row(victim)
        for action in COLUMNS:
            shown = action in {strike.action for strike in row(victim)}
            assert shown is (senseless(victim, action) is None)


MIXED = [
    Strike(Victim.SSHD, Action.PREFLIGHT),
    Strike(Victim.REGISTRY, Action.PULL),
    Strike(Victim.ENGINE, Action.TOPICS),
    Strike(Victim.PROCESSES, Action.START),
    Strike(Victim.DEPLOYER_LATER, Action.PROVE),
    Strike(Victim.ENGINE, Action.WATCH),
    Strike(Victim.DEPLOYER_LATER, Action.DRAIN_HTTP),
]
GIVEN_UP = [
    Strike(Victim.REGISTRY_FOR_LONG, Action.PULL),
    Strike(Victim.CONTAINERS, Action.PROVE),
]


@pytest.mark.parametrize(
    ("strikes", "goes_back"),
    [
        (row(Victim.DEPLOYER), 0),
        (row(Victim.CONNECTION), 0),
        (MIXED, 0),
        (GIVEN_UP, len(GIVEN_UP)),
    ],
    ids=["deployer", "connection", "mixed", "given-up"],
)
def test_a_release_is_delivered_or_given_up_and_no_request_fails(
    site: Delivery, shelf: Shelf, strikes: Sequence[Strike], goes_back: int
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
    assert report.failures == [], report
    assert not report.writes.lost + report.writes.doubled, report
    assert sum(cell.went_back for cell in cells) == goes_back, ordeal.said
