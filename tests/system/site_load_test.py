"""The steady load sees what goes wrong, and what does not."""

import time

from tests.support import site_load
from tests.support.site_load import Mix
from tests.support.system import System

FEW = Mix(people=4, pages=8, starts=4, edits=6, visits=1)
SECONDS = 4.0
AWAY = 0.5


def test_nothing_is_wrong_with_a_system_in_order(tandem: System) -> None:
    with site_load.running(tandem.url, FEW) as load:
        time.sleep(SECONDS)
        report = load.stop()
    print(report)
    assert report.failures == []
    assert report.writes.acknowledged == report.writes.found > SECONDS
    assert (report.writes.lost, report.writes.doubled) == ([], [])
    assert report.streams.told > SECONDS
    assert (report.streams.missed, report.streams.repeated) == ([], [])
    assert report.streams.begun == FEW.people


def test_what_fails_is_told_and_what_was_acknowledged_is_there(tandem: System) -> None:
    with site_load.running(tandem.url, FEW) as load:
        time.sleep(1)
        tandem.services["account"].kill()
        time.sleep(AWAY)
        tandem.services["account"].start()
        tandem.services["account"].wait_until_healthy()
        time.sleep(SECONDS)
        report = load.stop()
    print(report)
    assert {each.kind for each in report.failures} >= {"page", "stream"}
    assert (report.writes.lost, report.writes.doubled) == ([], [])
    assert (report.streams.missed, report.streams.repeated) == ([], [])
    assert report.streams.begun > FEW.people
