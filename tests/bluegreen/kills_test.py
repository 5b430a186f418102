"""Whatever is killed during a deploy: the release serves or is given up, and no request fails.

Every cell of the kill matrix, most of them by night; `matrix.py` does the same for people, row by
row and with a table. A stream may be cut, as by an engine that crashes; whoever listened asks anew,
and misses nothing.
"""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest

from bluegreen.step import Action
from tests.bluegreen.kills import COLUMNS, Cell, Strike, Victim, complaints, row, senseless
from tests.bluegreen.matrix import PROBE
from tests.bluegreen.ordeal import Ordeal
from tests.support import releases, site_load
from tests.support.delivery import Delivery
from tests.support.releases import Shelf
from tests.support.site_report import Report, Watched, Writes

HALF = (
    "RemoteProtocolError: peer closed connection without sending complete message body "
    "(incomplete chunked read)"
)

pytestmark = pytest.mark.timeout(1500)  # seconds; a server is set up in the first test


@pytest.mark.parametrize("victim", Victim, ids=lambda victim: victim.name.lower())
def test_every_step_has_a_cell_of_each_victim_or_a_reason_why_not(victim: Victim) -> None:
    shown = {strike.action for strike in row(victim)}
    assert shown
    assert shown == {action for action in COLUMNS if senseless(victim, action) is None}


BY_DAY: Sequence[Sequence[Victim]] = [[Victim.DEPLOYER]]
BY_NIGHT: Sequence[Sequence[Victim]] = [
    [Victim.DEPLOYER_LATER],
    [Victim.CONNECTION],
    [Victim.SSHD],
    [Victim.REGISTRY, Victim.PROCESSES],
    [Victim.REGISTRY_FOR_LONG, Victim.CONTAINERS],
    [Victim.ENGINE],
]
"""Those that are killed in other steps than each other share their deploys."""


def test_every_row_comes_up_once() -> None:
    assert Counter(chain(*BY_DAY, *BY_NIGHT)) == Counter(Victim)


@pytest.mark.parametrize(
    ("victim", "action", "failure", "count"),
    [
        (Victim.CONTAINERS, Action.WATCH, HALF, 0),
        (Victim.CONTAINERS, Action.WATCH, "status 502", 1),
        (Victim.CONTAINERS, Action.PROVE, HALF, 1),
        (Victim.DEPLOYER, Action.WATCH, HALF, 1),
        (Victim.ENGINE, Action.START, "status 502", 0),
        (Victim.ENGINE, Action.START, "status 500", 1),
    ],
)
def test_a_request_may_fail_only_where_nobody_could_have_answered_it(
    victim: Victim, action: Action, failure: str, count: int
) -> None:
    went_back = victim is Victim.CONTAINERS
    cell = Cell(Strike(victim, action), struck=0.0, went_back=went_back, failures=[failure])
    assert len(complaints([cell], Report([], Writes(), Watched()))) == count


@pytest.mark.parametrize(
    "victims",
    [*BY_DAY, *(pytest.param(victims, marks=pytest.mark.night) for victims in BY_NIGHT)],
    ids=lambda victims: "-and-".join(each.name.lower() for each in victims),
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


@pytest.mark.night
def test_a_rollback_is_finished_wherever_its_deployer_is_killed(
    site: Delivery, shelf: Shelf
) -> None:
    """It begins anew each time: what is unfinished is undone first."""
    former, done = site.serving, site.deploy(shelf.release(account=releases.harmless()))
    assert done.returncode == 0, done.stderr
    planned = site.run("rollback", former, "--dry-run", "--json").stdout
    steps = [Action(step["action"]) for step in json.loads(planned)["steps"]]
    strikes = [Strike(Victim.DEPLOYER, step) for step in steps]
    with site_load.running(site.url, PROBE) as load:
        ordeal = Ordeal(
            site,
            lambda: _other_than(site),
            load.samples,
            strikes,
            lambda folder: ("rollback", folder.name),
        )
        cells = ordeal.run()
        report = load.stop()
    print(*cells, sep="\n")
    assert {cell.strike for cell in cells} == set(strikes)
    assert complaints(cells, report) == [], ordeal.said


def _other_than(site: Delivery) -> Path:
    """The folder of the release in the lane without traffic."""
    [other] = [
        tenant.release.version
        for lane, tenant in site.state.lanes.items()
        if lane is not site.state.live
    ]
    return site.server.folder / "releases" / other
