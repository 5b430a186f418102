"""A release that is ill itself when the next one comes: it is in the way of none."""

import httpx
import pytest

from bluegreen.cli.exits import Exit
from tests.bluegreen import shown
from tests.support import releases
from tests.support.delivery import Delivery
from tests.support.releases import Shelf

pytestmark = [pytest.mark.timeout(900), pytest.mark.night]

FAILS = 'releases = 5\n\n[hooks]\nafter.switch = {command = ["false"]}'
PATIENCE = 10.0


def sicken(site: Delivery) -> None:
    """Take the memory from the account that serves, so that it does not start any more."""
    [account] = [
        each["Id"]
        for each in site.server.containers()
        if f"-{site.state.live}-account-" in each["Name"]
    ]
    site.server.engine.docker("kill", account)
    site.server.engine.docker("update", "--memory=8m", "--memory-swap=8m", account)


def is_up(site: Delivery) -> bool:
    return httpx.get(f"{site.url}/sign-in", timeout=PATIENCE).status_code == httpx.codes.OK


def test_what_cannot_go_back_to_a_sick_release_serves_on_and_is_followed_by_the_next(
    site: Delivery, shelf: Shelf
) -> None:
    sicken(site)
    sick = site.state
    with site.told(keep=FAILS, destination='timeouts = {start = "1m"}'):
        failed = site.deploy(shelf.release(account=releases.harmless()))
    assert failed.returncode == Exit.UNFINISHED, shown.everything(failed)
    assert "keeps the traffic" in failed.stderr
    assert site.state.operation is not None
    assert is_up(site)

    good = site.deploy(shelf.release(account=releases.harmless()))
    assert good.returncode == Exit.DONE, shown.everything(good)
    assert "go-on" in good.stdout
    assert is_up(site)
    after = site.state
    assert (after.operation, after.live) == (None, sick.live)
    assert site.serving not in {tenant.release.version for tenant in sick.lanes.values()}


def test_a_release_that_died_is_brought_anew_by_its_own_deploy(
    site: Delivery, shelf: Shelf
) -> None:
    folder = site.built(shelf.release(account=releases.harmless()))
    first = site.run("deploy", "--release", str(folder))
    assert first.returncode == Exit.DONE, shown.everything(first)
    before = site.state
    sicken(site)
    again = site.run("deploy", "--release", str(folder))
    assert again.returncode == Exit.DONE, shown.everything(again)
    assert f"{before.live} is not healthy: account" in again.stdout
    assert is_up(site)
    assert (site.state.live, site.serving) == (
        before.live and before.live.other,
        before.serving and before.serving.version,
    )
