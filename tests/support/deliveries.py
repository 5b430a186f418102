"""Releases delivered one after the other under load: what each took, and what people felt of it."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.support import releases, site_load
from tests.support.delivery import Delivery
from tests.support.releases import Shelf
from tests.support.site_load import Mix
from tests.support.site_report import Report, Window

_AFTER_SWITCH = 2.0
"""Seconds after a switch that count as a part of it: connections are made anew in them."""


@dataclass
class Series:
    """Some deploys and a rollback.

    Attributes:
        report: What the load saw.
        calm: The time before the first of them.
        deploys: The seconds of each.
        rollback: The seconds of the rollback at the end.
        back_after: The seconds of it until people were on the release before.
        switches: When traffic went from one lane to the other.
    """

    report: Report
    calm: Window
    deploys: Sequence[float]
    rollback: float
    back_after: float
    switches: Sequence[Window] = field(default_factory=list)

    def __str__(self) -> str:
        """Lines for people."""
        return "\n".join(
            [
                f"deploys: {', '.join(f'{each:.0f}' for each in self.deploys)} s",
                f"rollback: {self.rollback:.1f} s",
                f"calm: {self.report.within(self.calm)}",
                f"switches: {self.report.within(*self.switches)}",
                str(self.report),
            ]
        )


def series(
    site: Delivery, shelf: Shelf, deploys: int, mix: Mix, calm_seconds: float = 30.0
) -> Series:
    """Deliver releases one after the other, then go back, all under load.

    Raises:
        AssertionError: one of them failed.
        RuntimeError: the load did.
    """
    folders = [site.built(shelf.release(account=releases.harmless())) for _ in range(deploys)]
    began_at = time.time()
    with site_load.running(site.url, mix) as load:
        calm = _window(lambda: time.sleep(calm_seconds))
        took = [_deployed(site, folder).length for folder in folders]
        back = _window(lambda: _done(site, "rollback"))
        report = load.stop()
    switches = _switches(site, began_at)
    back_after = switches[-1].ended - _AFTER_SWITCH - back.began
    return Series(report, calm, took, back.length, back_after, switches)


def _deployed(site: Delivery, folder: Path) -> Window:
    return _window(lambda: _done(site, "deploy", "--release", str(folder)))


def _done(site: Delivery, *arguments: str) -> None:
    done = site.run(*arguments)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def _window(act: Callable[[], object]) -> Window:
    began = time.monotonic()
    act()
    return Window(began, time.monotonic())


def _switches(site: Delivery, since: float) -> list[Window]:
    """When each switch was done, as the log on the server tells; its clock is this machine's."""
    windows, began = [], 0.0
    ahead = time.time() - time.monotonic()
    for line in site.run("audit", "--json", "--tail", "100000").stdout.splitlines():
        record = json.loads(line)
        at = datetime.fromisoformat(record["at"]).timestamp()
        if at < since or not record["step"].startswith("switch"):
            continue
        if record["event"] == "started":
            began = at - ahead
        elif record["event"] == "succeeded":
            windows.append(Window(began, at - ahead + _AFTER_SWITCH))
    return windows
