"""Releases delivered to a real server one after the other, while people use the site."""

import pytest

from tests.support.deliveries import series
from tests.support.delivery import Delivery
from tests.support.releases import Shelf
from tests.support.site_load import Mix

pytestmark = pytest.mark.timeout(1500)  # seconds; a server is set up in the first test

MIX = Mix(people=8, pages=4, starts=8, edits=1.5, visits=0.1)
"""What two cores carry beside a lane that starts; a site that is overloaded fails by itself."""


def test_no_request_fails_and_no_write_is_lost_while_releases_come_and_go(
    site: Delivery, shelf: Shelf
) -> None:
    first = site.serving
    run = series(site, shelf, deploys=2, mix=MIX)
    print(run)
    assert run.report.failures == []
    assert run.report.writes.lost == []
    assert run.report.writes.doubled == []
    assert run.report.streams.missed == []
    assert run.report.streams.repeated == []
    assert len(run.switches) == 3
    assert site.serving != first
