"""From a saved file to the parts that run it, in about a second."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from watchfiles import Change, awatch

from local.checkout import Checkout
from local.import_closure import ImportGraph
from local.program import Program
from local.reloading import bytecode, syntax
from local.reloading.effect import effect_of, restarts
from local.reloading.watched_files import is_source
from local.report import Report
from local.supervisor import Supervisor

_SETTLE = 40  # milliseconds without another change complete a batch
_PATIENCE = 400  # milliseconds after which a batch is complete in any case


class Reloading:
    """Watches the checkout, and keeps what runs up to date with it."""

    def __init__(
        self, checkout: Checkout, programs: Sequence[Program], parts: Supervisor, report: Report
    ) -> None:
        self._checkout = checkout
        self._programs = tuple(programs)
        self._parts = parts
        self._report = report
        self._graph = ImportGraph(checkout.source_roots)
        self._closures = self._find_closures()
        self._broken: set[Path] = set()
        self._waiting: set[Path] = set()
        self._made: dict[Path, int] | None = None

    async def run(self) -> None:
        """Follow the files until cancelled; what is saved during the start is taken after it.

        No save waits for a part that hangs at its start: parts restart beside the watch, and a
        batch that comes while steps run begins with them anew.
        """
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(self._take_waiting(group))
            async for paths in _batches(self._checkout.root, self._watched()):
                await self._parts.started.wait()
                taking.cancel()
                await asyncio.wait([taking])
                self._waiting |= {path for path in paths if not path.is_dir()}
                taking = group.create_task(self._take_waiting(group))

    async def _take_waiting(self, restarts: asyncio.TaskGroup) -> None:
        """Take what was saved; where files vanish meanwhile, the next batch is taken with it."""
        paths = frozenset(self._waiting)
        try:
            names = await self._take(paths) if paths else ()
        except OSError as error:
            self._report.say(f"not reloaded yet, the next save tries again: {error}")
            return
        self._waiting -= paths
        if names:
            restarts.create_task(self._restart(names, _because(paths)))

    async def _take(self, changed: frozenset[Path]) -> Sequence[str]:
        """Do what these saved files ask for; gives the services that are to be started again."""
        if self._made is None:
            self._made = self._generated()
        because = _because(changed)
        if any(path.is_relative_to(self._checkout.sources / "local") for path in changed):
            self._report.say(f"{because}: the runner itself takes that over at its next start")
        bytecode.forget(changed)
        effect = effect_of(changed, self._programs)
        for step in effect.steps:
            if not await self._parts.run_again(step, because):
                return ()
        for server in effect.reloads:
            await self._parts.reload(server, because)
        made = self._generated()
        generated = _differences(self._made, made)
        bytecode.forget(generated)
        names = self._made_of(changed | generated)
        self._made = made
        return names

    async def _restart(self, names: Sequence[str], because: str) -> None:
        try:
            await self._parts.restart(names, because)
        except OSError as error:
            self._report.say(f"{', '.join(names)} not reloaded: {error}")

    def _made_of(self, changed: frozenset[Path]) -> Sequence[str]:
        owners = {path: owner for path in changed if (owner := self._graph.owner_of(path))}
        old, self._closures = self._closures, self._find_closures()
        both = {name: files | self._closures[name] for name, files in old.items()}
        touched = changed | self._broken
        errors = syntax.errors(touched)
        self._broken = set(errors)
        held = restarts(self._broken, both, owners)
        names = [name for name in restarts(touched, both, owners) if name not in held]
        if held:
            found = "\n".join(errors.values())
            self._report.say(f"not reloaded, {', '.join(held)} would not start:\n{found}")
        return names

    def _find_closures(self) -> dict[str, frozenset[Path]]:
        return {
            program.name: self._graph.closure(program.module)
            for program in self._programs
            if program.module is not None
        }

    def _watched(self) -> list[Path]:
        checkout = self._checkout
        tops = (checkout.sources, checkout.protos, checkout.nginx)
        return [top for top in tops if top.is_dir()]

    def _generated(self) -> dict[Path, int]:
        modules = self._checkout.codegen.rglob("*.py")
        return {path: path.stat().st_mtime_ns for path in modules}


def _differences(before: dict[Path, int], after: dict[Path, int]) -> set[Path]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def _because(changed: Iterable[Path]) -> str:
    names = sorted(path.name for path in changed)
    more = f" and {len(names) - 2} more" if len(names) > 3 else ""  # noqa: PLR2004  # three still fit
    return f"{', '.join(names[:2] if more else names)}{more} changed"


async def _batches(root: Path, tops: Sequence[Path]) -> AsyncIterator[set[Path]]:
    def wanted(_change: Change, path: str) -> bool:
        return is_source(Path(path), root)

    watching = awatch(*tops, watch_filter=wanted, debounce=_PATIENCE, step=_SETTLE)
    async for batch in watching:
        yield {Path(path) for _change, path in batch}
