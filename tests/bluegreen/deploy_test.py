"""Releases delivered to a real server one after the other, while people use the site."""

import os
import time

from tests.support import releases, site_load
from tests.support.delivery import Delivery
from tests.support.releases import Shelf
from tests.support.site_load import Mix
from tests.support.site_report import Report, Window

DEPLOYS = int(os.environ.get("TANDEM_TEST_DEPLOYS", "2"))
"""How many in a row; `docs/bluegreen.md` lists what ten of them gave."""

CALM_SECONDS = 30.0
MIX = Mix(people=12, pages=10, starts=20, edits=4, visits=0.5)


def deployed(site: Delivery, shelf: Shelf) -> str:
    """Deliver one more release; its version."""
    done = site.deploy(shelf.release(account=releases.harmless()))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return site.serving


def switches(site: Delivery) -> list[tuple[str, float]]:
    """Which lane got the traffic, and how long that took, as the server's log tells."""
    told = [line.split() for line in site.run("audit", "--tail", "1000").stdout.splitlines()]
    return [
        (each[5], float(each[7])) for each in told if each[4] == "switch" and "succeeded" in each
    ]


def told(report: Report) -> str:
    """What is listed of a run."""
    return f"{report}"


def test_no_request_fails_and_no_write_is_lost_while_releases_come_and_go(
    site: Delivery, shelf: Shelf
) -> None:
    first = site.serving
    with site_load.running(site.url, MIX) as load:
        calm_began = time.monotonic()
        time.sleep(CALM_SECONDS)
        calm = Window(calm_began, time.monotonic())
        seconds = []
        for _ in range(DEPLOYS):
            began = time.monotonic()
            version = deployed(site, shelf)
            seconds.append(time.monotonic() - began)
        assert version != first
        began = time.monotonic()
        back = site.run("rollback")
        print(f"rollback took {time.monotonic() - began:.1f} s")
        assert back.returncode == 0, back.stderr
        report = load.stop()
    print(f"deploys took {', '.join(f'{each:.0f}' for each in seconds)} s")
    print(f"calm: {report.within(calm)}")
    print(report)
    assert report.failures == []
    assert report.writes.lost == []
    assert report.writes.doubled == []
    assert report.streams.missed == []
    assert report.streams.repeated == []
