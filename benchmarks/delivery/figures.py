"""What a delivery took and what people felt of it, as docs/bluegreen.md has it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.transport.tables import table
from tests.support.deliveries import Series
from tests.support.site_report import Latency

SLOWER = 2.0
"""How many times the calm p99 that of the switches may be."""


@dataclass(frozen=True)
class Size:
    """What a deploy of a system took.

    Attributes:
        seconds: All of it.
        start: The seconds of it until the lane was healthy.
        memory: Of the deployer, in MiB.
        processor: The deployer's processor time, in seconds.
        most: What all containers of the server held at the most, with both lanes there: in MiB.
        after: What they held when the lane of before was gone, in MiB.
    """

    seconds: float
    start: float
    memory: float
    processor: float
    most: float
    after: float


@dataclass(frozen=True)
class Promise:
    """What was promised, what was measured of it, and whether it was kept."""

    said: str
    measured: str
    kept: bool


def felt(ran: Series) -> str:
    """What people felt of releases in a row: a table, with what was counted around it."""
    report, switches = ran.report, ran.switches
    each = sum(window.length for window in switches) / len(switches)
    rows = [
        _row(f"no release on its way ({ran.calm.length:.0f} s)", report.within(ran.calm)),
        _row(
            f"traffic being switched ({len(switches)} times, some {each:.0f} s each)",
            report.within(*switches),
        ),
        _row("all the time", report.outside()),
    ]
    writes, streams = report.writes, report.streams
    before = (
        f"{len(ran.deploys)} releases in a row and a rollback, while people signed in, read, "
        f"edited and listened: {len(report.samples):,} requests, {report.rate:.1f} a second"
    )
    after = (
        f"{writes.acknowledged:,} writes were acknowledged; {streams.begun:,} streams told "
        f"{streams.told:,} entries. A deploy took {min(ran.deploys):.0f} to "
        f"{max(ran.deploys):.0f} s, the rollback {ran.rollback:.0f} s; people were back on the "
        f"release before after {ran.back_after:.0f} s of it."
    )
    heads = ["", "answers", "p50 (ms)", "p99 (ms)", "longest (ms)"]
    return f"{before}\n\n{table(heads, rows)}\n\n{after}"


def promises(ran: Series) -> list[Promise]:
    """What is promised of it."""
    report, writes, streams = ran.report, ran.report.writes, ran.report.streams
    calm, switching = report.within(ran.calm), report.within(*ran.switches)
    ratio = switching.p99 / calm.p99 if calm.p99 else float("inf")
    slower = Promise(
        f"p99 while traffic is switched, at most x{SLOWER:g} of the calm one",
        f"x{ratio:.2f}",
        ratio <= SLOWER,
    )
    counted: Mapping[str, Sequence[object]] = {
        "no request fails": report.failures,
        "no acknowledged write is lost": writes.lost,
        "no write is doubled": writes.doubled,
        "no entry of a stream is missed": streams.missed,
        "no entry of a stream is repeated": streams.repeated,
    }
    return [slower, *(Promise(said, str(len(bad)), not bad) for said, bad in counted.items())]


def verdict(ran: Series) -> str:
    """A table of all that is promised."""
    rows = [
        [each.said, each.measured, "kept" if each.kept else "**missed**"] for each in promises(ran)
    ]
    return table(["promised", "measured", ""], rows)


def sizes(measured: Mapping[int, Size]) -> str:
    """A table of systems, by the number of their services."""
    rows = [
        [
            str(services),
            f"{size.seconds:.0f}",
            f"{size.start:.0f}",
            f"{size.memory:.0f}",
            f"{size.processor:.1f}",
            f"{size.most:,.0f}",
            f"{size.after:,.0f}",
        ]
        for services, size in measured.items()
    ]
    heads = [
        "services",
        "deploy (s)",
        "of it, until the lane is healthy (s)",
        "deployer's memory (MiB)",
        "its processor time (s)",
        "the server's containers, at the most (MiB)",
        "and afterwards (MiB)",
    ]
    return table(heads, rows)


def _row(name: str, found: Latency) -> list[str]:
    return [
        name,
        f"{found.count:,}",
        *(f"{each * 1000:,.0f}" for each in (found.p50, found.p99, found.most)),
    ]
