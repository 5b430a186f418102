"""From the options to a running system: owns the checkout, then hands over to a session."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local import environment, system
from local.birth import birth_of
from local.checkout import Checkout
from local.developer.serving import serve
from local.errors import StateError
from local.guard_process import guarded
from local.journal import Journal
from local.liveness import Liveness
from local.lock import owning
from local.options import Options
from local.part import Surroundings
from local.port_block import PortBlock, RememberedPort
from local.port_check import require_free
from local.program import Program
from local.record import Entry, Record, Run
from local.reloading.watch import Reloading
from local.report import Report, summary
from local.reset import reset
from local.session import Company, Session
from local.supervisor import Supervisor
from local.warmth import Warmth

type Plan = Callable[[Checkout, PortBlock, Options], list[Program]]
"""Says what is run for a checkout."""


def run(options: Options, report: Report, plan: Plan = system.programs) -> int:
    """Run the system of a checkout until it is told to stop; gives the exit code.

    Args:
        options: What the command line asks for.
        report: Is told what happens.
        plan: What is run.

    Raises:
        LocalError: it cannot be run.
    """
    checkout = Checkout.find(options.root)
    checkout.make_state()
    record = checkout.record()
    with _held(checkout.state), owning(checkout.state / "lock", record) as (lock, ended):
        _tell_leftovers(ended, report)
        if options.reset:
            _reset(checkout, options, report)
        remembered = RememberedPort(checkout.state / "port")
        ports = PortBlock(options.port or remembered.load())
        programs = plan(checkout, ports, options)
        listening = {program.name: program.port for program in programs if program.port}
        require_free(ports.base, {**listening, "developer": ports.developer})
        if options.port is not None:
            remembered.save(options.port)
        return asyncio.run(
            _run_programs(checkout, programs, ports, options, report, record=record, lock=lock)
        )


@contextmanager
def _held(state: Path) -> Iterator[None]:
    """Say of what data this user may not use it: a run by root may have left some."""
    try:
        yield
    except PermissionError as error:
        if error.filename is None or not Path(error.filename).is_relative_to(state):
            raise
        raise StateError(Path(error.filename), error.strerror or "") from error


async def _run_programs(
    checkout: Checkout,
    programs: Sequence[Program],
    ports: PortBlock,
    options: Options,
    report: Report,
    *,
    record: Record,
    lock: int,
) -> int:
    """Run these programs for a checkout that is owned; gives the exit code."""
    url = f"http://127.0.0.1:{ports.nginx}"
    record.save(Run(os.getpid(), birth_of(os.getpid()), url))
    env = environment.base(os.environ, checkout.source_roots)
    journal = Journal(checkout.state / "logs")
    around = Surroundings(checkout.root, env, record, journal, {}, follows_saves=options.watch)
    parts = Supervisor(programs, around, report)
    following: dict[str, Company] = {
        "the watch over files": Reloading(checkout, programs, parts, report).run,
        "the warming up": Warmth(parts.parts.values(), parts.started).run,
    }
    session = Session(
        parts,
        report,
        companions={
            "the developer page": lambda: serve(parts, ports.developer, {"site": url}),
            "the look after health": Liveness(parts.parts.values(), report).run,
            **(following if options.watch else {}),
        },
        summary=summary({"site": url, "developers": f"http://127.0.0.1:{ports.developer}"}),
        strict=not options.watch,
    )
    guard_log = checkout.state / "logs" / "guard.log"
    async with guarded(checkout.state / "run.json", guard_log, lock=lock, env=env):
        code = await session.run()
    journal.close()
    record.remove()
    return code


def _tell_leftovers(ended: Sequence[Entry], report: Report) -> None:
    if ended:
        names = ", ".join(f"{entry.name} ({entry.pid})" for entry in ended)
        report.say(f"ended what a killed run had left: {names}")


def _reset(checkout: Checkout, options: Options, report: Report) -> None:
    for line in reset(checkout.state):
        report.say(line)
    if options.postgres:
        report.say("the data in the PostgreSQL that was named is not deleted")
