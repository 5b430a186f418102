"""What goes wrong, when: drawn from the seed by a profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Protocol

from tests.simulation.sending import Luck


class Profile(StrEnum):
    """Worlds by what goes wrong in them."""

    CALM = "calm"
    REBALANCE = "rebalance"
    STANDSTILL = "standstill"
    CRASH = "crash"
    NETWORK = "network"
    POISON = "poison"
    CHAOS = "chaos"

    @property
    def strict(self) -> bool:
        """Whether nothing that happens there excuses a call that does not end well."""
        return self in (Profile.CALM, Profile.REBALANCE, Profile.STANDSTILL)


SHARES = {
    Profile.CALM: 5,
    Profile.REBALANCE: 10,
    Profile.STANDSTILL: 5,
    Profile.CRASH: 20,
    Profile.NETWORK: 20,
    Profile.POISON: 10,
    Profile.CHAOS: 30,
}


@dataclass(frozen=True, slots=True)
class Rates:
    """How often something happens, in times a minute."""

    rebalance: float = 0.0
    deploy: float = 0.0
    kill_server: float = 0.0
    kill_client: float = 0.0
    cut: float = 0.0
    freeze: float = 0.0
    outage: float = 0.0
    suspend: float = 0.0
    stray: float = 0.0
    poisons: int = 0
    luck: Luck | None = None


_RATES = {
    Profile.CALM: Rates(),
    Profile.REBALANCE: Rates(rebalance=30.0, deploy=6.0),
    Profile.STANDSTILL: Rates(suspend=9.0),
    Profile.CRASH: Rates(rebalance=4.0, kill_server=12.0, kill_client=4.0, stray=6.0),
    Profile.NETWORK: Rates(
        rebalance=3.0, cut=12.0, freeze=6.0, outage=9.0, luck=Luck(0.05, 0.02, 0.01, 0.05)
    ),
    Profile.POISON: Rates(rebalance=2.0, stray=6.0, poisons=2),
    Profile.CHAOS: Rates(
        rebalance=8.0,
        deploy=3.0,
        kill_server=6.0,
        kill_client=3.0,
        cut=6.0,
        freeze=4.0,
        outage=4.0,
        stray=6.0,
        luck=Luck(0.05, 0.02, 0.01, 0.05),
    ),
}


class Breakable(Protocol):
    """What can go wrong in a world; each chooses by itself whom it befalls."""

    def rebalance(self) -> None:
        """Partitions move between members."""

    def deploy(self) -> None:
        """A server is replaced, in order."""

    def kill_server(self) -> None:
        """A server is killed."""

    def kill_client(self) -> None:
        """A client is killed."""

    def cut(self, seconds: float) -> None:
        """A process reaches no brokers."""

    def freeze(self, seconds: float) -> None:
        """A process stands still."""

    def outage(self, seconds: float) -> None:
        """Partitions cannot be reached by anyone."""

    def suspend(self, seconds: float) -> None:
        """Everything but the brokers stands still."""

    def stray(self) -> None:
        """A record comes that nobody of the lane wrote."""


def profile_of(chance: Random) -> Profile:
    """The profile of a world that was not given one."""
    return chance.choices(list(SHARES), list(SHARES.values()))[0]


def poisons_of(profile: Profile) -> int:
    """How many calls kill their servers."""
    return _RATES[profile].poisons


def luck_of(profile: Profile) -> Luck:
    """What becomes of batches while things go wrong."""
    return _RATES[profile].luck or Luck()


def arrange(
    chance: Random,
    profile: Profile,
    seconds: float,
    world: Breakable,
    after: Callable[[float, Callable[[], None]], None],
) -> None:
    """Have things go wrong in the next so many seconds."""
    rates = _RATES[profile]

    def lasting(happen: Callable[[float], None], longest: float) -> Callable[[], None]:
        # Most pass before anyone misses anything, some last past every session.
        drawn = chance.random() ** 2 * longest + 0.05
        return lambda: happen(drawn)

    happenings: list[tuple[float, Callable[[], Callable[[], None]]]] = [
        (rates.rebalance, lambda: world.rebalance),
        (rates.deploy, lambda: world.deploy),
        (rates.kill_server, lambda: world.kill_server),
        (rates.kill_client, lambda: world.kill_client),
        (rates.cut, lambda: lasting(world.cut, 12.0)),
        (rates.freeze, lambda: lasting(world.freeze, 8.0)),
        (rates.outage, lambda: lasting(world.outage, 36.0)),
        (rates.suspend, lambda: lasting(world.suspend, 25.0)),
        (rates.stray, lambda: world.stray),
    ]
    for rate, make in happenings:
        at = chance.expovariate(rate / 60.0) if rate else seconds
        while at < seconds:
            after(at, make())
            at += chance.expovariate(rate / 60.0)
