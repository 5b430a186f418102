"""What a load on the site saw, and what of its writes is there. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """One request.

    Attributes:
        kind: What it was for.
        began: When it was sent, by the monotonic clock.
        seconds: How long until its answer was read; of a stream, until it began.
        failure: What was wrong; empty when nothing was.
    """

    kind: str
    began: float
    seconds: float
    failure: str = ""

    @property
    def ended(self) -> float:
        """When its answer was read, or it failed."""
        return self.began + self.seconds

    @property
    def is_cut(self) -> bool:
        """Whether it is a stream that broke off, which browsers ask for anew."""
        return self.kind == "stream" and self.failure.startswith("RemoteProtocolError")


@dataclass(frozen=True)
class Window:
    """A time, by the monotonic clock."""

    began: float
    ended: float

    @property
    def length(self) -> float:
        """Its seconds."""
        return self.ended - self.began

    def holds(self, sample: Sample) -> bool:
        """Whether a request was on its way in this time."""
        return sample.began <= self.ended and sample.ended >= self.began


@dataclass(frozen=True)
class Latency:
    """Of some requests that were answered, in seconds."""

    count: int
    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "Latency":
        """The latency of those of the requests that did not fail; zeros if there are none."""
        times = sorted(each.seconds for each in samples if not each.failure)
        if not times:
            return cls(0, 0.0, 0.0, 0.0)
        return cls(len(times), _quantile(times, 0.5), _quantile(times, 0.99), times[-1])

    def __str__(self) -> str:
        """In milliseconds."""
        shown = (f"{each * 1000:.0f}" for each in (self.p50, self.p99, self.most))
        return f"{self.count} answers, p50 {'{} ms, p99 {} ms, most {} ms'.format(*shown)}"


@dataclass(frozen=True)
class Write:
    """What somebody asked the site to do, as the activity of the account tells of it.

    Attributes:
        kind: The kind of the entry.
        detail: Its detail.
        acknowledged: Whether the site said that it was done; else nobody knows.
    """

    kind: str
    detail: str
    acknowledged: bool


@dataclass(frozen=True)
class Entry:
    """An entry of an account's activity."""

    id: str
    kind: str
    detail: str


@dataclass
class Writes:
    """How the writes of all accounts ended.

    Attributes:
        acknowledged: How many the site said were done.
        found: How many of all that were asked for are there.
        lost: Those that were acknowledged and are not there.
        doubled: Those that are there and were not asked for, or not so often.
    """

    acknowledged: int = 0
    found: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def add(self, account: str, asked: Sequence[Write], entries: Sequence[Entry]) -> None:
        """Count an account's.

        Args:
            account: Its name.
            asked: Its writes, those of each kind in the order in which they were sent.
            entries: All its activity, the oldest first.
        """
        self.acknowledged += sum(each.acknowledged for each in asked)
        for kind in sorted({each.kind for each in asked} | {each.kind for each in entries}):
            self._add_kind(
                f"{account}: {kind}",
                [each for each in asked if each.kind == kind],
                [each.detail for each in entries if each.kind == kind],
            )

    def _add_kind(self, name: str, asked: Sequence[Write], found: Sequence[str]) -> None:
        lost, doubled = _differences(asked, found)
        self.found += len(found) - len(doubled)
        self.lost += [f"{name} {detail}" for detail in lost]
        self.doubled += [f"{name} {detail}" for detail in doubled]


def _fewest(asked: Sequence[Write], found: Sequence[str]) -> list[list[int]]:
    """At [i][j]: how many differences the writes from i on and the findings from j on have."""
    fewest = [[0] * (len(found) + 1) for _ in range(len(asked) + 1)]
    for i in range(len(asked), -1, -1):
        for j in range(len(found), -1, -1):
            ways = [0] if (i, j) == (len(asked), len(found)) else []
            if i < len(asked):
                ways.append(fewest[i + 1][j] + asked[i].acknowledged)
            if j < len(found):
                ways.append(fewest[i][j + 1] + 1)
            if i < len(asked) and j < len(found) and asked[i].detail == found[j]:
                ways.append(fewest[i + 1][j + 1])
            fewest[i][j] = min(ways)
    return fewest


def _differences(asked: Sequence[Write], found: Sequence[str]) -> tuple[list[str], list[str]]:
    """The acknowledged writes that are not there, and what nobody asked for: as few as may be."""
    fewest = _fewest(asked, found)
    lost, doubled = list[str](), list[str]()
    i = j = 0
    while i < len(asked) or j < len(found):
        match = i < len(asked) and j < len(found) and asked[i].detail == found[j]
        if match and fewest[i][j] == fewest[i + 1][j + 1]:
            i, j = i + 1, j + 1
        elif i < len(asked) and fewest[i][j] == fewest[i + 1][j] + asked[i].acknowledged:
            lost += [asked[i].detail] if asked[i].acknowledged else []
            i += 1
        else:
            doubled.append(found[j])
            j += 1
    return lost, doubled


@dataclass
class Watched:
    """How live streams went.

    Attributes:
        begun: How often one began.
        ended: How often one ended in order, to be asked for again.
        told: How many entries came.
        missed: Entries that did not come, though one was listening from before.
        repeated: Entries that came again.
    """

    begun: int = 0
    ended: int = 0
    told: int = 0
    missed: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def add(self, came: Sequence[str], after: str, entries: Sequence[Entry]) -> None:
        """Count the entries that one listener was told of.

        Args:
            came: Their ids, as they came.
            after: The id of the entry that the first stream began after.
            entries: All activity of the account, the oldest first.
        """
        ids = [each.id for each in entries]
        expected = ids[ids.index(after) + 1 :] if after in ids else ids
        counted = Counter(came)
        self.told += len(came)
        self.missed += [each for each in expected if each not in counted]
        self.repeated += [each for each, times in counted.items() for _ in range(times - 1)]


@dataclass(frozen=True)
class Report:
    """All that a load saw.

    Attributes:
        samples: Its requests, in the order of their ends.
        writes: What it asked for, and what is there.
        streams: How its streams went.
    """

    samples: Sequence[Sample]
    writes: Writes
    streams: Watched

    @property
    def failures(self) -> list[Sample]:
        """The requests that failed, and streams that broke."""
        return [each for each in self.samples if each.failure]

    @property
    def rate(self) -> float:
        """Requests a second, over all the time."""
        if not self.samples:
            return 0.0
        began = min(each.began for each in self.samples)
        return len(self.samples) / (max(each.began for each in self.samples) - began or 1.0)

    def within(self, *windows: Window, kind: str = "") -> Latency:
        """The latency of requests on their way in any of these times, of all kinds by default."""
        return Latency.of(
            each for each in self._of(kind) if any(window.holds(each) for window in windows)
        )

    def outside(self, *windows: Window, kind: str = "") -> Latency:
        """The latency of all others."""
        return Latency.of(
            each for each in self._of(kind) if not any(window.holds(each) for window in windows)
        )

    def __str__(self) -> str:
        """A few lines for people."""
        kinds = sorted({each.kind for each in self.samples})
        return "\n".join(
            [
                (
                    f"{len(self.samples)} requests, {self.rate:.1f} a second; "
                    f"{len(self.failures)} failed"
                ),
                *(f"  {each.kind}: {each.failure}" for each in self.failures[:20]),
                f"  all: {self.outside()}",
                *(f"  {kind}: {self.outside(kind=kind)}" for kind in kinds),
                (
                    f"writes: {self.writes.acknowledged} acknowledged, {self.writes.found} found, "
                    f"{len(self.writes.lost)} lost, {len(self.writes.doubled)} doubled"
                ),
                *(f"  lost: {each}" for each in self.writes.lost[:10]),
                *(f"  doubled: {each}" for each in self.writes.doubled[:10]),
                (
                    f"streams: {self.streams.begun} begun, {self.streams.ended} ended in order, "
                    f"{self.streams.told} entries told, {len(self.streams.missed)} missed, "
                    f"{len(self.streams.repeated)} repeated"
                ),
            ]
        )

    def _of(self, kind: str) -> Iterable[Sample]:
        return [each for each in self.samples if kind in ("", each.kind)]


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
