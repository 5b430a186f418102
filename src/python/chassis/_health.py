"""Health that is true: every answer asks the parts that the service stands on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

type Probe = Callable[[], Awaitable[None]]
"""Returns when the part works; raises an exception that says why when it does not."""

PROBE_TIMEOUT = 2.0  # seconds; less than any caller's patience


@dataclass(frozen=True)
class Report:
    """What the parts answered: "ok", or what is wrong, by the part's name."""

    checks: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether every part works."""
        return all(answer == "ok" for answer in self.checks.values())


class Health:
    """The parts of one process that must work for it to be of use."""

    def __init__(self) -> None:
        self._probes: dict[str, Probe] = {}

    def add(self, name: str, probe: Probe) -> None:
        """Make the process's health depend on this part.

        Raises:
            ValueError: there is a part of this name already.
        """
        if name in self._probes:
            raise ValueError(f"there is a health probe named {name!r} already")
        self._probes[name] = probe

    async def check(self) -> Report:
        """Ask all parts at once; takes at most `PROBE_TIMEOUT` seconds."""
        answers = await asyncio.gather(*(self._ask(probe) for probe in self._probes.values()))
        return Report(dict(zip(self._probes, answers, strict=True)))

    async def _ask(self, probe: Probe) -> str:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                await probe()
        except TimeoutError:
            return f"no answer within {PROBE_TIMEOUT:g} s"
        except Exception as error:  # noqa: BLE001  # whatever a part raises is its way to say that it is ill
            return f"{type(error).__name__}: {error}"
        return "ok"
